"""An application with the HTTP API on a store, and a real server that runs it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from time import sleep
from typing import Any

import uvicorn
from fastapi import FastAPI

import plangate.aio
from plangate.infrastructure.http.document import DescribedApp
from plangate.infrastructure.http.problems import install
from plangate.infrastructure.http.router import router


def application(connect: Callable[[], plangate.aio.AsyncPlanRegistry], **options: Any) -> FastAPI:
    """The API under /v1, on a registry that is open while the application runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with connect() as registry:
            app.state.registry = registry
            yield

    app = DescribedApp(title="plangate", version="1", lifespan=lifespan)
    app.include_router(router(lambda: app.state.registry, **options), prefix="/v1")
    install(app)
    return app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Run a server on a free port of this machine; its address."""
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
