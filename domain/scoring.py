"""What a score brings about: the status of its task, and whether the gate fires."""

from datetime import datetime, timedelta
from typing import Final

from plangate.domain.claims import require_claim
from plangate.domain.commands import RetractScore, ScoreOutput, ScorePrompt, UpdateScores
from plangate.domain.errors import InvalidInput, InvalidScore, Problem, ScoreNotFound
from plangate.domain.events import PlanEvent, ReplanTriggered, ScoreRetracted, TaskScored
from plangate.domain.granted import Granted
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import (
    OutOfRange,
    ScaledScorer,
    ScoreKind,
    Scorer,
    StatusCause,
    TaskStatus,
)

CLOCK_ERROR: Final = timedelta(minutes=5)
"""How far the clock of a caller may be ahead."""


def score_prompt(plan: Plan, command: ScorePrompt, now: datetime) -> list[PlanEvent]:
    """A prompt score changes no status and never fires the gate."""
    return [_scored(plan, command, ScoreKind.PROMPT, command.score, now)]


def score_output(plan: Plan, command: ScoreOutput, now: datetime) -> Granted:
    """An output score may settle its task and fire the gate."""
    return _score_output(Granted([], plan), command, command.score, now)


def update_scores(plan: Plan, command: UpdateScores, now: datetime) -> Granted:
    """The prompt score counts before the output score is judged."""
    granted = Granted([], plan)
    if command.prompt_score is not None:
        scored = _scored(plan, command, ScoreKind.PROMPT, command.prompt_score, now)
        granted = granted.then(scored)
    if command.output_score is not None:
        granted = _score_output(granted, command, command.output_score, now)
    return granted


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


def judge(scorer: Scorer | None) -> Scorer | None:
    """Who judged, as it is recorded: the scale belongs to the score."""
    return scorer.judge if isinstance(scorer, ScaledScorer) else scorer


def past(occurred_at: datetime | None, now: datetime) -> datetime | None:
    """When something happened; raises `InvalidInput` for a time to come, clocks' errors aside."""
    if occurred_at is not None and occurred_at - now > CLOCK_ERROR:
        problem = f"{occurred_at.isoformat()} is still to come; it is {now.isoformat()} now"
        raise InvalidInput([Problem("occurred_at", problem)])
    return occurred_at


def _score_output(
    granted: Granted, command: ScoreOutput | UpdateScores, score: float, now: datetime
) -> Granted:
    plan, mark_done = granted.plan, command.mark_done
    scored = _scored(plan, command, ScoreKind.OUTPUT, score, now, mark_done=mark_done)
    judged = granted.then(scored)
    return Granted([*judged.events, *_consequences(judged.plan, scored, now)], judged.plan)


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
    low, high = command.stated_scale or (0.0, 1.0)
    if not low <= given <= high and plan.policy.out_of_range is OutOfRange.REFUSE:
        field = f"{kind}_score" if isinstance(command, UpdateScores) else "score"
        problem = (
            f"{given!r} is outside [{low:g}, {high:g}], and the plan's policy refuses such scores"
        )
        raise InvalidScore([Problem(field, problem)])
    score = min(max((given - low) / (high - low), 0.0), 1.0)
    return TaskScored(
        at=now,
        task_id=command.task_id,
        kind=kind,
        score=score,
        raw_score=given if command.stated_scale or given != score else None,
        scale=command.stated_scale,
        mark_done=mark_done,
        scorer=judge(command.scorer),
        rationale=command.rationale,
        evidence=command.evidence,
        occurred_at=past(command.occurred_at, now),
    )


def _consequences(plan: Plan, scored: TaskScored, now: datetime) -> list[PlanEvent]:
    """What follows from an output score, judged on the plan in which it counts.

    While more judges must score it, a finished task stays or becomes in progress.
    """
    task = plan.task(scored.task_id)
    if task.missing_judges:
        waits = scored.mark_done and task.status is TaskStatus.PENDING
        return task.move(TaskStatus.IN_PROGRESS, StatusCause.SCORED, now) if waits else []
    settled = scored.mark_done and plan.passes(task)
    fires = plan.gate_fires(done=task.id if settled else None)
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
