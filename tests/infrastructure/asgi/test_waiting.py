"""Long computations over HTTP: they are given up once no client waits for them."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

import plangate.aio
from plangate.application.aio.registry import AsyncReplay
from plangate.infrastructure.asgi.waiting import while_awaited
from plangate.infrastructure.http.app import create_app


def test_an_answer_is_given_to_a_client_that_waits_and_a_refusal_too() -> None:
    async def wait() -> Any:
        await asyncio.Event().wait()

    async def seven() -> int:
        return 7

    async def refused() -> int:
        raise ZeroDivisionError

    async def run() -> None:
        request = Request({"type": "http"}, receive=wait)
        assert await while_awaited(request, seven()) == 7
        with pytest.raises(ZeroDivisionError):
            await while_awaited(request, refused())

    asyncio.run(run())


def test_a_computation_is_given_up_once_its_client_left(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()
    sent: list[Any] = []

    async def check(_: AsyncReplay) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        parts = iter([{"type": "http.request"}])

        async def receive() -> Any:
            for part in parts:
                return part
            await begun.wait()
            return {"type": "http.disconnect"}

        app = create_app(lambda: plangate.aio.connect("memory:"))
        scope = {"type": "http", "method": "GET", "path": "/v1/check", "query_string": b""}
        async with app.router.lifespan_context(app):
            await app({**scope, "headers": [(b"host", b"localhost")]}, receive, send)

    monkeypatch.setattr(AsyncReplay, "check", check)
    asyncio.run(run())
    assert given_up.is_set()
    assert sent[0]["status"] == 503
    assert b"given-up" in sent[1]["body"]
