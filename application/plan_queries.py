"""Queries on plans as they are now, as far as they can be read."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Annotated, Final, NamedTuple

from pydantic import Field, Strict

from plangate.application.errors import (
    StoreError,
    StoreForbidden,
    StoreReadOnly,
    TransactionRefused,
    UnreadableEvent,
)
from plangate.application.event_store import Clock, EventStore
from plangate.application.models import Model
from plangate.application.near_matches import near_matches
from plangate.application.plan_log import every_plan, known_position, selected
from plangate.application.progress import Progress, no_progress
from plangate.application.results import PlanList, PlanStatus, UnreadablePlan
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate_identifier
from plangate.application.views.catalogue import PLANS
from plangate.application.views.follower import LogFollower
from plangate.application.views.plan_summaries import PlanOrder, PlansRequest, PlanSummary
from plangate.application.views.requests import RowKey, every_row
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore, ViewTables
from plangate.domain.errors import PlangateError, PlanGone, PlanNotFound, TaskGone, TaskNotFound
from plangate.domain.plan import Plan
from plangate.domain.verdict import verdict
from plangate.domain.vocabulary import Flag, Labels, PlanState, Title, Verdict

FEW_PLANS: Final = 16
"""So many plans are read faster than views are brought up to date."""

WORK_PAGE: Final = 20
"""So many rows are read at once to find work: the first plan has it as a rule."""

FEW_TO_COMPARE: Final = 10_000
"""So many ids are compared with an unknown one."""


class Candidate(NamedTuple):
    """A plan that may have work: the position of its first event, and its `highest_priority`.

    None where that is not known.
    """

    plan_id: str
    position: int
    highest_priority: int | None = None


class PlanFilter(Model):
    """Which plans to list: at most `limit`, those that match every given filter."""

    limit: Annotated[int, Strict(), Field(ge=1)] | None = None
    state: PlanState | None = None
    verdict: Verdict | None = None
    needs_replan: Flag | None = None
    labels: Labels = ()
    text: Title | None = None
    order: PlanOrder = PlanOrder.OLDEST

    @property
    def has_conditions(self) -> bool:
        """Whether it leaves out some plan."""
        return self != PlanFilter(limit=self.limit, order=self.order)

    @property
    def needs_views(self) -> bool:
        """Whether only the views know what matches, or in which order."""
        known = self.order in {PlanOrder.OLDEST, PlanOrder.NEWEST}
        return self.text is not None or not known

    def admits(self, plan: Plan, now: datetime) -> bool:
        """Whether a plan exists and matches at a time, but for its text; it has all the labels."""
        return (
            plan.exists
            and self.state in {None, plan.state}
            and self.verdict in {None, verdict(plan, now)}
            and self.needs_replan in {None, plan.needs_replan}
            and set(self.labels) <= set(plan.labels)
        )


@dataclass
class PlanQueries:
    """Reads the plans of one store."""

    store: EventStore
    streams: StreamCache
    views: ViewStore
    runner: ProjectionRunner
    follower: LogFollower
    clock: Clock

    def plan(self, plan_id: str) -> Plan:
        """The plan now, whether it exists or not; raises `InvalidInput` for an impossible id."""
        return self.streams.current(validate_identifier("plan_id", plan_id)).plan

    def living(self, plan_id: str) -> Plan:
        """The plan now; raises `PlanNotFound`, or `PlanGone` for a deleted one."""
        plan = self.plan(plan_id)
        plan.require_alive()
        return plan

    def ids(self, beginning: str) -> tuple[str, ...]:
        """The ids of all plans that begin so, oldest first; those of deleted plans too."""
        known = (plan_id for _, plan_id in every_plan(self.store))
        return tuple(plan_id for plan_id in known if plan_id.startswith(beginning))

    def near_matches(self, error: PlangateError) -> tuple[str, ...]:
        """The ids of plans or tasks that resemble the one that an error calls unknown."""
        if isinstance(error, PlanNotFound) and not isinstance(error, PlanGone):
            known = (plan_id for _, plan_id in islice(every_plan(self.store), FEW_TO_COMPARE))
            near = near_matches(error.plan_id, known)
            found = self.readable(near)
            return tuple(p.plan.plan_id for p in found if isinstance(p, Stream) and p.plan.exists)
        if isinstance(error, TaskNotFound) and not isinstance(error, TaskGone):
            return self._near_tasks(error)
        return ()

    def _near_tasks(self, error: TaskNotFound) -> tuple[str, ...]:
        plan = self.plan(error.plan_id)
        named = {task.title: task.id for task in plan if task.title}
        near = near_matches(error.task_id, [*plan.order, *named])
        return tuple(dict.fromkeys(one if one in plan.tasks else named[one] for one in near))

    def readable(self, plan_ids: Iterable[str]) -> Iterator[Stream | UnreadablePlan]:
        """These plans, as far as they can be read, in the given order."""
        return map(self._readable, plan_ids)

    def matching(self, plan_filter: PlanFilter) -> PlanList:
        """The plans that match, and those that cannot be read."""
        plans: list[PlanStatus] = []
        unreadable: list[UnreadablePlan] = []
        for found in self.each_matching(plan_filter, no_progress):
            if isinstance(found, UnreadablePlan):
                unreadable.append(found)
            else:
                plans.append(found)
        return PlanList(plans=tuple(plans), unreadable=tuple(unreadable))

    def each_matching(
        self, plan_filter: PlanFilter, progress: Progress
    ) -> Iterator[PlanStatus | UnreadablePlan]:
        """The plans that match, and those that cannot be read, as they are found."""
        now = self.clock().astimezone(UTC)
        candidates = self._candidates(plan_filter)
        plan_ids = (
            selected(self.store, None, progress)
            if candidates is None
            else _counted(candidates, progress)
        )
        left = plan_filter.limit
        for found in self.readable(plan_ids):
            if isinstance(found, UnreadablePlan):
                yield found
            elif plan_filter.admits(found.plan, now):
                yield PlanStatus.of(found.plan, now)
                left = left and left - 1
            if left == 0:
                return

    def _candidates(self, plan_filter: PlanFilter) -> Collection[str] | None:
        """Which plans may match, in their order; None where all of them must be read.

        That is without a filter, where the views are behind and cannot be written, and inside
        a transaction of the caller.
        """
        if not (plan_filter.has_conditions or plan_filter.needs_views):
            return self._every_id(plan_filter.order)
        try:
            return self.follower.answer(
                PLANS, self.store.last_position(), partial(self._matching_rows, plan_filter)
            )
        except (StoreForbidden, StoreReadOnly, TransactionRefused):
            if plan_filter.needs_views:
                raise
            return self._every_id(plan_filter.order)

    def _every_id(self, order: PlanOrder) -> Collection[str] | None:
        newest = order is PlanOrder.NEWEST
        return [one for _, one in every_plan(self.store)][::-1] if newest else None

    def _matching_rows(self, plan_filter: PlanFilter, position: int) -> Collection[str]:
        now = self.clock().astimezone(UTC)
        filters = plan_filter.model_dump(exclude={"limit"})
        request = PlansRequest(**filters, now=now, at_least=position)
        keys = [name for name, _ in request.order.keys]
        rows = every_row(self.views.plans, request, keys)
        stuck = self.views.positions()[ViewTables(PLANS)].stuck
        return dict.fromkeys([*stuck, *(row.plan_id for row in rows)])

    def with_work(self, now: datetime) -> Iterator[Candidate]:
        """Plans that may hand out a task at a time, each once.

        Those with the highest priority come first, of these the oldest; plans of which that
        is not known come before them. All plans where there are few, or the views cannot
        answer: no view may stand in the way of work.
        """
        found = set[str]()
        plans: Iterable[tuple[int, str]] = self.store.plan_ids(limit=FEW_PLANS + 1)
        if len([*plans]) > FEW_PLANS:
            try:
                for candidate in self._with_work_in_views(now, found):
                    found.add(candidate.plan_id)
                    yield candidate
            except StoreError:
                plans = every_plan(self.store)
            else:
                return
        for position, plan_id in plans:
            if plan_id not in found:
                yield Candidate(plan_id, position)

    def _with_work_in_views(self, now: datetime, found: Collection[str]) -> Iterator[Candidate]:
        self.runner.catch_up()
        current = self.views.positions()[ViewTables(PLANS)]
        for plan_id in current.stuck:
            for first in self.store.read_stored(plan_id, until=1):
                yield Candidate(plan_id, known_position(first.position))
        before = -1
        while len(found) > before:  # a row that others move meanwhile may not be met
            before = len(found)
            for row in self._rows_with_work(now, current.position):
                if row.plan_id not in found:
                    yield Candidate(row.plan_id, row.created_position, row.highest_priority)

    def _rows_with_work(self, now: datetime, at_least: int) -> Iterator[PlanSummary]:
        last: RowKey | None = None
        while page := self.views.plans_with_work(now, at_least, last, WORK_PAGE):
            yield from page
            last = (page[-1].highest_priority, page[-1].created_position)

    def _readable(self, plan_id: str) -> Stream | UnreadablePlan:
        try:
            return self.streams.current(plan_id)
        except UnreadableEvent as error:
            return UnreadablePlan.of(error)


def _counted(plan_ids: Collection[str], progress: Progress) -> Iterator[str]:
    for done, plan_id in enumerate(plan_ids):
        progress(done, len(plan_ids))
        yield plan_id
    progress(len(plan_ids), len(plan_ids))
