"""The server's application: the API, the pages, the checks of its operators, and its defences."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.routing import Route

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.headers import SecurityHeaders
from plangate.infrastructure.asgi.hosts import LOOPBACK, HostCheck
from plangate.infrastructure.asgi.limits import Limits
from plangate.infrastructure.asgi.problem_details import problem
from plangate.infrastructure.dashboard.answers import error_page, page
from plangate.infrastructure.dashboard.pages import pages
from plangate.infrastructure.http import operators, problems, sign_in
from plangate.infrastructure.http.access import Access
from plangate.infrastructure.http.document import DESCRIPTION, PREFIX, DescribedApp
from plangate.infrastructure.http.logs import Observed
from plangate.infrastructure.http.metrics import Metrics
from plangate.infrastructure.http.router import router

if TYPE_CHECKING:
    from plangate.infrastructure.http.agents import Agents


def create_app(
    registry_factory: Callable[[], AsyncPlanRegistry],
    *,
    keys_required: bool = False,
    allowed_hosts: Collection[str] = (),
    stopping: asyncio.Event | None = None,
) -> FastAPI:
    """The application, which opens a registry for as long as it runs, and follows its views.

    `registry_factory` names the store. `allowed_hosts` are the names that it answers for beside
    those of loopback. Once `stopping` is set, event streams end.
    """
    opened: list[AsyncPlanRegistry] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            registry = await running.enter_async_context(registry_factory())
            await registry.views.follow()
            opened[:] = [registry]
            for served in agents:
                await running.enter_async_context(served.lifespan())
            yield

    def registry() -> AsyncPlanRegistry:
        return opened[0]

    app = DescribedApp(
        title="plangate",
        version=version("plangate"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    access, metrics = Access(registry, required=keys_required), Metrics()
    agents = _agents(registry, access, allowed_hosts)
    problems.install(app)
    app.add_exception_handler(Unauthenticated, _unauthenticated)
    app.add_exception_handler(HTTPStatus.NOT_FOUND, _not_found)
    app.include_router(router(registry, caller=access.caller), prefix=PREFIX)
    app.include_router(operators.checks(registry, access, metrics))
    app.include_router(sign_in.entrance_for_people(access, page))
    app.include_router(pages(registry, caller=access.caller))
    app.router.routes.extend(Route(served.path, served) for served in agents)
    # The last one added is the first that sees a request.
    app.add_middleware(Limits, stopping=stopping or asyncio.Event())
    app.add_middleware(HostCheck, allowed={*LOOPBACK, *allowed_hosts})
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observed, metrics=metrics)
    return app


def _agents(
    registry: Callable[[], AsyncPlanRegistry], access: Access, allowed_hosts: Collection[str]
) -> "list[Agents]":
    """The tools of agents, where the extra `mcp` is installed."""
    if find_spec("mcp") is None:
        return []
    from plangate.infrastructure.http.agents import Agents

    async def caller_of(request: Request) -> Caller:
        return await access.caller(request, None, request.headers.get("x-actor"))

    return [Agents(registry, caller_of, allowed_hosts=allowed_hosts)]


async def _unauthenticated(request: Request, error: Exception) -> Response:
    """Lead a person to where a key is given, and say the same to a program as a problem."""
    if _wants_page(request):
        return sign_in.lead_to(request)
    return problems.problem_of(error)


async def _not_found(request: Request, _: Exception) -> Response:
    """Say to a person on a page that there is nothing at an address, and to a program likewise."""
    if _wants_page(request):
        return error_page(request, HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    return problem(problems.NOT_FOUND)


def _wants_page(request: Request) -> bool:
    accepts = "text/html" in request.headers.get("accept", "")
    return accepts and request.method in {"GET", "HEAD"} and not request.url.path.startswith("/v1/")
