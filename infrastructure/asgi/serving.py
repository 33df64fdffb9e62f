"""A server that listens, says so, and ends its event streams when it is asked to stop.

uvicorn would raise the signal again once it has stopped; here the answer is the exit code.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from typing_extensions import override

from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.asgi.connections import BoundedConnection

INTERRUPTED: Final = 130
"""What shells report for a program that Ctrl-C ended."""

_PATIENCE: Final = 30
"""Seconds that requests have to end once the server stops."""

_KEEP_ALIVE: Final = 15


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `InvalidInput` where that is not possible."""
    name = host.strip("[]")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        *kind, _, address = found[0]
        # asyncio sends at once only where a socket says that its protocol is TCP.
        listener = socket.socket(*kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidInput([Problem("host", f"cannot listen on {host}:{port}: {why}")]) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """The address that clients use."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class StoppableServer(uvicorn.Server):
    """A server that sets `stopping` when it is asked to stop."""

    def __init__(self, app: Any, stopping: asyncio.Event, started: Callable[[], None]) -> None:
        """`started` is called once connections are accepted."""
        config = uvicorn.Config(
            app,
            http=BoundedConnection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_PATIENCE,
        )
        super().__init__(config)
        self._stopping = stopping
        self._announce = started
        self.exit_code = 0

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()  # before sse-starlette leaves its streams as they are
        super().handle_exit(sig, frame)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        handled = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in handled}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
            if self._captured_signals[:1] == [signal.SIGINT]:
                self.exit_code = INTERRUPTED
