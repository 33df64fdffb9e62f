"""What a server's operators and their programs ask: whether it lives, can serve, and how fast."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from plangate.application import telemetry
from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.health import RegistryHealth, ViewLag
from plangate.application.results import Result
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.problem_details import Kind, problem
from plangate.infrastructure.http.access import Access
from plangate.infrastructure.http.metrics import CONTENT_TYPE, Metrics
from plangate.infrastructure.http.operations import problem_responses
from plangate.infrastructure.http.problems import KINDS
from plangate.infrastructure.http.route import PlangateRoute

NOT_READY: Final = Kind("not-ready", 503, "The server cannot serve now", retry=True)


class Alive(Result):
    """The server runs."""

    status: str = "alive"


class Ready(Result):
    """The store answers. `views` says how many positions of the log each has yet to project."""

    status: str = "ready"
    views: tuple[ViewLag, ...] = ()


def checks(
    registry: Callable[[], AsyncPlanRegistry], access: Access, metrics: Metrics
) -> APIRouter:
    """The routes of the checks. They are open to all, the figures only to those who may read."""
    router = APIRouter(route_class=PlangateRoute, tags=["server"])

    @router.get("/healthz", operation_id="healthz", responses=problem_responses([]))
    async def healthz() -> Alive:
        """Say that the server runs, whatever becomes of the store."""
        return Alive()

    @router.get(
        "/readyz",
        operation_id="readyz",
        response_model=Ready,
        responses=problem_responses([NOT_READY]),
    )
    async def readyz() -> Response:
        """Say whether the store answers, and how far the views are behind it."""
        health = await registry().health()
        if not health.reachable:
            telemetry.log.warning("not ready: %s", health.problem)
            return problem(NOT_READY, "the store does not answer")
        if health.failure is not None:
            telemetry.log.warning("the views do not follow the log: %s", health.failure)
        return Response(Ready(views=health.views).model_dump_json(), media_type="application/json")

    @router.get(
        "/metrics",
        operation_id="metrics",
        response_class=Response,
        responses={
            200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}},
            **problem_responses([KINDS[Unauthenticated]]),
        },
    )
    async def figures(caller: Annotated[Caller, Depends(access.caller)]) -> Response:
        """Figures for Prometheus. Scope: `plans:read`."""
        caller.require(Scope.PLANS_READ)
        health: RegistryHealth = await registry().health()
        return Response(metrics.text(health), media_type=CONTENT_TYPE)

    for path, endpoint in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", figures)):
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
    return router
