"""History: who did what and why, what changed in between, and why the confidence is as it is."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from plangate.application.history.audit import AuditEntry
from plangate.application.history.diff import PlanDiff
from plangate.application.history.explain import Explanation
from plangate.application.results import Result
from plangate.domain.errors import PlanNotFound
from plangate.infrastructure.http.exchange import Exchange, Given, answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import (
    WHOLE,
    At,
    FromOne,
    Limit,
    NoneAllowed,
    PlanId,
    Version,
)

group = Group("history")


class HistoryPage(Result):
    """A page of the audit trail. `next` is the `after` of the next page; null on the last."""

    entries: tuple[AuditEntry, ...]
    next: int | None


_Text = Annotated[str, Field(max_length=500)] | NoneAllowed
_Beyond = Annotated[
    Annotated[int, Field(ge=0, le=2**62), WHOLE],
    Query(description="The `next` of the page before."),
]
_FirstVersion = Annotated[FromOne, Query(description="The earlier version.")]


@group.query("/plans/{plan_id}/history", HistoryPage, refuses=[PlanNotFound])
async def list_history_of_plan(
    plan_id: PlanId,
    given: Given,
    *,
    task: _Text = None,
    kind: _Text = None,
    actor: _Text = None,
    scorer: _Text = None,
    since: At = None,
    until: At = None,
    limit: Limit = 100,
    after: _Beyond = 0,
) -> Response:
    """List a plan's events, also of a deleted plan: `after` is a version."""
    filters = {"task": task, "kind": kind, "actor": actor, "scorer": scorer}
    times = {"since": since, "until": until}
    found = await _entries(given, limit, plan_id=plan_id, after_version=after, **filters, **times)
    more = len(found) > limit
    return _page(found[:limit], found[limit - 1].version if more else None)


@group.query("/history", HistoryPage)
async def list_history(
    given: Given,
    *,
    kind: _Text = None,
    actor: _Text = None,
    scorer: _Text = None,
    since: At = None,
    until: At = None,
    limit: Limit = 100,
    after: _Beyond = 0,
) -> Response:
    """List the events of all plans in commit order: `after` is a position of the log."""
    filters = {"kind": kind, "actor": actor, "scorer": scorer, "since": since, "until": until}
    found = await _entries(given, limit, after=after, **filters)
    more = len(found) > limit
    return _page(found[:limit], found[limit - 1].position if more else None)


@group.query("/plans/{plan_id}/explanation", Explanation, refuses=[PlanNotFound])
async def explain_plan(plan_id: PlanId, given: Given, version: Version = None) -> Response:
    """Explain a plan's rolling confidence, and what would flip its gate."""
    return answer(await given.registry.history.explain(plan_id, version=version))


@group.query("/plans/{plan_id}/diff", PlanDiff, refuses=[PlanNotFound])
async def compare_versions(
    plan_id: PlanId, given: Given, a: _FirstVersion, b: Version = None
) -> Response:
    """Compare a plan at version `a` with the same plan at version `b`, or now."""
    return answer(await given.registry.history.diff(plan_id, a, b))


async def _entries(given: Exchange, limit: int, **chosen: Any) -> list[AuditEntry]:
    """One entry more than the page has, so as to know whether another page follows."""
    trail = given.registry.history.audit(**chosen, limit=limit + 1)
    return [entry async for entry in trail]


def _page(entries: list[AuditEntry], following: int | None) -> Response:
    return answer(HistoryPage(entries=tuple(entries), next=following))
