"""Which events a wish brings about.

`decide` is pure and is the only place that refuses. Guards come first;
consequences are judged on the state that the wish's own event leads to. Nothing
to do is an empty answer.
"""

from collections import Counter
from datetime import datetime
from typing import assert_never

from plangate.domain.commands import (
    ClaimNextTask,
    CreatePlan,
    DeletePlan,
    MarkTask,
    NewTask,
    PlanCommand,
    RecordScoringFailure,
    RetractScore,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.errors import (
    InvalidInput,
    InvalidScore,
    PlanExists,
    Problem,
    ScoreNotFound,
)
from plangate.domain.events import (
    PlanCreated,
    PlanDeleted,
    PlanEvent,
    PlannedTask,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskScored,
    TaskStatusChanged,
)
from plangate.domain.plan import Plan, evolve
from plangate.domain.vocabulary import (
    OutOfRange,
    ScoreKind,
    StatusCause,
    TaskStatus,
)


def decide(plan: Plan, wish: PlanCommand, now: datetime) -> list[PlanEvent]:
    """The events that grant `wish` at time `now`; raises one of `domain.errors`."""
    if isinstance(wish, CreatePlan):
        return _create(plan, wish, now)
    if isinstance(wish, DeletePlan):
        return _delete(plan, wish, now)
    plan.require_alive()
    match wish:
        case ScorePrompt():
            return [_scored(plan, wish, ScoreKind.PROMPT, wish.score, now)]
        case ScoreOutput():
            return _score_output(plan, wish, wish.score, now)
        case UpdateScores():
            return _update_scores(plan, wish, now)
        case RecordScoringFailure():
            return _record_scoring_failure(plan, wish, now)
        case RetractScore():
            return _retract_score(plan, wish, now)
        case MarkTask():
            return _moved(plan, wish.task_id, wish.status, StatusCause.MARKED, now, wish.reason)
        case ClaimNextTask():
            return _claim_next_task(plan, now)
        case _:
            assert_never(wish)


def _create(plan: Plan, wish: CreatePlan, now: datetime) -> list[PlanEvent]:
    if plan.version:
        raise PlanExists(plan.plan_id)
    times = Counter(task.id for task in wish.tasks)
    repeated = [task_id for task_id, count in times.items() if count > 1]
    if repeated:
        problem = f"task ids must differ; given more than once: {', '.join(repeated)}"
        raise InvalidInput([Problem("tasks", problem)])
    return [
        PlanCreated(
            at=now,
            goal=wish.goal,
            tasks=tuple(_planned(task) for task in wish.tasks),
            policy=wish.policy.whole(),
            metadata=wish.metadata or None,
        )
    ]


def _delete(plan: Plan, wish: DeletePlan, now: datetime) -> list[PlanEvent]:
    return [PlanDeleted(at=now, reason=wish.reason)] if plan.exists else []


def _score_output(
    plan: Plan, wish: ScoreOutput | UpdateScores, score: float, now: datetime
) -> list[PlanEvent]:
    scored = _scored(plan, wish, ScoreKind.OUTPUT, score, now, mark_done=wish.mark_done)
    return [scored, *_consequences(evolve(plan, scored), scored, now)]


def _update_scores(plan: Plan, wish: UpdateScores, now: datetime) -> list[PlanEvent]:
    events: list[PlanEvent] = []
    if wish.prompt_score is not None:
        events.append(_scored(plan, wish, ScoreKind.PROMPT, wish.prompt_score, now))
        plan = evolve(plan, events[0])
    if wish.output_score is not None:
        events += _score_output(plan, wish, wish.output_score, now)
    return events


def _scored(
    plan: Plan,
    wish: ScorePrompt | ScoreOutput | UpdateScores,
    kind: ScoreKind,
    given: float,
    now: datetime,
    *,
    mark_done: bool | None = None,
) -> TaskScored:
    plan.task(wish.task_id)
    score = min(max(given, 0.0), 1.0)
    if score != given and plan.policy.out_of_range is OutOfRange.REFUSE:
        field = f"{kind}_score" if isinstance(wish, UpdateScores) else "score"
        problem = f"{given!r} is outside [0, 1], and the plan's policy refuses such scores"
        raise InvalidScore([Problem(field, problem)])
    return TaskScored(
        at=now,
        task_id=wish.task_id,
        kind=kind,
        score=score,
        raw_score=given if given != score else None,
        mark_done=mark_done,
        scorer=wish.scorer,
        rationale=wish.rationale,
        evidence=wish.evidence,
    )


def _consequences(plan: Plan, scored: TaskScored, now: datetime) -> list[PlanEvent]:
    """What follows from an output score, judged on the plan in which it counts."""
    task = plan.task(scored.task_id)
    if plan.needs_replan:
        ends_as = TaskStatus.REPLANNING
    elif not scored.mark_done:
        ends_as = task.status
    else:
        ends_as = TaskStatus.DONE if plan.passes(task) else TaskStatus.FAILED
    events = _moved(plan, task.id, ends_as, StatusCause.SCORED, now)
    if plan.needs_replan:
        events.append(
            ReplanTriggered(
                at=now,
                task_id=task.id,
                rolling_confidence=plan.rolling_confidence,
                threshold=plan.policy.confidence_threshold,
            )
        )
    return events


def _record_scoring_failure(
    plan: Plan, wish: RecordScoringFailure, now: datetime
) -> list[PlanEvent]:
    plan.task(wish.task_id)
    return [
        ScoringFailed(
            at=now, task_id=wish.task_id, kind=wish.kind, reason=wish.reason, scorer=wish.scorer
        )
    ]


def _retract_score(plan: Plan, wish: RetractScore, now: datetime) -> list[PlanEvent]:
    found = plan.standing(wish.event_id)
    if found is None:
        raise ScoreNotFound(plan.plan_id, wish.event_id)
    task, kind = found
    return [
        ScoreRetracted(
            at=now, task_id=task.id, kind=kind, event_id=wish.event_id, reason=wish.reason
        )
    ]


def _claim_next_task(plan: Plan, now: datetime) -> list[PlanEvent]:
    for task in plan:
        if task.status is TaskStatus.PENDING:
            return _moved(plan, task.id, TaskStatus.IN_PROGRESS, StatusCause.CLAIMED, now)
    return []


def _planned(task: NewTask) -> PlannedTask:
    return PlannedTask(
        id=task.id,
        title=task.title,
        description=task.description or None,
        metadata=task.metadata or None,
    )


def _moved(
    plan: Plan,
    task_id: str,
    new: TaskStatus,
    cause: StatusCause,
    now: datetime,
    reason: str | None = None,
) -> list[PlanEvent]:
    old = plan.task(task_id).status
    if old is new:
        return []
    return [
        TaskStatusChanged(at=now, task_id=task_id, old=old, new=new, cause=cause, reason=reason)
    ]
