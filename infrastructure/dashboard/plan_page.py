"""The page of one plan, now or as it was at a version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.history.audit import AuditEntry
from plangate.application.history.explain import recent
from plangate.application.numbers import number
from plangate.application.results import PlanStatus
from plangate.domain.errors import PlanGone
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.asgi.caller import KnownCaller, allows, require
from plangate.infrastructure.charts.confidence import confidence_over_time
from plangate.infrastructure.charts.plan import contribution_bars, gauge, status_bar
from plangate.infrastructure.dashboard.actions import new_key
from plangate.infrastructure.dashboard.answers import READ, GivenRegistry, PageRoute, opened, page
from plangate.infrastructure.dashboard.fields import PAGE, Blank, Count, Text
from plangate.infrastructure.dashboard.histories import Histories
from plangate.infrastructure.dashboard.plan_list import NEED_A_PERSON, seconds_until


class ShownPlan(BaseModel):
    """What the page shows: which plan, at which version, and which of its events.

    The history goes back from the version `before`. `done` names a command just recorded.
    """

    id: str
    version: Count = None
    task: Text = None
    kind: Text = None
    actor: Text = None
    before: Count = None
    whole: Annotated[bool | None, Blank] = None
    done: Text = None

    def is_filtered(self) -> bool:
        """Whether only some events are to be shown."""
        return any((self.task, self.kind, self.actor))

    def with_(self, **changed: Any) -> str:
        """The query of this page with other values."""
        given = self.model_dump(exclude={"done"}) | changed
        return urlencode({name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class PlanAt:
    """A plan at a version, and its events until then."""

    status: PlanStatus
    reason: str
    changes_at: datetime | None
    events: Sequence[AuditEntry]
    latest: int

    @property
    def task_ids(self) -> list[str]:
        """The tasks that events are about."""
        return list(dict.fromkeys(e.task_id for e in self.events if e.task_id))

    @property
    def kinds(self) -> list[str]:
        """The kinds of events there are."""
        return sorted({e.kind for e in self.events if e.kind})

    @property
    def actors(self) -> list[str]:
        """Those on whose behalf events were recorded."""
        return sorted({e.actor for e in self.events if e.actor})


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The route of the page."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current = opened(registry)
    histories = Histories(current)

    @router.api_route("/plan", name="plangate_plan", methods=READ)
    async def plan(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        shown: Annotated[ShownPlan, Query()],
    ) -> Response:
        require(who, Scope.PLANS_READ)
        position = await current().history.last_position()
        events = await histories.of(shown.id)
        at = await _plan_at(current(), shown, events)
        version = at.status.version
        explanation = await current().history.explain(
            shown.id, version=version, since=recent(version)
        )
        status = at.status
        confidence, threshold = status.rolling_confidence, status.confidence_threshold
        return page(
            request,
            "plan.html",
            here="plans",
            live={"after": position, "plan": shown.id},
            shown=shown,
            at=at,
            plan=status,
            explanation=explanation,
            gauge=gauge(confidence, threshold, scored=status.evidence.scored),
            tasks=status_bar(_counts(status)),
            over_time=confidence_over_time(at.events, threshold),
            contributions=contribution_bars(explanation),
            history=await _history(current(), shown, at),
            is_past=shown.version is not None and shown.version < at.latest,
            may_write=allows(who, Scope.PLANS_WRITE),
            need_a_person=NEED_A_PERSON,
            key=new_key(),
            page_size=PAGE,
            refresh_after=None if shown.version else seconds_until([at.changes_at]),
        )

    return router


async def _plan_at(
    registry: AsyncPlanRegistry, shown: ShownPlan, events: Sequence[AuditEntry]
) -> PlanAt:
    """The plan now, or as it was at the version that is shown."""
    latest = events[-1].version
    version = shown.version
    if version is None:
        try:
            status = await registry.get_status(shown.id)
            decision = await registry.gate(shown.id)
        except PlanGone:
            version = latest
        else:
            return PlanAt(status, decision.reason, decision.changes_at, events, latest)
    status = await registry.history.as_of(shown.id, version=version)
    until = [entry for entry in events if entry.version <= version]
    return PlanAt(status, _reason(status), None, until, latest)


def _reason(plan: PlanStatus) -> str:
    """Why the verdict was what it was, as far as the confidence has to do with it."""
    confidence, threshold = plan.rolling_confidence, plan.confidence_threshold
    if not plan.evidence.scored:
        return "Nothing was scored yet."
    compared = "was below" if plan.needs_replan else "was not below"
    due = "A replan was due. " if plan.replan_due else ""
    now, wanted = number(confidence, threshold), number(threshold, confidence)
    return f"{due}The rolling confidence {now} {compared} {wanted}."


async def _history(
    registry: AsyncPlanRegistry, shown: ShownPlan, at: PlanAt
) -> tuple[Sequence[AuditEntry], int | None]:
    """The events to show, newest first, and the version from which the next page goes back."""
    events = at.events
    if shown.is_filtered():
        chosen = registry.history.audit(
            shown.id, task=shown.task, kind=shown.kind, actor=shown.actor
        )
        events = [entry async for entry in chosen if entry.version <= at.status.version]
    before = shown.before
    older = [entry for entry in events if before is None or entry.version < before]
    page_of = older[-PAGE:][::-1]
    return page_of, page_of[-1].version if len(older) > PAGE else None


def _counts(plan: PlanStatus) -> dict[TaskStatus, int]:
    counts = dict.fromkeys(TaskStatus, 0)
    for task in plan.tasks:
        counts[task.status] += 1
    return counts
