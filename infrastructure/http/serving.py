"""Runs a server until it is asked to stop: `plangate serve`.

uvicorn would raise the signal again once it has stopped; here the answer is the exit code.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Final

import uvicorn
from typing_extensions import override

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.http.app import create_app
from plangate.infrastructure.http.connections import BoundedConnection
from plangate.infrastructure.http.hosts import allowed_names, is_loopback
from plangate.infrastructure.http.logs import logs_on_stderr

INTERRUPTED: Final = 130
"""What shells report for a program that Ctrl-C ended."""

_PATIENCE: Final = 30
"""Seconds that requests have to end once the server stops."""

_KEEP_ALIVE: Final = 15

_TURN: Final = 0.0005
"""Seconds that a thread may compute while another waits, such as the one that sends answers."""


def run_server(
    target: str | None,
    *,
    host: str,
    port: int,
    allowed_hosts: Sequence[str],
    started: Callable[[str], None],
) -> int:
    """Serve the store that `target` names, until SIGTERM or SIGINT; the exit code.

    `started` is given the address, once connections are accepted. Raises `InvalidInput` where
    callers from elsewhere would be let in without keys, and the `StoreError`s of `connect`.
    """
    names = allowed_names(allowed_hosts)
    _require_open(target, host, has_names=bool(names))
    stopping = asyncio.Event()
    app = create_app(
        lambda: AsyncPlanRegistry(partial(connect, target)),
        keys_required=bool(names) or not is_loopback(host),
        allowed_hosts=names,
        stopping=stopping,
    )
    with logs_on_stderr(), closing(_listening(host, port)) as listener:
        address = _address_of(listener)
        server = _Server(
            uvicorn.Config(
                app,
                http=BoundedConnection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_PATIENCE,
            ),
            stopping,
            lambda: started(address),
        )
        sys.setswitchinterval(_TURN)
        server.run([listener])
    return server.exit_code


def _require_open(target: str | None, host: str, *, has_names: bool) -> None:
    """Raise unless the store can be opened, and callers from elsewhere need a key."""
    with connect(target) as registry:
        if is_loopback(host) and not has_names:
            return
        if not has_names:
            message = "name the hosts that clients will use, each with --allowed-host"
            raise InvalidInput([Problem("host", message)])
        if not registry.keys.any_valid():
            message = "callers from elsewhere need a key: make one with `plangate keys create`"
            raise InvalidInput([Problem("host", message)])


def _listening(host: str, port: int) -> socket.socket:
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


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(uvicorn.Server):
    """A server that ends its event streams when it is asked to stop."""

    def __init__(
        self, config: uvicorn.Config, stopping: asyncio.Event, started: Callable[[], None]
    ) -> None:
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
