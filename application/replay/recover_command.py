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
from plangate.domain import commands, events
from plangate.domain.commands import PlanCommand
from plangate.domain.events import PlanEvent
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScoreKind, StatusCause

_NO_TASK: Final = ""
"""What a claim names that found nothing to take: no task has this id."""

_ERASED: Final = ""
"""Stands for a description that was given and has been erased since."""

_Command = TypeVar("_Command", bound=commands.Command)


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
    facts = [entry.event for entry in recorded.events]
    event = facts[0]
    match event:
        case events.PlanCreated():
            return _said(
                commands.CreatePlan,
                goal=event.goal,
                tasks=tuple(map(_new, event.tasks)),
                policy=event.policy,
                priority=event.priority or 0,
                labels=event.labels or (),
                metadata=event.metadata or {},
            )
        case events.TaskScored():
            return _scores(event, facts[1:2])
        case events.ScoringFailed():
            return _said(
                commands.RecordScoringFailure,
                task_id=event.task_id,
                kind=event.kind,
                reason=event.reason,
                scorer=event.scorer,
            )
        case events.ScoreRetracted():
            return _said(commands.RetractScore, event_id=event.event_id, reason=event.reason)
        case events.OutcomeRecorded():
            return _said(
                commands.RecordOutcome,
                task_id=event.task_id,
                outcome=event.outcome,
                source=event.source,
                note=event.note,
            )
        case events.TaskStatusChanged():
            return _move(event, facts)
        case events.LeaseRenewed():
            return _renewal(recorded.before, event)
        case events.GateApproved():
            return _said(commands.ApproveGate, reason=event.reason)
        case events.PlanRevised():
            changes = tuple(_changes(facts[1:]))
            return _said(commands.RevisePlan, reason=event.reason, changes=changes)
        case events.AttemptStarted():
            return _said(commands.RetryTask, task_id=event.task_id, reason=event.reason)
        case events.PlanPaused():
            return _said(commands.PausePlan, reason=event.reason)
        case events.PlanResumed():
            return _said(commands.ResumePlan, reason=event.reason)
        case events.PlanArchived():
            return _said(commands.ArchivePlan, reason=event.reason)
        case events.PlanRestored():
            return _said(commands.RestorePlan, reason=event.reason)
        case events.PlanDeleted():
            return _said(commands.DeletePlan, reason=event.reason)
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


def _said(command: type[_Command], **facts: Any) -> _Command:
    """A command made of recorded facts: what was accepted once is not held to today's bounds."""
    return cast("_Command", command.model_construct(set(facts), **facts))


def _new(task: events.PlannedTask) -> commands.NewTask:
    return _said(
        commands.NewTask,
        id=task.id,
        title=task.title,
        description=task.description or "",
        depends_on=task.depends_on or (),
        priority=task.priority,
        labels=task.labels or (),
        metadata=task.metadata or {},
    )


def _scores(event: events.TaskScored, following: Sequence[PlanEvent]) -> PlanCommand:
    judged: dict[str, Any] = {
        "task_id": event.task_id,
        "scorer": event.scorer,
        "rationale": event.rationale,
        "evidence": event.evidence,
    }
    if event.kind is ScoreKind.OUTPUT:
        return _said(commands.ScoreOutput, score=_given(event), mark_done=event.mark_done, **judged)
    for other in following:
        if isinstance(other, events.TaskScored):
            return _said(
                commands.UpdateScores,
                prompt_score=_given(event),
                output_score=_given(other),
                mark_done=other.mark_done,
                **judged,
            )
    return _said(commands.ScorePrompt, score=_given(event), **judged)


def _given(event: events.TaskScored) -> float:
    if event.raw_score is None:
        return event.score
    if not isfinite(event.raw_score):
        raise Unexplained(f"nobody can give the score {event.raw_score}")
    return event.raw_score


def _move(event: events.TaskStatusChanged, facts: Sequence[PlanEvent]) -> PlanCommand:
    match event.cause:
        case StatusCause.CLAIMED | StatusCause.EXPIRED:
            return _claim(facts)
        case StatusCause.MARKED:
            return _said(
                commands.MarkTask, task_id=event.task_id, status=event.new, reason=event.reason
            )
        case StatusCause.RELEASED:
            return _said(commands.ReleaseTask, task_id=event.task_id, reason=event.reason)
        case StatusCause.SCORED | StatusCause.REVISED | StatusCause.RETRIED:
            raise Unexplained(f"a status is {event.cause} only as part of another command")
        case _:
            assert_never(event.cause)


def _claim(facts: Sequence[PlanEvent]) -> commands.ClaimNextTask:
    for event in facts:
        if isinstance(event, events.TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            until = event.lease_until
            lease = None if until is None else (until - event.at).total_seconds()
            _require_time(lease)
            return _said(
                commands.ClaimNextTask, worker=event.worker, lease=lease, task_id=event.task_id
            )
    return _said(commands.ClaimNextTask, task_id=_NO_TASK)


def _renewal(before: Plan, event: events.LeaseRenewed) -> commands.RenewLease:
    task = before.tasks.get(event.task_id)
    token = task.claim.token if task and task.claim else None
    lease = (event.lease_until - event.at).total_seconds()
    _require_time(lease)
    return _said(commands.RenewLease, task_id=event.task_id, token=token, lease=lease)


def _require_time(lease: float | None) -> None:
    if lease is not None and lease <= 0:
        raise Unexplained("its lease ends before it begins")


def _changes(facts: Sequence[PlanEvent]) -> Iterator[commands.Change]:
    """What a revision changed. An attempt that no change began stands for a bare one."""
    described: events.TaskChanged | None = None
    for event in facts:
        match event:
            case events.TaskAdded():
                yield _said(commands.AddTask, task=_new(event.task), before=event.before)
            case events.TaskChanged():
                yield _described(event)
            case events.TaskMoved():
                yield _said(commands.MoveTask, task_id=event.task_id, before=event.before)
            case events.TaskDropped():
                yield _said(commands.DropTask, task_id=event.task_id)
            case events.TaskSplit():
                into = tuple(map(_new, event.into))
                yield _said(commands.SplitTask, task_id=event.task_id, into=into)
            case events.TaskReplaced():
                yield _said(commands.ReplaceTask, task_id=event.task_id, by=_new(event.by))
            case events.AttemptStarted() if described is None or described.task_id != event.task_id:
                yield _said(commands.ChangeTask, task_id=event.task_id)
            case (
                events.PlanCreated()
                | events.TaskScored()
                | events.ScoringFailed()
                | events.ScoreRetracted()
                | events.OutcomeRecorded()
                | events.TaskStatusChanged()
                | events.LeaseRenewed()
                | events.ReplanTriggered()
                | events.GateApproved()
                | events.PlanRevised()
                | events.AttemptStarted()
                | events.PlanPaused()
                | events.PlanResumed()
                | events.PlanArchived()
                | events.PlanRestored()
                | events.PlanDeleted()
                | events.PlanErased()
            ):
                pass
            case _:
                assert_never(event)
        described = event if isinstance(event, events.TaskChanged) else None


def _described(event: events.TaskChanged) -> commands.ChangeTask:
    said = {
        name: value
        for name in ("title", "description", "metadata", "depends_on", "priority", "labels")
        if (value := getattr(event, name)) is not None
    }
    return _said(commands.ChangeTask, task_id=event.task_id, **(said or {"description": _ERASED}))
