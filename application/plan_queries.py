"""Queries on plans as they are now, as far as they can be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

from pydantic import BaseModel, Field, Strict

from plangate.application.errors import (
    StoreError,
    StoreForbidden,
    StoreReadOnly,
    UnreadableEvent,
)
from plangate.application.event_store import Clock, EventStore
from plangate.application.plan_log import every_plan
from plangate.application.results import PlanList, PlanStatus, UnreadablePlan
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate_identifier
from plangate.application.views.catalogue import PLANS
from plangate.application.views.follower import LogFollower
from plangate.application.views.plan_summaries import PlansRequest
from plangate.application.views.requests import every_row
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore, ViewTables
from plangate.domain.plan import Plan
from plangate.domain.verdict import verdict
from plangate.domain.vocabulary import Flag, Labels, PlanState, Verdict

FEW_PLANS: Final = 100
"""So many plans are read faster than views are brought up to date."""


class PlanFilter(BaseModel):
    """Which plans to list: at most `limit`, those that match every given filter."""

    limit: Annotated[int, Strict(), Field(ge=1)] | None = None
    state: PlanState | None = None
    verdict: Verdict | None = None
    needs_replan: Flag | None = None
    labels: Labels = ()

    def admits(self, plan: Plan, now: datetime) -> bool:
        """Whether a plan exists and matches at a time; it must have all the labels."""
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

    def readable(self, plan_ids: Iterable[str] | None) -> Iterator[Stream | UnreadablePlan]:
        """These plans, or every plan, as far as they can be read; in the given order."""
        if plan_ids is None:
            plan_ids = (plan_id for _, plan_id in every_plan(self.store))
        for plan_id in plan_ids:
            try:
                yield self.streams.current(plan_id)
            except UnreadableEvent as error:
                yield UnreadablePlan.of(error)

    def matching(self, plan_filter: PlanFilter) -> PlanList:
        """The plans that match, and those that cannot be read."""
        now = self.clock().astimezone(UTC)
        plans: list[PlanStatus] = []
        unreadable: list[UnreadablePlan] = []
        for found in self.readable(self._candidates(plan_filter)):
            if len(plans) == plan_filter.limit:
                break
            if isinstance(found, UnreadablePlan):
                unreadable.append(found)
            elif plan_filter.admits(found.plan, now):
                plans.append(PlanStatus.of(found.plan, now))
        return PlanList(plans=tuple(plans), unreadable=tuple(unreadable))

    def _candidates(self, plan_filter: PlanFilter) -> Iterable[str] | None:
        """Which plans may match, oldest first; None where all of them must be read.

        That is without a filter, and where the views are behind and cannot be written.
        """
        if plan_filter == PlanFilter(limit=plan_filter.limit):
            return None
        try:
            return self.follower.answer(
                PLANS, self.store.last_position(), partial(self._matching_rows, plan_filter)
            )
        except (StoreForbidden, StoreReadOnly):
            return None

    def _matching_rows(self, plan_filter: PlanFilter, position: int) -> Iterable[str]:
        now = self.clock().astimezone(UTC)
        filters = plan_filter.model_dump(exclude={"limit"})
        request = PlansRequest(**filters, now=now, at_least=position)
        rows = every_row(self.views.plans, request, ("created_position",))
        stuck = self.views.positions()[ViewTables(PLANS)].stuck
        return dict.fromkeys([*stuck, *(row.plan_id for row in rows)])

    def with_work(self, now: datetime) -> Iterable[str] | None:
        """Plans that may hand out a task now; oldest first.

        None where all plans should be read instead: there are few, or the views cannot
        answer. No view may stand in the way of work.
        """
        if len(self.store.plan_ids(limit=FEW_PLANS + 1)) <= FEW_PLANS:
            return None
        try:
            self.runner.catch_up()
            positions = self.views.positions()
            if positions[ViewTables(PLANS)].stuck:
                return None
            reached = positions[ViewTables(PLANS)].position
            request = PlansRequest(may_continue=True, now=now, at_least=reached)
            rows = every_row(self.views.plans, request, ("created_position",))
            return [row.plan_id for row in rows]
        except StoreError:
            return None
