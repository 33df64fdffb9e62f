"""The server as an ASGI application: on its own, or mounted in another one.

It answers any path below which it is mounted. A host enters `lifespan` in its own: that of a
mounted application does not run by itself.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.server import PlanServer

PATH: Final = "/mcp"
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
"""The hosts that a browser reaches this machine by; a page of any other site has another."""

MAX_BODY: Final = 1024 * 1024


class MountedMcp:
    """The application to mount, and what runs while it is served."""

    def __init__(
        self,
        registry: Callable[[], AsyncPlanRegistry],
        callers: Callers = Callers(),  # noqa: B008  (it never changes)
        *,
        allowed_hosts: Sequence[str] = LOOPBACK,
        path: str = "/",
    ) -> None:
        """`registry` gives the one that is open. Other hosts and origins are refused.

        A host is a name without a port. With `callers` that know keys, the host application
        has checked them before a request comes here.
        """
        server = PlanServer(registry, callers=callers).server()
        self.app: Final = server.streamable_http_app(
            streamable_http_path=path,
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=_only(allowed_hosts),
        )
        self._run = server.session_manager.run

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """What the host enters while it serves; once."""
        return self._run()


def http_app(
    registry: Callable[[], AsyncPlanRegistry], callers: Callers, *, path: str
) -> Starlette:
    """An application of its own, with its lifespan."""
    return MountedMcp(registry, callers, path=path).app


def _only(hosts: Sequence[str]) -> TransportSecuritySettings:
    with_ports = [one for host in hosts for one in (host, f"{host}:*")]
    origins = [f"{scheme}://{one}" for scheme in ("http", "https") for one in with_ports]
    return TransportSecuritySettings(allowed_hosts=with_ports, allowed_origins=origins)
