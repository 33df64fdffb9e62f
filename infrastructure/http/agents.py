"""The tools of agents, over MCP, behind the access control of a server."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.hosts import LOOPBACK
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.mounting import McpApp

_PATH: Final = "/mcp"


class Agents:
    """An application for `Route(agents.path, agents)`; the server enters `lifespan` in its own."""

    path: Final = _PATH

    def __init__(
        self,
        registry: Callable[[], AsyncPlanRegistry],
        caller_of: Callable[[Request], Awaitable[Caller]],
        *,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        """`caller_of` gives who sent a request, or raises `Unauthenticated`."""
        self._caller_of = caller_of
        callers = Callers(caller_of=lambda request: request.state.agent)
        self._mcp = McpApp(registry, callers, allowed_hosts={*LOOPBACK, *allowed_hosts}, path=_PATH)

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """What runs while requests are served."""
        return self._mcp.lifespan()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of a caller that is known."""
        request = Request(scope)
        try:
            request.state.agent = await self._caller_of(request)
        except Unauthenticated as error:
            await error.response()(scope, receive, send)
            return
        await self._mcp(scope, receive, send)
