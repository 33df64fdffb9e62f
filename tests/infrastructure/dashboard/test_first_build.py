"""What the list shows while the views are built for the first time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.testclient import TestClient

import plangate.aio
from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry, AsyncViews
from plangate.infrastructure.dashboard import first_build
from plangate.infrastructure.dashboard.pages import pages


class Admin:
    """Someone who may do everything."""

    actor = None
    scopes = frozenset({Scope.ADMIN})


@contextmanager
def held_up() -> Iterator[asyncio.Event]:
    """Let the views answer only once the event is set."""
    let_go = asyncio.Event()
    answer: Any = AsyncViews.plans

    async def plans(self: AsyncViews, **asked: Any) -> Any:
        await let_go.wait()
        return await answer(self, **asked)

    with patch.object(AsyncViews, "plans", plans), patch.object(first_build, "PATIENCE", 0.01):
        yield let_go


def test_the_list_shows_how_far_the_views_are_until_they_answer() -> None:
    opened: list[AsyncPlanRegistry] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with plangate.aio.connect("memory:") as registry:
            await registry.create("Billing", ["One"])
            opened.append(registry)
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(pages(lambda: opened[0], caller=Admin))
    with TestClient(app) as client, held_up() as let_go:
        assert client.portal is not None
        for _ in range(2):
            page = client.get("/").text
            assert "The views are being built" in page
            assert "0 of 1 event" in page
            assert 'data-refresh-after="1"' in page
        client.portal.call(let_go.set)
        with patch.object(first_build, "PATIENCE", 20.0):
            assert "Billing" in client.get("/").text
