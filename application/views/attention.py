"""What needs a person now, over all plans: one line a plan, the most pressing need first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from plangate.application.results import Result
from plangate.application.views.board import BoardTask
from plangate.application.views.plan_summaries import PlanSummary
from plangate.application.views.view_store import StuckPlan
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict


class Need(StrEnum):
    """Why a plan needs a person, in the order of need."""

    REPLAN_DUE = "replan_due"
    BLOCKED = "blocked"
    FAILED = "failed"
    REPLANNING = "replanning"
    LEASE_EXPIRED = "lease_expired"
    STUCK = "stuck"


class PlanInNeed(Result):
    """A plan that needs a person. `task_ids` are the tasks that it is about.

    `since` is when that began, where it is known. A plan is `stuck` where an event of it
    cannot be read: `why` says which; its `goal` is then unknown.
    """

    plan_id: str
    goal: str | None
    need: Need
    task_ids: tuple[str, ...] = ()
    since: datetime | None = None
    why: str | None = None


class Attention(Result):
    """The plans that need a person now, the most pressing first, and how many plans there are."""

    plans: tuple[PlanInNeed, ...]
    plan_count: int


_ORDER: Final = list(Need)
_PUT_AWAY: Final = {PlanState.ARCHIVED, PlanState.PAUSED}
_OF_VERDICT: Final = {Verdict.REPLAN: Need.REPLAN_DUE, Verdict.BLOCKED: Need.BLOCKED}
_OF_STATUS: Final = {
    TaskStatus.FAILED: Need.FAILED,
    TaskStatus.REPLANNING: Need.REPLANNING,
    TaskStatus.IN_PROGRESS: Need.LEASE_EXPIRED,
}


def in_need(
    held_up: Iterable[PlanSummary],
    tasks: Iterable[BoardTask],
    stuck: Iterable[StuckPlan],
    plan_of: Callable[[str], Plan],
    now: datetime,
) -> Iterator[PlanInNeed]:
    """Each plan that needs a person, by its most pressing need; in the order of need.

    `held_up` are the plans with a verdict that asks for one, `tasks` those that failed, are
    replanning or in progress.
    """
    about: dict[str, list[tuple[Need, BoardTask]]] = {}
    for task in tasks:
        if task.status is not TaskStatus.IN_PROGRESS or _has_expired(task, now):
            about.setdefault(task.plan_id, []).append((_OF_STATUS[task.status], task))
    found = {
        one.plan_id: PlanInNeed(
            plan_id=one.plan_id, goal=None, need=Need.STUCK, since=one.since, why=one.why
        )
        for one in stuck
    }
    for plan in held_up:
        concerned = [task for _, task in about.pop(plan.plan_id, [])]
        one = _of(plan.plan_id, plan.goal, _OF_VERDICT[plan.verdict], concerned)
        found.setdefault(plan.plan_id, one)
    for plan_id in about.keys() - found.keys():
        other = plan_of(plan_id)
        if other.state not in _PUT_AWAY:
            need = min((need for need, _ in about[plan_id]), key=_ORDER.index)
            concerned = [task for kind, task in about[plan_id] if kind is need]
            found[plan_id] = _of(plan_id, other.goal, need, concerned)
    yield from sorted(found.values(), key=lambda one: (_ORDER.index(one.need), one.plan_id))


def _of(plan_id: str, goal: str | None, need: Need, tasks: Sequence[BoardTask]) -> PlanInNeed:
    begins = [
        task.lease_until if need is Need.LEASE_EXPIRED and task.lease_until else task.since
        for task in tasks
    ]
    return PlanInNeed(
        plan_id=plan_id,
        goal=goal,
        need=need,
        task_ids=tuple(task.task_id for task in tasks),
        since=min(begins, default=None),
    )


def _has_expired(task: BoardTask, now: datetime) -> bool:
    return task.lease_until is not None and task.lease_until <= now
