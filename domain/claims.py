"""Claims: who works on a task, for how long, and who is too late.

A claim's fencing token is the version of the event that made it. A token that is
no longer the task's latest is refused; no token at all is accepted. A pending task can be
deferred, and is not handed out then. Leases and deferrals are the only things in plangate
that are compared with the time now.
"""

from datetime import datetime, timedelta
from typing import Final

from plangate.domain.commands import (
    ClaimNextTask,
    ClaimTask,
    DeferTask,
    ReleaseTask,
    RenewLease,
    UndeferTask,
)
from plangate.domain.errors import (
    ClaimLost,
    InvalidInput,
    PlanHeld,
    Problem,
    TaskNotReady,
    VersionMismatch,
)
from plangate.domain.events import (
    LeaseRenewed,
    PlanEvent,
    TaskDeferred,
    TaskStatusChanged,
    TaskUndeferred,
)
from plangate.domain.plan import Plan
from plangate.domain.task import Deferral, Task
from plangate.domain.verdict import is_takeable, takeable
from plangate.domain.vocabulary import MAX_LEASE_SECONDS, DeferralEnd, StatusCause, TaskStatus

MAX_LEASE: Final = timedelta(seconds=MAX_LEASE_SECONDS)
"""The longest lease; a longer one that an import once brought is not renewed for longer."""


def claim_next_task(plan: Plan, command: ClaimNextTask, now: datetime) -> list[PlanEvent]:
    """End claims and deferrals whose time is up; then claim the first ready task."""
    if command.if_version not in {None, plan.version}:
        raise VersionMismatch(plan.plan_id, command.if_version or 0, plan.version)
    _require_open(plan)
    task = _next(plan, command.task_id, now)
    ended = _ended(plan, now)
    return ended if task is None else [*ended, _claimed(task, command, now)]


def claim_task(plan: Plan, command: ClaimTask, now: datetime) -> list[PlanEvent]:
    """As `claim_next_task`, but this very task; raises `TaskNotReady` where that cannot be."""
    task = plan.task(command.task_id)
    _require_open(plan)
    if not is_takeable(plan, task, now):
        raise TaskNotReady(plan.plan_id, task.id, _why_not_ready(plan, task))
    return [*_ended(plan, now), _claimed(task, command, now)]


def defer_task(plan: Plan, command: DeferTask, now: datetime) -> list[PlanEvent]:
    """Only a pending task is deferred; to what it is already, nothing is recorded."""
    task = plan.task(command.task_id)
    if task.status is not TaskStatus.PENDING:
        problem = f"the task {task.id!r} is {task.status}; only a pending one is deferred"
        raise InvalidInput([Problem("task_id", problem)])
    if command.until is not None and command.until <= now:
        raise InvalidInput([Problem("until", f"must be after now, {now.isoformat()}")])
    if task.deferred == Deferral(command.reason, command.until):
        return []
    return [TaskDeferred(at=now, task_id=task.id, reason=command.reason, until=command.until)]


def undefer_task(plan: Plan, command: UndeferTask, now: datetime) -> list[PlanEvent]:
    """A task that is not deferred is left alone."""
    task = plan.task(command.task_id)
    if task.deferred is None:
        return []
    ended = DeferralEnd.UNDEFERRED
    return [TaskUndeferred(at=now, task_id=task.id, cause=ended, reason=command.reason)]


def renew_lease(plan: Plan, command: RenewLease, now: datetime) -> list[PlanEvent]:
    """Extend a claim in force.

    One without a lease needs no extension, nor does one whose result waits for judges.
    """
    task = plan.task(command.task_id)
    require_claim(plan, task, command.token, now)
    claim = task.claim
    if claim is None or task.status is not TaskStatus.IN_PROGRESS:
        raise ClaimLost(plan.plan_id, task.id, command.token)
    if task.awaits_judges and claim.until is None:
        return []
    if command.lease is not None:
        length = timedelta(seconds=command.lease)
    elif claim.until is not None:
        length = min(claim.until - claim.since, MAX_LEASE)
    else:
        return []
    return [LeaseRenewed(at=now, task_id=task.id, lease_until=_end_of_lease(now, length))]


