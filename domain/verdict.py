"""What the gate says about going on with a plan, at a given time.

A lease that has ended or a deferral whose time is up changes the answer without an
event, so every question here takes the time now. `next_task` hands out what `takeable`
gives, in its order.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import TaskStatus, Verdict


def verdict(plan: Plan, now: datetime) -> Verdict:
    """The verdict at a time: the first that applies, in the order of the branches."""
    if plan.deleted:
        return Verdict.DELETED
    if plan.archived:
        return Verdict.ARCHIVED
    if plan.paused:
        return Verdict.PAUSED
    if plan.replan_due:
        return Verdict.REPLAN
    if plan.is_exhausted:
        return Verdict.BLOCKED
    if plan.traits.count(Trait.DONE) == len(plan.order):
        return Verdict.COMPLETE
    if any(takeable(plan, now)):
        return Verdict.GO
    under_way = chain(plan.having(Trait.IN_PROGRESS), plan.having(Trait.DEFERRED))
    return Verdict.BLOCKED if all(_is_free(task, now) for task in under_way) else Verdict.WAIT


def may_continue(plan: Plan, now: datetime) -> bool:
    """Whether `next_task` would hand out a task at a time."""
    return _is_open(plan) and any(takeable(plan, now))


def takeable(plan: Plan, now: datetime) -> Iterator[Task]:
    """The tasks that could be claimed at a time if the plan is open, in plan order.

    They are pending, or held by a claim whose lease has ended; not deferred, or only until
    a time that has passed; and their dependencies are done.
    """
    return (plan.tasks[task_id] for task_id in plan.traits.free_at(now))


def priority_of(plan: Plan, task: Task) -> int:
    """A task's own priority, or else its plan's."""
    return plan.priority if task.priority is None else task.priority


def highest_priority(plan: Plan) -> int | None:
    """The highest priority of a task that can be taken, now or once a lease or deferral ends.

    None where there is none, or the plan is closed: only an event changes that.
    """
    claimable = plan.traits.count(Trait.CLAIMABLE)
    if not claimable or not _is_open(plan):
        return None
    found = [priority_of(plan, task) for task in plan.having(Trait.PRIORITISED)]
    return max(found if len(found) == claimable else [*found, plan.priority])


def is_takeable(plan: Plan, task: Task, now: datetime) -> bool:
    """Whether `takeable` gives this task."""
    return _is_free(task, now) and not plan.unmet(task)


def changes_at(plan: Plan, now: datetime) -> datetime | None:
    """The next time after `now` at which an answer here may change without an event."""
    ends = (_ends_at(plan.tasks[task_id]) for task_id in plan.traits.ends_after(now))
    later = (end for end in ends if end is not None and end > now)
    return min(later, default=None)


def _is_open(plan: Plan) -> bool:
    return not (plan.deleted or plan.archived or plan.paused or plan.is_held)


def _is_free(task: Task, now: datetime) -> bool:
    if task.status is TaskStatus.IN_PROGRESS:
        return task.claim is not None and task.claim.has_expired(now)
    deferred = task.deferred is not None and not task.deferred.has_expired(now)
    return task.status is TaskStatus.PENDING and not deferred


def _ends_at(task: Task) -> datetime | None:
    """When a task's lease or its deferral ends by itself, if it has one that does."""
    if task.status is TaskStatus.IN_PROGRESS:
        return task.claim.until if task.claim else None
    return task.deferred.until if task.deferred else None
