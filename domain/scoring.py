"""What a score brings about: the status of its task, and whether the gate fires."""

from datetime import datetime

from plangate.domain.claims import require_claim
from plangate.domain.commands import RetractScore, ScoreOutput, ScorePrompt, UpdateScores
from plangate.domain.errors import InvalidScore, Problem, ScoreNotFound
from plangate.domain.events import PlanEvent, ReplanTriggered, ScoreRetracted, TaskScored
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import OutOfRange, ScoreKind, StatusCause, TaskStatus


def score_prompt(plan: Plan, command: ScorePrompt, now: datetime) -> list[PlanEvent]:
    """A prompt score changes no status and never fires the gate."""
    return [_scored(plan, command, ScoreKind.PROMPT, command.score, now)]


def score_output(plan: Plan, command: ScoreOutput, now: datetime) -> list[PlanEvent]:
    """An output score may settle its task and fire the gate."""
    return _score_output(plan, command, command.score, now)


def update_scores(plan: Plan, command: UpdateScores, now: datetime) -> list[PlanEvent]:
    """The prompt score counts before the output score is judged."""
    decided: list[PlanEvent] = []
    if command.prompt_score is not None:
        scored = _scored(plan, command, ScoreKind.PROMPT, command.prompt_score, now)
        decided.append(scored)
        plan = evolve(plan, scored)
    if command.output_score is not None:
        decided += _score_output(plan, command, command.output_score, now)
    return decided


def retract_score(plan: Plan, command: RetractScore, now: datetime) -> list[PlanEvent]:
    """Raise `ScoreNotFound` for a score that is unknown or was retracted before."""
    found = plan.find_score(command.event_id)
    if found is None:
        raise ScoreNotFound(plan.plan_id, command.event_id)
    task, kind = found
    return [
        ScoreRetracted(
            at=now, task_id=task.id, kind=kind, event_id=command.event_id, reason=command.reason
        )
    ]


def _score_output(
    plan: Plan, command: ScoreOutput | UpdateScores, score: float, now: datetime
) -> list[PlanEvent]:
    scored = _scored(plan, command, ScoreKind.OUTPUT, score, now, mark_done=command.mark_done)
    return [scored, *_consequences(evolve(plan, scored), scored, now)]


def _scored(
    plan: Plan,
    command: ScorePrompt | ScoreOutput | UpdateScores,
    kind: ScoreKind,
    given: float,
    now: datetime,
    *,
    mark_done: bool | None = None,
) -> TaskScored:
    require_claim(plan, plan.task(command.task_id), command.token, now)
    score = min(max(given, 0.0), 1.0)
    if score != given and plan.policy.out_of_range is OutOfRange.REFUSE:
        field = f"{kind}_score" if isinstance(command, UpdateScores) else "score"
        problem = f"{given!r} is outside [0, 1], and the plan's policy refuses such scores"
        raise InvalidScore([Problem(field, problem)])
    return TaskScored(
        at=now,
        task_id=command.task_id,
        kind=kind,
        score=score,
        raw_score=given if given != score else None,
        mark_done=mark_done,
        scorer=command.scorer,
        rationale=command.rationale,
        evidence=command.evidence,
    )


def _consequences(plan: Plan, scored: TaskScored, now: datetime) -> list[PlanEvent]:
    """What follows from an output score, judged on the plan in which it counts."""
    task = plan.task(scored.task_id)
    fires = plan.gate_fires
    if fires:
        status = TaskStatus.REPLANNING
    elif scored.mark_done:
        status = TaskStatus.DONE if plan.passes(task) else TaskStatus.FAILED
    else:
        status = task.status
    decided = task.move(status, StatusCause.SCORED, now)
    if fires:
        decided.append(
            ReplanTriggered(
                at=now,
                task_id=task.id,
                rolling_confidence=plan.rolling_confidence,
                threshold=plan.gate.threshold(plan.policy),
            )
        )
    return decided
