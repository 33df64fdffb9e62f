"""The page of all plans: those that need a person come first, each with its ways on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import UnreadableEvent
from plangate.application.gate_decision import GateDecision
from plangate.application.results import Evidence, PlanStatus
from plangate.application.views.plan_summaries import PlanOrder, PlanPage, PlanSummary
from plangate.application.views.queries import ViewReport
from plangate.domain.errors import PlanNotFound
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict
from plangate.infrastructure.asgi.caller import KnownCaller, allows, require
from plangate.infrastructure.charts.plan import gauge, status_bar
from plangate.infrastructure.charts.svg import Chart
from plangate.infrastructure.dashboard.actions import new_key
from plangate.infrastructure.dashboard.answers import READ, GivenRegistry, PageRoute, opened, page
from plangate.infrastructure.dashboard.fields import PAGE, Blank, Text
from plangate.infrastructure.dashboard.first_build import FirstBuild

NEED_A_PERSON: Final = (Verdict.REPLAN, Verdict.BLOCKED, Verdict.PAUSED)
"""What only a person's decision leads on from."""

_GROUPS: Final = {
    "Need a person": NEED_A_PERSON,
    "Can go on": (Verdict.GO,),
    "Waiting": (Verdict.WAIT,),
    "At rest": (Verdict.COMPLETE, Verdict.ARCHIVED, Verdict.DELETED),
}
_FIRST_NEEDED: Final = (
    *NEED_A_PERSON,
    Verdict.GO,
    Verdict.WAIT,
    Verdict.COMPLETE,
    Verdict.ARCHIVED,
)


