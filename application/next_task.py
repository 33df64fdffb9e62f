"""Which work comes first across all plans."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from plangate.domain.commands import Command
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import Identifier, Labels, LeaseSeconds, TaskStatus


class NextTask(Command):
    """Take the next task: of one plan, or of all plans, with all of `labels`."""

    op: Literal["next_task"] = "next_task"
    worker: Identifier | None = None
    lease: LeaseSeconds | None = None
    labels: Labels = ()


def by_priority(
    plans: Iterable[Plan], labels: frozenset[str], now: datetime
) -> list[tuple[str, str]]:
    """Plan and task ids of what could be taken now: highest priority first, then oldest plan.

    `plans` come oldest first. A task without a priority of its own has its plan's;
    it carries its plan's labels beside its own, and must carry all of `labels`.
    """
    open_to_all = (plan for plan in plans if not (plan.paused or plan.archived or plan.is_held))
    found = [(plan, task) for plan in open_to_all for task in _takeable(plan, now)]
    matching = [(p, t) for p, t in found if labels <= {*p.labels, *t.labels}]
    ranked = sorted(matching, key=lambda pair: _priority(*pair), reverse=True)
    return [(plan.plan_id, task.id) for plan, task in ranked]


def _takeable(plan: Plan, now: datetime) -> Iterator[Task]:
    """Tasks that are ready, or will be as soon as somebody looks: their lease has run out."""
    for task in plan:
        expired = (
            task.status is TaskStatus.IN_PROGRESS and task.claim and task.claim.has_expired(now)
        )
        if plan.is_ready(task) or (expired and not plan.unmet(task)):
            yield task


def _priority(plan: Plan, task: Task) -> int:
    return plan.priority if task.priority is None else task.priority
