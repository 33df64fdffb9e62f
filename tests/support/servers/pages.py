"""A real server with the API and the pages, on loopback, with a real store."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from typing_extensions import override

import plangate.aio
from plangate.infrastructure.http.app import create_app


class _Server(uvicorn.Server):
    """A server that says when it is ready, and ends its streams when it stops."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._stopping = stopping

    @override
    async def startup(self, sockets: Any = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @override
    async def shutdown(self, sockets: Any = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


@contextmanager
def serving(store: Path | str, port: int = 0) -> Iterator[str]:
    """The address at which a store is served, on a free port by default, within the block."""
    stopping = asyncio.Event()
    app = create_app(lambda: plangate.aio.connect(str(store)), stopping=stopping)
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5)
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = _Server(config, stopping)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            assert server.ready.wait(20)
            assert server.started
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
