"""From recorded events back to the command that brought them about.

Only what somebody asked for is taken over: scores, claims, marks, revisions. What
followed from it (a status that a score led to, a replan, a claim that had expired,
the attempt that a change began) is left out, to be decided anew. A command that
brought nothing about left no trace. The tokens that workers showed are not
recorded: whoever reported something then is trusted again.
"""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, Final, TypeVar, assert_never, cast

from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.domain.commands import (
    AddTask,
    ApproveGate,
    ArchivePlan,
    Change,
    ChangeTask,
    ClaimNextTask,
    Command,
    CreatePlan,
    DeletePlan,
    DropTask,
    ErasePlan,
    MarkTask,
    MoveTask,
    NewTask,
    PausePlan,
    PlanCommand,
    RecordOutcome,
    RecordScoringFailure,
    ReleaseTask,
    RenewLease,
    ReplaceTask,
    RestorePlan,
    ResumePlan,
    RetractScore,
    RetryTask,
    RevisePlan,
    ScoreOutput,
    ScorePrompt,
    SplitTask,
    UpdateScores,
)
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    LeaseRenewed,
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlannedTask,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
)
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScoreKind, StatusCause

_NO_TASK: Final = ""
"""What a claim names that found nothing to take: no task has this id."""

_ERASED: Final = ""
"""Stands for a description that was given and has been erased since."""

_Command = TypeVar("_Command", bound=Command)


class Unexplained(Exception):
    """No command brings these events about; the argument says why."""


def recover_command(recorded: RecordedCommand) -> PlanCommand:  # noqa: C901, PLR0912  (a branch an event)
    """The command that a recorded command granted; raises `Unexplained` if there can be none."""
    first = recorded.events[0]
    if first.envelope.causation_id is not None:
        raise Unexplained(
            f"it names {first.envelope.causation_id} as its cause, "
            "which does not begin the command before it"
        )
    events = [entry.event for entry in recorded.events]
    event = events[0]
    match event:
        case PlanCreated():
            return _said(
                CreatePlan,
                goal=event.goal,
                tasks=tuple(map(_new, event.tasks)),
                policy=event.policy,
                priority=event.priority or 0,
                labels=event.labels or (),
                metadata=event.metadata or {},
            )
        case TaskScored():
            return _scores(event, events[1:2])
        case ScoringFailed():
            return _said(
                RecordScoringFailure,
                task_id=event.task_id,
                kind=event.kind,
                reason=event.reason,
                scorer=event.scorer,
            )
        case ScoreRetracted():
            return _said(RetractScore, event_id=event.event_id, reason=event.reason)
        case OutcomeRecorded():
            return _said(
                RecordOutcome,
                task_id=event.task_id,
                outcome=event.outcome,
                source=event.source,
                note=event.note,
            )
        case TaskStatusChanged():
            return _move(event, events)
        case LeaseRenewed():
            return _renewal(recorded.before, event)
        case GateApproved():
            return _said(ApproveGate, reason=event.reason)
        case PlanRevised():
            changes = tuple(_changes(events[1:]))
            return _said(RevisePlan, reason=event.reason, changes=changes)
        case AttemptStarted():
            return _said(RetryTask, task_id=event.task_id, reason=event.reason)
        case PlanPaused():
            return _said(PausePlan, reason=event.reason)
        case PlanResumed():
            return _said(ResumePlan, reason=event.reason)
        case PlanArchived():
            return _said(ArchivePlan, reason=event.reason)
        case PlanRestored():
            return _said(RestorePlan, reason=event.reason)
        case PlanDeleted():
            return _said(DeletePlan, reason=event.reason)
        case PlanErased():
            return ErasePlan()
        case (
            ReplanTriggered()
            | TaskAdded()
            | TaskChanged()
            | TaskMoved()
            | TaskDropped()
            | TaskSplit()
            | TaskReplaced()
        ):
            raise Unexplained("no command begins with such an event")
        case _:
            assert_never(event)


def _said(command: type[_Command], **facts: Any) -> _Command:
    """A command made of recorded facts: what was accepted once is not held to today's bounds."""
    return cast("_Command", command.model_construct(set(facts), **facts))


