"""The dashboard: pages that show plans, live, and send the commands that lead on."""

from typing import Any

from fastapi import APIRouter

from plangate.infrastructure.dashboard import (
    actions,
    assets,
    live,
    operations_page,
    plan_list,
    plan_page,
    what_if,
)
from plangate.infrastructure.dashboard.answers import GivenRegistry, opened
from plangate.infrastructure.dashboard.changes import Changes


def pages(registry: GivenRegistry, *, caller: Any) -> APIRouter:
    """The routes of the dashboard, to be included in an application.

    `registry` is an open `AsyncPlanRegistry`, or a callable that gives one. `caller` is a
    dependency that gives who asks: with an `actor`, and `scopes`.
    """
    router = APIRouter(include_in_schema=False)
    for one in (plan_list, plan_page, actions, what_if, operations_page):
        router.include_router(one.routes(registry, caller))
    router.include_router(live.routes(Changes(opened(registry)), caller))
    router.include_router(assets.routes())
    return router
