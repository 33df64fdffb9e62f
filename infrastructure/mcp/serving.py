"""Runs the server: over stdin and stdout for one client, or over HTTP on this machine.

Nothing but the protocol goes to stdout; logs go to stderr.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

import anyio
from mcp.server.stdio import stdio_server

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.asgi.hosts import HostCheck
from plangate.infrastructure.asgi.limits import Limits
from plangate.infrastructure.asgi.serving import StoppableServer, listening, url_of
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
) -> int:
    """Serve any number of clients on the loopback interface until a signal; the exit code.

    `announce` is called with the address when requests are accepted.
    """
    _log_to_stderr()
    return anyio.run(_serve_http, target, actor, port, announce)


async def _serve_stdio(target: str | None, actor: str | None) -> None:
    async with _registry(target) as registry:
        server = PlanServer(lambda: registry, callers=Callers(actor)).server()
        async with stdio_server() as (messages, answers):
            await server.run(messages, answers, server.create_initialization_options())


async def _serve_http(
    target: str | None, actor: str | None, port: int, announce: Callable[[str], None]
) -> int:
    async with _registry(target) as registry:
        mcp = McpApp(lambda: registry, Callers(actor, caller_of=holder_of))
        stopping = asyncio.Event()
        app = HostCheck(Limits(KeyCheck(mcp, lambda: registry), stopping=stopping))
        with closing(listening(HOST, port)) as listener:
            address = f"{url_of(listener).rstrip('/')}{mcp.path}"
            server = StoppableServer(app, stopping, lambda: announce(address))
            await server.serve([listener])
        return server.exit_code


def _registry(target: str | None) -> AsyncPlanRegistry:
    return AsyncPlanRegistry(partial(connect, target))


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