class Filter(BaseModel):
    """What the page shows. Without an order, plans that need a person come first.

    A page goes on after the plan `after`, among those with the verdict `within`.
    """

    q: Text = None
    verdict: Annotated[Verdict | None, Blank] = None
    state: Annotated[PlanState | None, Blank] = None
    label: Text = None
    order: Annotated[PlanOrder | None, Blank] = None
    after: Text = None
    within: Annotated[Verdict | None, Blank] = None

    def is_set(self) -> bool:
        """Whether anything but the order is chosen."""
        return any((self.q, self.verdict, self.state, self.label))

    def then(self, after: str | None, within: Verdict | None) -> str | None:
        """The query of the next page."""
        if after is None and within is None:
            return None
        given = self.model_dump(mode="json", exclude_none=True) | {"after": after, "within": within}
        return urlencode({name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Row:
    """A plan in the list. `status` is there where it needs a person."""

    plan: PlanSummary
    decision: GateDecision | None
    problem: str | None
    status: PlanStatus | None
    gauge: Chart
    tasks: Chart

    @property
    def verdict(self) -> Verdict:
        """The verdict now; where the plan cannot be read, that of its row."""
        return self.plan.verdict if self.decision is None else self.decision.verdict

    @property
    def evidence(self) -> Evidence:
        """How much was judged."""
        plan = self.plan
        return Evidence(
            scored=plan.scored,
            tasks=plan.task_count,
            scoring_failed=plan.scoring_failed,
            clamped=plan.clamped,
            done_unscored=plan.done_unscored,
            awaits_judges=plan.awaits_judges,
        )

    @property
    def open_tasks(self) -> str:
        """The tasks that are not done, counted by status."""
        found = [(status, getattr(self.plan, status)) for status in TaskStatus]
        return ", ".join(
            f"{amount:,} {status.replace('_', ' ')}"
            for status, amount in found
            if amount and status is not TaskStatus.DONE
        )


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The route of the page."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current = opened(registry)
    first_build = FirstBuild(current)

    @router.api_route("/", name="plangate_plans", methods=READ)
    async def plans(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        chosen: Annotated[Filter, Query()],
    ) -> Response:
        require(who, Scope.PLANS_READ)
        position = await current().history.last_position()
        building = await first_build.progress(position)
        if building is not None:
            return _being_built(request, building)
        found, following = await _found(current(), chosen, position)
        rows = await asyncio.gather(*(_row(current(), plan) for plan in found))
        return page(
            request,
            "plans.html",
            here="plans",
            live={"after": position},
            chosen=chosen,
            rows=rows,
            groups=_groups(rows, chosen),
            key=new_key(),
            following=following,
            orders=tuple(PlanOrder),
            states=tuple(PlanState),
            may_write=allows(who, Scope.PLANS_WRITE),
            refresh_after=seconds_until(plan.changes_at for plan in found),
        )

    return router


def _being_built(request: Request, report: ViewReport) -> Response:
    """The page instead, while the views are built: it asks again every second."""
    built = min(view.rebuilding or view.position for view in report.views)
    live = {"after": report.position}
    return page(
        request,
        "building.html",
        here="plans",
        live=live,
        report=report,
        built=built,
        refresh_after=1,
    )


def seconds_until(moments: Any) -> int | None:
    """How many seconds from now the first of some moments comes, at least one; None without."""
    now = datetime.now(UTC)
    coming = [(moment - now).total_seconds() for moment in moments if moment is not None]
    return max(1, round(min(coming) + 0.5)) if coming else None


def _groups(rows: Sequence[Row], chosen: Filter) -> list[tuple[str, list[Row]]]:
    """The rows under headings; under one where an order is chosen."""
    if chosen.order is not None:
        return [("Plans in this order", list(rows))] if rows else []
    named = [
        (name, [row for row in rows if row.verdict in verdicts])
        for name, verdicts in _GROUPS.items()
    ]
    return [(name, group) for name, group in named if group]


async def _found(
    registry: AsyncPlanRegistry, chosen: Filter, position: int
) -> tuple[Sequence[PlanSummary], str | None]:
    """The plans of the page, and the query of the next one."""
    pages = _PlanPages(registry, chosen, position)
    if chosen.verdict is not None or chosen.order is not None:
        order = chosen.order or PlanOrder.UPDATED
        found = await pages.page(chosen.verdict, order, PAGE, chosen.after)
        return found.plans, chosen.then(found.next, None) if found.next else None
    plans: list[PlanSummary] = []
    begin = _FIRST_NEEDED.index(chosen.within) if chosen.within in _FIRST_NEEDED else 0
    after = chosen.after
    for verdict in _FIRST_NEEDED[begin:]:
        if len(plans) == PAGE:
            return plans, chosen.then(None, verdict)
        rest = PAGE - len(plans)
        found = await pages.page(verdict, PlanOrder.UPDATED, rest, after)
        plans += found.plans
        after = None
        if found.next is not None:
            return plans, chosen.then(found.next, verdict)
    return plans, None


@dataclass(frozen=True, slots=True)
class _PlanPages:
    """Reads pages of plans that match a filter, as of a position of the log."""

    registry: AsyncPlanRegistry
    chosen: Filter
    position: int

    async def page(
        self, verdict: Verdict | None, order: PlanOrder, limit: int, after: str | None
    ) -> PlanPage:
        labels = (self.chosen.label or "").split(",")
        return await self.registry.views.plans(
            state=self.chosen.state,
            verdict=verdict,
            text=self.chosen.q,
            labels=[label.strip() for label in labels if label.strip()],
            order=order,
            limit=limit,
            after=after,
            at_least=self.position,
        )


async def _row(registry: AsyncPlanRegistry, plan: PlanSummary) -> Row:
    """A row with what the view does not have: the reason, and what leads on."""
    decision = problem = status = None
    try:
        decision = await registry.gate(plan.plan_id)
        if decision.verdict in NEED_A_PERSON:
            status = await registry.get_status(plan.plan_id)
    except (UnreadableEvent, PlanNotFound) as error:
        problem = str(error)
    return Row(
        plan=plan,
        decision=decision,
        problem=problem,
        status=status,
        gauge=gauge(plan.rolling_confidence, plan.confidence_threshold, scored=plan.scored),
        tasks=status_bar({status: getattr(plan, status) for status in TaskStatus}),
    )
