"""The server as an ASGI application: on its own, or mounted in another one."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.asgi.hosts import LOOPBACK, HostCheck
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.server import PlanServer

MAX_BODY: Final = 1024 * 1024


class McpApp:
    """The application, at one path. A host has it as `Route(mcp.path, mcp)`.

    The host enters `lifespan` in its own lifespan, once: that of an application inside another
    does not run by itself.
    """

    def __init__(
        self,
        registry: Callable[[], AsyncPlanRegistry],
        callers: Callers = Callers(),  # noqa: B008  (it never changes)
        *,
        allowed_hosts: Collection[str] = LOOPBACK,
        path: str = "/mcp",
    ) -> None:
        """`registry` gives the one that is open. Other hosts, and pages of others, are refused.

        A host is a name without a port. `callers` say who sent a request; whether its key is
        valid, the host checks before the request comes here.
        """
        self.path: Final = path
        server = PlanServer(registry, callers=callers).server()
        inner = server.streamable_http_app(
            streamable_http_path=path,
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            # `HostCheck` is stricter: here `localhost:1.example` would pass as a port.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._app: ASGIApp = HostCheck(inner, allowed=allowed_hosts)
        self._run = server.session_manager.run

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """What runs while requests are served."""
        return self._run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the lifespan where this is the whole application."""
        await self._app(scope, receive, send)