def release_task(plan: Plan, command: ReleaseTask, now: datetime) -> list[PlanEvent]:
    """Return a task in progress to pending; leave any other as it is."""
    task = plan.task(command.task_id)
    require_claim(plan, task, command.token, now)
    if task.status is not TaskStatus.IN_PROGRESS:
        return []
    return task.move(TaskStatus.PENDING, StatusCause.RELEASED, now, command.reason)


def require_claim(plan: Plan, task: Task, token: int | None, now: datetime) -> None:
    """Raise `ClaimLost` unless `token` is the task's latest and has not expired, or is None."""
    claim = task.claim
    in_force = task.status is TaskStatus.IN_PROGRESS
    if claim is not None and in_force and claim.has_expired(now):
        claim = None
    if token is None or (claim is not None and claim.token == token):
        return
    if claim is None or not in_force:
        raise ClaimLost(plan.plan_id, task.id, token)
    raise ClaimLost(plan.plan_id, task.id, token, claim.worker, claim.token)


def _require_open(plan: Plan) -> None:
    if plan.paused:
        raise PlanHeld(plan.plan_id, "is paused", "resume it to go on")
    if plan.is_exhausted:
        raise PlanHeld(
            plan.plan_id,
            f"has used up its replans: {plan.gate.replans} without an approval, "
            f"{plan.policy.max_replans} allowed",
            "approve the gate to go on",
        )
    if plan.is_held:
        raise PlanHeld(
            plan.plan_id,
            f"is held by its gate: a replan is due (rolling confidence "
            f"{plan.rolling_confidence:.3f}, threshold {plan.policy.confidence_threshold:.3f})",
            "revise it, retry a task or approve the gate to go on",
        )


def _next(plan: Plan, task_id: str | None, now: datetime) -> Task | None:
    """The first task that can be taken, or the one asked for if it can."""
    if task_id is None:
        return next(takeable(plan, now), None)
    task = plan.tasks.get(task_id)
    return task if task is not None and is_takeable(plan, task, now) else None


def _ended(plan: Plan, now: datetime) -> list[PlanEvent]:
    """The claims and deferrals whose time is up."""
    events: list[PlanEvent] = []
    for task_id in plan.traits.ended_at(now):
        task = plan.tasks[task_id]
        if task.status is TaskStatus.IN_PROGRESS and task.claim and task.claim.has_expired(now):
            events += task.move(TaskStatus.PENDING, StatusCause.EXPIRED, now)
        else:  # the deferral has
            events.append(TaskUndeferred(at=now, task_id=task.id, cause=DeferralEnd.EXPIRED))
    return events


def _claimed(task: Task, command: ClaimNextTask | ClaimTask, now: datetime) -> PlanEvent:
    return TaskStatusChanged(
        at=now,
        task_id=task.id,
        old=TaskStatus.PENDING,
        new=TaskStatus.IN_PROGRESS,
        cause=StatusCause.CLAIMED,
        worker=command.worker,
        lease_until=None
        if command.lease is None
        else _end_of_lease(now, timedelta(seconds=command.lease)),
    )


def _end_of_lease(now: datetime, length: timedelta) -> datetime:
    try:
        return now + length
    except OverflowError:
        raise InvalidInput([Problem("lease", "must end before the year 10000")]) from None


def _why_not_ready(plan: Plan, task: Task) -> str:
    if task.status is TaskStatus.IN_PROGRESS and task.claim and task.claim.worker:
        return f"is in progress: {task.claim.worker} holds it"
    if task.status is not TaskStatus.PENDING:
        return f"is {task.status}"
    if task.deferred is not None:
        until = f" until {task.deferred.until.isoformat()}" if task.deferred.until else ""
        return f"is deferred{until}: {task.deferred.reason or 'the reason was erased'}"
    return f"waits for {', '.join(map(repr, plan.unmet(task)))}"
