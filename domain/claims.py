"""Claims: who works on a task, for how long, and who is too late.

A claim's fencing token is the version of the event that made it. A token that is
no longer the task's latest is refused; no token at all is accepted. Leases are
the only thing in plangate that is compared with the time now.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from plangate.domain.commands import ClaimNextTask, ReleaseTask, RenewLease
from plangate.domain.errors import ClaimLost, PlanHeld
from plangate.domain.events import LeaseRenewed, PlanEvent, TaskStatusChanged
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import StatusCause, TaskStatus


def claim_next_task(plan: Plan, command: ClaimNextTask, now: datetime) -> list[PlanEvent]:
    """Expired claims end first; then the first ready task is claimed."""
    _require_open(plan)
    events = _expired(plan, now)
    plan = fold(plan, events)
    for task in _wanted(plan, command):
        if plan.is_ready(task):
            until = None if command.lease is None else now + timedelta(seconds=command.lease)
            claim = TaskStatusChanged(
                at=now,
                task_id=task.id,
                old=task.status,
                new=TaskStatus.IN_PROGRESS,
                cause=StatusCause.CLAIMED,
                worker=command.worker,
                lease_until=until,
            )
            return [*events, claim]
    return events


def renew_lease(plan: Plan, command: RenewLease, now: datetime) -> list[PlanEvent]:
    """Extend a claim in force; one without a lease needs no extension."""
    task = plan.task(command.task_id)
    require_claim(plan, task, command.token, now)
    claim = task.claim
    if claim is None or task.status is not TaskStatus.IN_PROGRESS:
        raise ClaimLost(plan.plan_id, task.id, command.token)
    if command.lease is not None:
        length = timedelta(seconds=command.lease)
    elif claim.until is not None:
        length = claim.until - claim.since
    else:
        return []
    return [LeaseRenewed(at=now, task_id=task.id, lease_until=now + length)]


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


def _expired(plan: Plan, now: datetime) -> list[PlanEvent]:
    return [
        event
        for task in plan
        if task.status is TaskStatus.IN_PROGRESS and task.claim and task.claim.has_expired(now)
        for event in task.move(TaskStatus.PENDING, StatusCause.EXPIRED, now)
    ]


def _wanted(plan: Plan, command: ClaimNextTask) -> Iterable[Task]:
    if command.task_id is None:
        return plan
    task = plan.tasks.get(command.task_id)
    return () if task is None else (task,)
