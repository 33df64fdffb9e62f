"""Plans: register and find them, and see how each is and whether it can go on."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Body, Query, Request
from pydantic import Field
from starlette.responses import Response

from plangate.application.commands import create_of
from plangate.application.drafts import PlanDraft
from plangate.application.errors import ViewBehind
from plangate.application.gate_decision import GateDecision
from plangate.application.graph import PlanGraph
from plangate.application.results import PlanStatus
from plangate.application.views.plan_summaries import PlanOrder, PlanPage
from plangate.domain.errors import InvalidInput, PlanExists, PlanGone, PlanNotFound, Problem
from plangate.domain.vocabulary import PlanState, Verdict
from plangate.infrastructure.http.bodies import valid
from plangate.infrastructure.http.conditions import IfNoneMatch, etag, is_known
from plangate.infrastructure.http.exchange import (
    Given,
    OptionsWithoutVersion,
    answer,
    execute,
    plan_answer,
)
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import (
    After,
    At,
    AtLeast,
    Flag,
    Limit,
    NoneAllowed,
    PlanId,
    Version,
)

group = Group("plans")

_NOT_MODIFIED: Final = {304: {"description": "The client has this answer already"}}
_LOCATION: Final = {
    "description": "Where the plan is.",
    "schema": {"type": "string"},
    "example": "/v1/plans/billing",
}

_NewPlan = Annotated[
    PlanDraft,
    valid(PlanDraft),
    Body(
        examples=[
            {
                "goal": "Move billing",
                "plan_id": "billing",
                "tasks": [
                    {"id": "schema", "title": "Design the schema"},
                    {"id": "build", "title": "Build it", "depends_on": ["schema"]},
                ],
                "policy": "steady",
            }
        ]
    ),
]


@group.command(
    "/plans",
    PlanStatus,
    refuses=[PlanExists],
    of_plan=False,
    status_code=201,
    responses={201: {"description": "The plan", "headers": {"Location": _LOCATION}}},
)
async def create_plan(
    draft: _NewPlan, request: Request, given: Given, options: OptionsWithoutVersion
) -> Response:
    """Register a plan; ids that are not given are made."""
    plan = await execute(given, None, create_of(draft, {}), options)
    location = f"{request.url.path.rstrip('/')}/{quote(plan.plan_id, safe='')}"
    return answer(plan, 201, tag=etag(plan.version), location=location)


@group.query("/plans", PlanPage, refuses=[ViewBehind])
async def list_plans(
    given: Given,
    *,
    labels: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Query(description="Labels that the plan must all have.", default_factory=list),
    ],
    state: PlanState | NoneAllowed = None,
    verdict: Annotated[Verdict | NoneAllowed, Query()] = None,
    needs_replan: Annotated[Flag | NoneAllowed, Query()] = None,
    text: Annotated[
        str | NoneAllowed,
        Query(description="Words, or their beginnings, that the goal and titles all have."),
    ] = None,
    order: PlanOrder = PlanOrder.OLDEST,
    limit: Limit = 100,
    after: After = None,
    at_least: AtLeast = None,
) -> Response:
    """List the plans that match every filter, page by page."""
    page = await given.registry.views.plans(
        state=state,
        verdict=verdict,
        needs_replan=needs_replan,
        text=text,
        labels=labels,
        order=order,
        limit=limit,
        after=after,
        at_least=at_least,
    )
    return answer(page)


@group.query(
    "/plans/{plan_id}", PlanStatus, refuses=[PlanNotFound, PlanGone], responses=_NOT_MODIFIED
)
async def get_plan(
    plan_id: PlanId,
    given: Given,
    version: Version = None,
    at: At = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show a plan now, or as it was at a version or a moment."""
    if version is not None and at is not None:
        raise InvalidInput([Problem("at", "name a version or a moment, not both")])
    if version is not None or at is not None:
        return answer(await given.registry.history.as_of(plan_id, version=version, at=at))
    plan = await given.registry.get_status(plan_id)
    tag = etag(plan.version, plan.changes_at)
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    return plan_answer(plan)


@group.query(
    "/plans/{plan_id}/gate",
    GateDecision,
    refuses=[PlanNotFound],
    responses=_NOT_MODIFIED,
    has_tag=True,
)
async def ask_gate(plan_id: PlanId, given: Given, if_none_match: IfNoneMatch = None) -> Response:
    """Say whether work on the plan can go on, why, and what leads on."""
    decision = await given.registry.gate(plan_id)
    tag = etag(decision.version, decision.changes_at)
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    return answer(decision, tag=tag)


@group.query("/plans/{plan_id}/graph", PlanGraph, refuses=[PlanNotFound, PlanGone])
async def get_graph(plan_id: PlanId, given: Given) -> Response:
    """Show the plan's dependencies: topological order, what is ready, the critical path."""
    return answer(await given.registry.graph(plan_id))