def _new(task: PlannedTask) -> NewTask:
    return _said(
        NewTask,
        id=task.id,
        title=task.title,
        description=task.description or "",
        depends_on=task.depends_on or (),
        priority=task.priority,
        labels=task.labels or (),
        metadata=task.metadata or {},
    )


def _scores(event: TaskScored, following: Sequence[PlanEvent]) -> PlanCommand:
    judged: dict[str, Any] = {
        "task_id": event.task_id,
        "scorer": event.scorer,
        "rationale": event.rationale,
        "evidence": event.evidence,
    }
    if event.kind is ScoreKind.OUTPUT:
        return _said(ScoreOutput, score=_given(event), mark_done=event.mark_done, **judged)
    for other in following:
        if isinstance(other, TaskScored):
            return _said(
                UpdateScores,
                prompt_score=_given(event),
                output_score=_given(other),
                mark_done=other.mark_done,
                **judged,
            )
    return _said(ScorePrompt, score=_given(event), **judged)


def _given(event: TaskScored) -> float:
    if event.raw_score is None:
        return event.score
    if not isfinite(event.raw_score):
        raise Unexplained(f"nobody can give the score {event.raw_score}")
    return event.raw_score


def _move(event: TaskStatusChanged, events: Sequence[PlanEvent]) -> PlanCommand:
    match event.cause:
        case StatusCause.CLAIMED | StatusCause.EXPIRED:
            return _claim(events)
        case StatusCause.MARKED:
            return _said(MarkTask, task_id=event.task_id, status=event.new, reason=event.reason)
        case StatusCause.RELEASED:
            return _said(ReleaseTask, task_id=event.task_id, reason=event.reason)
        case StatusCause.SCORED | StatusCause.REVISED | StatusCause.RETRIED:
            raise Unexplained(f"a status is {event.cause} only as part of another command")
        case _:
            assert_never(event.cause)


def _claim(events: Sequence[PlanEvent]) -> ClaimNextTask:
    for event in events:
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            until = event.lease_until
            lease = None if until is None else (until - event.at).total_seconds()
            _require_time(lease)
            return _said(ClaimNextTask, worker=event.worker, lease=lease, task_id=event.task_id)
    return _said(ClaimNextTask, task_id=_NO_TASK)


def _renewal(before: Plan, event: LeaseRenewed) -> RenewLease:
    task = before.tasks.get(event.task_id)
    token = task.claim.token if task and task.claim else None
    lease = (event.lease_until - event.at).total_seconds()
    _require_time(lease)
    return _said(RenewLease, task_id=event.task_id, token=token, lease=lease)


def _require_time(lease: float | None) -> None:
    if lease is not None and lease <= 0:
        raise Unexplained("its lease ends before it begins")


def _changes(events: Sequence[PlanEvent]) -> Iterator[Change]:
    """What a revision changed. An attempt that no change began stands for a bare one."""
    described: TaskChanged | None = None
    for event in events:
        match event:
            case TaskAdded():
                yield _said(AddTask, task=_new(event.task), before=event.before)
            case TaskChanged():
                yield _described(event)
            case TaskMoved():
                yield _said(MoveTask, task_id=event.task_id, before=event.before)
            case TaskDropped():
                yield _said(DropTask, task_id=event.task_id)
            case TaskSplit():
                into = tuple(map(_new, event.into))
                yield _said(SplitTask, task_id=event.task_id, into=into)
            case TaskReplaced():
                yield _said(ReplaceTask, task_id=event.task_id, by=_new(event.by))
            case AttemptStarted() if described is None or described.task_id != event.task_id:
                yield _said(ChangeTask, task_id=event.task_id)
            case _:
                pass
        described = event if isinstance(event, TaskChanged) else None


def _described(event: TaskChanged) -> ChangeTask:
    said = {
        name: value
        for name in ("title", "description", "metadata", "depends_on", "priority", "labels")
        if (value := getattr(event, name)) is not None
    }
    return _said(ChangeTask, task_id=event.task_id, **(said or {"description": _ERASED}))
