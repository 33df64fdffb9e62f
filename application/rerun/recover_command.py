"""Recover the command that led to recorded events.

Only what a caller asked for is taken over: scores, claims, marks, revisions. Consequences
(a status after a score, a replan, an expired claim, the attempt after a change) are left
out and decided anew. Worker tokens are not recorded, so every recorded report is trusted.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any, Final, TypeVar, assert_never, cast

from plangate.application.recorded_event import RecordedEvent
from plangate.domain import commands, events
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_LEASE_SECONDS, DeferralEnd, ScoreKind, StatusCause

_NO_TASK: Final = ""
"""The task of a claim that found none to take; no task has this id."""

_ERASED: Final = ""
"""Replaces a description that was given and has been erased since."""

_CHANGED: Final = ("title", "description", "metadata", "depends_on", "priority", "labels")

_Command = TypeVar("_Command", bound=commands.Command)


class Unexplained(Exception):
    """No command leads to these events; the argument says why."""


def recover_command(  # noqa: C901, PLR0912  (a branch an event)
    before: Plan, recorded: Sequence[RecordedEvent]
) -> commands.PlanCommand:
    """The command that led to recorded events; raises `Unexplained` if none can have."""
    first = recorded[0]
    if first.envelope.causation_id is not None:
        raise Unexplained(
            f"it names {first.envelope.causation_id} as its cause, "
            "which does not begin the command before it"
        )
    event, *following = (entry.event for entry in recorded)
    match event:
        case events.PlanCreated():
            return _made(
                commands.CreatePlan,
                event,
                tasks=tuple(map(_new, event.tasks)),
                priority=event.priority or 0,
                labels=event.labels or (),
                metadata=event.metadata or {},
            )
        case events.TaskScored():
            return _scores(event, following[:1])
        case events.ScoringFailed():
            return _made(commands.RecordScoringFailure, event)
        case events.ScoreRetracted():
            return _made(commands.RetractScore, event)
        case events.OutcomeRecorded():
            return _made(commands.RecordOutcome, event)
        case events.TaskStatusChanged():
            return _move(event, following)
        case events.TaskDeferred():
            return _made(commands.DeferTask, event)
        case events.TaskUndeferred():
            if event.cause is DeferralEnd.EXPIRED:
                return _claim((event, *following))
            return _made(commands.UndeferTask, event)
        case events.LeaseRenewed():
            return _renewal(before, event)
        case events.GateApproved():
            return _made(commands.ApproveGate, event)
        case events.PlanRevised():
            changes = tuple(_changes(following))
            return _made(commands.RevisePlan, event, changes=changes)
        case events.AttemptStarted():
            return _made(commands.RetryTask, event)
        case events.PlanPaused():
            return _made(commands.PausePlan, event)
        case events.PlanResumed():
            return _made(commands.ResumePlan, event)
        case events.PlanArchived():
            return _made(commands.ArchivePlan, event)
        case events.PlanRestored():
            return _made(commands.RestorePlan, event)
        case events.PlanDeleted():
            return _made(commands.DeletePlan, event)
        case events.PlanErased():
            return commands.ErasePlan()
        case (
            events.ReplanTriggered()
            | events.TaskAdded()
            | events.TaskChanged()
            | events.TaskMoved()
            | events.TaskDropped()
            | events.TaskSplit()
            | events.TaskReplaced()
        ):
            raise Unexplained("no command begins with such an event")
        case _:
            assert_never(event)


def _made(
    command: type[_Command], recorded: events.PlanEvent | events.PlannedTask, **others: Any
) -> _Command:
    """Build a command from the recorded fields that it has too, and from others.

    Today's bounds need not allow what was recorded.
    """
    shared = _shared_fields(command, type(recorded))
    values = {name: getattr(recorded, name) for name in shared} | others
    return cast("_Command", command.model_construct(set(values), **values))


@cache
def _shared_fields(
    command: type[commands.Command], recorded: type[events.PlanEvent | events.PlannedTask]
) -> tuple[str, ...]:
    return tuple(name for name in command.model_fields if name in recorded.model_fields)


def _new(task: events.PlannedTask) -> commands.NewTask:
    return _made(
        commands.NewTask,
        task,
        description=task.description or "",
        depends_on=task.depends_on or (),
        labels=task.labels or (),
        metadata=task.metadata or {},
    )


def _scores(
    event: events.TaskScored, following: Sequence[events.PlanEvent]
) -> commands.PlanCommand:
    score = _given_score(event)
    if event.kind is ScoreKind.OUTPUT:
        return _made(commands.ScoreOutput, event, score=score)
    for other in following:
        if isinstance(other, events.TaskScored):
            return _made(
                commands.UpdateScores,
                event,
                prompt_score=score,
                output_score=_given_score(other),
                mark_done=other.mark_done,
            )
    return _made(commands.ScorePrompt, event, score=score)


def _given_score(event: events.TaskScored) -> float:
    if event.raw_score is None:
        return event.score
    if not isfinite(event.raw_score):
        raise Unexplained(f"{event.raw_score} is not a score that a command can give")
    return event.raw_score


def _move(
    event: events.TaskStatusChanged, following: Sequence[events.PlanEvent]
) -> commands.PlanCommand:
    match event.cause:
        case StatusCause.CLAIMED | StatusCause.EXPIRED:
            return _claim((event, *following))
        case StatusCause.MARKED:
            return _made(commands.MarkTask, event, status=event.new)
        case StatusCause.RELEASED:
            return _made(commands.ReleaseTask, event)
        case StatusCause.SCORED | StatusCause.REVISED | StatusCause.RETRIED | StatusCause.APPROVED:
            raise Unexplained(f"a status is {event.cause} only as part of another command")
        case _:
            assert_never(event.cause)


def _claim(recorded: Sequence[events.PlanEvent]) -> commands.ClaimNextTask:
    for event in recorded:
        if isinstance(event, events.TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            lease = None if event.lease_until is None else _lease(event.at, event.lease_until)
            return _made(commands.ClaimNextTask, event, lease=lease)
    return commands.ClaimNextTask.model_construct({"task_id"}, task_id=_NO_TASK)


def _renewal(before: Plan, event: events.LeaseRenewed) -> commands.RenewLease:
    task = before.tasks.get(event.task_id)
    token = task.claim.token if task and task.claim else None
    lease = _lease(event.at, event.lease_until)
    return _made(commands.RenewLease, event, token=token, lease=lease)


def _lease(begin: datetime, end: datetime) -> float:
    if end <= begin:
        raise Unexplained("its lease ends before it begins")
    lease = (end - begin).total_seconds()
    if lease > MAX_LEASE_SECONDS:
        raise Unexplained("its lease is longer than a command can give")
    return lease


def _changes(  # noqa: C901  (a branch an event)
    following: Sequence[events.PlanEvent],
) -> Iterator[commands.Change]:
    """The changes of a revision; an attempt without a change of its task is an empty change."""
    changed: str | None = None
    for event in following:
        match event:
            case events.TaskAdded():
                yield _made(commands.AddTask, event, task=_new(event.task))
            case events.TaskChanged():
                yield _change(event)
            case events.TaskMoved():
                yield _made(commands.MoveTask, event)
            case events.TaskDropped():
                yield _made(commands.DropTask, event)
            case events.TaskSplit():
                into = tuple(map(_new, event.into))
                yield _made(commands.SplitTask, event, into=into)
            case events.TaskReplaced():
                yield _made(commands.ReplaceTask, event, by=_new(event.by))
            case events.AttemptStarted():
                if changed != event.task_id:
                    yield _made(commands.ChangeTask, event)
            case (
                events.PlanCreated()
                | events.TaskScored()
                | events.ScoringFailed()
                | events.ScoreRetracted()
                | events.OutcomeRecorded()
                | events.TaskStatusChanged()
                | events.TaskDeferred()
                | events.TaskUndeferred()
                | events.LeaseRenewed()
                | events.ReplanTriggered()
                | events.GateApproved()
                | events.PlanRevised()
                | events.PlanPaused()
                | events.PlanResumed()
                | events.PlanArchived()
                | events.PlanRestored()
                | events.PlanDeleted()
                | events.PlanErased()
            ):
                pass  # consequences, or events that no revision has
            case _:
                assert_never(event)
        changed = event.task_id if isinstance(event, events.TaskChanged) else None


def _change(event: events.TaskChanged) -> commands.ChangeTask:
    given = {name: value for name in _CHANGED if (value := getattr(event, name)) is not None}
    values = {"task_id": event.task_id} | (given or {"description": _ERASED})
    return commands.ChangeTask.model_construct(set(values), **values)
