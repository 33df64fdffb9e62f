"""Runs the server: over stdin and stdout for one client, or over HTTP on this machine.

Nothing but the protocol goes to stdout; logs go to stderr.
"""

import logging
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

import anyio
import uvicorn
from mcp.server.stdio import stdio_server

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.keys import KeyCheck, holder_of
from plangate.infrastructure.mcp.mounting import McpApp
from plangate.infrastructure.mcp.server import PlanServer

HOST: Final = "127.0.0.1"


def serve_stdio(target: str | None, actor: str | None) -> None:
    """Serve one client until it closes stdin."""
    _log_to_stderr()
    anyio.run(_serve_stdio, target, actor)


def serve_http(
    target: str | None, actor: str | None, port: int, announce: Callable[[str], None]
) -> None:
    """Serve any number of clients on the loopback interface until a signal ends it.

    `announce` is called with the address when requests are accepted.
    """
    _log_to_stderr()
    anyio.run(_serve_http, target, actor, port, announce)


async def _serve_stdio(target: str | None, actor: str | None) -> None:
    async with _registry(target) as registry:
        server = PlanServer(lambda: registry, callers=Callers(actor)).server()
        async with stdio_server() as (messages, answers):
            await server.run(messages, answers, server.create_initialization_options())


async def _serve_http(
    target: str | None, actor: str | None, port: int, announce: Callable[[str], None]
) -> None:
    async with _registry(target) as registry:
        mcp = McpApp(lambda: registry, Callers(actor, caller_of=holder_of))
        app = KeyCheck(mcp, lambda: registry)
        config = uvicorn.Config(app, HOST, port, log_config=None, server_header=False)
        await _Announced(config, lambda bound: announce(f"http://{HOST}:{bound}{mcp.path}")).serve()


class _Announced(uvicorn.Server):
    """Says at which port it listens: the system may have chosen that."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[int], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce(self.servers[0].sockets[0].getsockname()[1])


def _registry(target: str | None) -> AsyncPlanRegistry:
    return AsyncPlanRegistry(partial(connect, target))


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
