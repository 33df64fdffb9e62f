"""The histories that are kept for the pages: as those that are read, and never older."""

import asyncio
from typing import Any

import plangate.aio
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.dashboard.histories import KEPT, Histories


async def read(registry: AsyncPlanRegistry, plan_id: str) -> list[Any]:
    return [entry async for entry in registry.history.audit(plan_id)]


def with_registry(test: Any) -> None:
    async def run() -> None:
        async with plangate.aio.connect("memory:") as registry:
            await registry.create("Billing", [{"id": "one", "title": "One"}], plan_id="a")
            await test(registry, Histories(lambda: registry))

    asyncio.run(run())


def test_a_history_grows_with_what_is_recorded() -> None:
    async def test(registry: AsyncPlanRegistry, histories: Histories) -> None:
        for score in (0.9, 0.5, 0.7):
            assert await histories.of("a") == await read(registry, "a")
            await registry.score_output("a", "one", score, rationale="because")
        assert await histories.of("a") == await read(registry, "a")

    with_registry(test)


def test_erased_text_is_not_kept() -> None:
    async def test(registry: AsyncPlanRegistry, histories: Histories) -> None:
        await registry.score_output("a", "one", 0.5, rationale="a secret")
        assert "a secret" in repr(await histories.of("a"))
        await registry.archive("a", "done with it")
        await registry.erase("a")
        assert "a secret" not in repr(await histories.of("a"))
        assert await histories.of("a") == await read(registry, "a")

    with_registry(test)


def test_what_is_kept_is_bounded() -> None:
    async def test(registry: AsyncPlanRegistry, histories: Histories) -> None:
        for number in range(3):
            await registry.create("Other", ["One"], plan_id=f"p{number}")
            entries = await histories.of(f"p{number}")
            histories._keep(f"p{number}", entries * (KEPT // 2))
        assert list(histories._kept) == ["p1", "p2"]

    with_registry(test)
