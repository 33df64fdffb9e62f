"""Which events a command brings about.

`decide` is pure and is the only place that refuses. Guards come first;
consequences are judged on the state that the command's own event leads to. Nothing
to do is an empty answer.
"""

from collections import Counter
from datetime import datetime
from typing import assert_never

from plangate.domain.claims import claim_next_task, release_task, renew_lease, require_claim
from plangate.domain.commands import (
    ApproveGate,
    ArchivePlan,
    ClaimNextTask,
    CreatePlan,
    DeletePlan,
    ErasePlan,
    MarkTask,
    PausePlan,
    PlanCommand,
    RecordOutcome,
    RecordScoringFailure,
    ReleaseTask,
    RenewLease,
    RestorePlan,
    ResumePlan,
    RetractScore,
    RetryTask,
    RevisePlan,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.dependencies import require_sound
from plangate.domain.errors import (
    InvalidInput,
    InvalidScore,
    PlanExists,
    PlanHeld,
    PlanNotFound,
    Problem,
    ScoreNotFound,
)
from plangate.domain.events import (
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskScored,
)
from plangate.domain.plan import Plan, evolve
from plangate.domain.replanning import approve, planned, retry, revise
from plangate.domain.task import Task
from plangate.domain.vocabulary import (
    OutOfRange,
    ScoreKind,
    StatusCause,
    TaskStatus,
)

_OnALivingPlan = (
    ScorePrompt
    | ScoreOutput
    | UpdateScores
    | RecordScoringFailure
    | RetractScore
    | MarkTask
    | ClaimNextTask
    | RenewLease
    | ReleaseTask
    | RetryTask
    | ApproveGate
    | RevisePlan
    | PausePlan
    | ResumePlan
)


def decide(plan: Plan, command: PlanCommand, now: datetime) -> list[PlanEvent]:
    """The events that grant `command` at time `now`; raises one of `domain.errors`."""
    if isinstance(command, CreatePlan):
        return _create(plan, command, now)
    if isinstance(command, DeletePlan):
        return [PlanDeleted(at=now, reason=command.reason)] if plan.exists else []
    if isinstance(command, ErasePlan):
        return _erase(plan, now)
    plan.require_alive()
    if isinstance(command, ArchivePlan | RestorePlan):
        return _archive_or_restore(plan, command, now)
    if isinstance(command, RecordOutcome):
        return _record_outcome(plan, command, now)
    if plan.archived:
        raise PlanHeld(plan.plan_id, "is archived", "restore it to go on")
    return _decide_on_a_living_plan(plan, command, now)


def _decide_on_a_living_plan(  # noqa: C901, PLR0912  (one branch a command)
    plan: Plan, command: _OnALivingPlan, now: datetime
) -> list[PlanEvent]:
    match command:
        case ScorePrompt():
            return [_scored(plan, command, ScoreKind.PROMPT, command.score, now)]
        case ScoreOutput():
            return _score_output(plan, command, command.score, now)
        case UpdateScores():
            return _update_scores(plan, command, now)
        case RecordScoringFailure():
            return _record_scoring_failure(plan, command, now)
        case RetractScore():
            return _retract_score(plan, command, now)
        case MarkTask():
            return _mark_task(plan, command, now)
        case ClaimNextTask():
            return claim_next_task(plan, command, now)
        case RenewLease():
            return renew_lease(plan, command, now)
        case ReleaseTask():
            return release_task(plan, command, now)
        case RetryTask():
            return retry(plan, command, now)
        case ApproveGate():
            return approve(plan, command, now)
        case RevisePlan():
            return revise(plan, command, now)
        case PausePlan():
            return [] if plan.paused else [PlanPaused(at=now, reason=command.reason)]
        case ResumePlan():
            return [PlanResumed(at=now, reason=command.reason)] if plan.paused else []
        case _:
            assert_never(command)


def _create(plan: Plan, command: CreatePlan, now: datetime) -> list[PlanEvent]:
    if plan.version:
        raise PlanExists(plan.plan_id)
    times = Counter(task.id for task in command.tasks)
    repeated = [task_id for task_id, count in times.items() if count > 1]
    if repeated:
        problem = f"task ids must differ; given more than once: {', '.join(repeated)}"
        raise InvalidInput([Problem("tasks", problem)])
    require_sound({task.id: task.depends_on for task in command.tasks})
    return [
        PlanCreated(
            at=now,
            goal=command.goal,
            tasks=tuple(planned(task) for task in command.tasks),
            policy=command.policy.whole(),
            metadata=command.metadata or None,
            priority=command.priority or None,
            labels=command.labels or None,
        )
    ]


def _erase(plan: Plan, now: datetime) -> list[PlanEvent]:
    """Whoever may ask for it may ask at any time: an archived or deleted plan has a history too."""
    if not plan.version:
        raise PlanNotFound(plan.plan_id)
    return [PlanErased(at=now)]


def _archive_or_restore(
    plan: Plan, command: ArchivePlan | RestorePlan, now: datetime
) -> list[PlanEvent]:
    if isinstance(command, ArchivePlan):
        return [] if plan.archived else [PlanArchived(at=now, reason=command.reason)]
    return [PlanRestored(at=now, reason=command.reason)] if plan.archived else []


def _score_output(
    plan: Plan, command: ScoreOutput | UpdateScores, score: float, now: datetime
) -> list[PlanEvent]:
    scored = _scored(plan, command, ScoreKind.OUTPUT, score, now, mark_done=command.mark_done)
    return [scored, *_consequences(evolve(plan, scored), scored, now)]


def _update_scores(plan: Plan, command: UpdateScores, now: datetime) -> list[PlanEvent]:
    events: list[PlanEvent] = []
    if command.prompt_score is not None:
        events.append(_scored(plan, command, ScoreKind.PROMPT, command.prompt_score, now))
        plan = evolve(plan, events[0])
    if command.output_score is not None:
        events += _score_output(plan, command, command.output_score, now)
    return events


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
    ends_as = TaskStatus.REPLANNING if fires else _settled(plan, task, scored)
    events = task.move(ends_as, StatusCause.SCORED, now)
    if fires:
        events.append(
            ReplanTriggered(
                at=now,
                task_id=task.id,
                rolling_confidence=plan.rolling_confidence,
                threshold=plan.gate.threshold(plan.policy),
            )
        )
    return events


def _settled(plan: Plan, task: Task, scored: TaskScored) -> TaskStatus:
    """Where a task ends by its own confidence, however low the plan's figure is."""
    if not scored.mark_done:
        return task.status
    return TaskStatus.DONE if plan.passes(task) else TaskStatus.FAILED


def _record_scoring_failure(
    plan: Plan, command: RecordScoringFailure, now: datetime
) -> list[PlanEvent]:
    plan.task(command.task_id)
    return [
        ScoringFailed(
            at=now,
            task_id=command.task_id,
            kind=command.kind,
            reason=command.reason,
            scorer=command.scorer,
        )
    ]


def _record_outcome(plan: Plan, command: RecordOutcome, now: datetime) -> list[PlanEvent]:
    """Outcomes come late: to plans that are put away, to tasks that have left the plan."""
    if command.task_id not in plan.retired:
        plan.task(command.task_id)
    return [
        OutcomeRecorded(
            at=now,
            task_id=command.task_id,
            outcome=command.outcome,
            source=command.source,
            note=command.note,
        )
    ]


def _retract_score(plan: Plan, command: RetractScore, now: datetime) -> list[PlanEvent]:
    found = plan.standing(command.event_id)
    if found is None:
        raise ScoreNotFound(plan.plan_id, command.event_id)
    task, kind = found
    return [
        ScoreRetracted(
            at=now, task_id=task.id, kind=kind, event_id=command.event_id, reason=command.reason
        )
    ]


def _mark_task(plan: Plan, command: MarkTask, now: datetime) -> list[PlanEvent]:
    task = plan.task(command.task_id)
    require_claim(plan, task, command.token, now)
    return task.move(command.status, StatusCause.MARKED, now, command.reason)
