"""Runs a server until it is asked to stop: `plangate serve`."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.asgi.hosts import allowed_names, is_loopback
from plangate.infrastructure.asgi.serving import StoppableServer, listening, url_of
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.http.app import create_app
from plangate.infrastructure.http.logs import logs_on_stderr

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
    with logs_on_stderr(), closing(listening(host, port)) as listener:
        address = url_of(listener)
        server = StoppableServer(app, stopping, lambda: started(address))
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
