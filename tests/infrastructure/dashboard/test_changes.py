"""The notices that open pages wait for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import plangate.aio
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.dashboard.changes import MAX_PAGES, Changes, Notice

NEVER = 3600.0


async def notice(found: AsyncIterator[Notice | None]) -> Notice:
    """The next notice."""
    said = await asyncio.wait_for(anext(found), 20)
    assert said is not None
    return said


def with_registry(test: Any, store: str = "memory:") -> None:
    async def run() -> None:
        async with plangate.aio.connect(store) as registry:
            await registry.create("Billing", [{"id": "one", "title": "One"}], plan_id="a")
            await registry.create("Search", [{"id": "one", "title": "One"}], plan_id="b")
            await test(registry, Changes(lambda: registry))

    asyncio.run(run())


def test_a_page_is_notified_of_its_plan_alone_and_one_of_all_plans_of_each() -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        async with (
            aclosing(changes.after(last, "a", NEVER)) as own,
            aclosing(changes.after(last, None, NEVER)) as every,
        ):
            first = asyncio.ensure_future(anext(own))
            assert await asyncio.wait_for(asyncio.shield(_other(registry, every)), 20) == last + 1
            assert not first.done()
            await registry.score_prompt("a", "one", 0.5)
            assert (await asyncio.wait_for(first, 20)) == Notice(last + 2)

    async def _other(registry: AsyncPlanRegistry, every: AsyncIterator[Notice | None]) -> int:
        waiting = asyncio.ensure_future(notice(every))
        await asyncio.sleep(0)
        await registry.score_prompt("b", "one", 0.5)
        return (await waiting).position

    with_registry(test)


def test_what_was_recorded_before_the_page_waits_is_a_notice() -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        async with aclosing(changes.after(last - 1, None, NEVER)) as first:
            assert await notice(first) == Notice(last)
            async with aclosing(changes.after(last - 1, "b", NEVER)) as second:
                assert await notice(second) == Notice(last)

    with_registry(test)


def test_changes_close_together_are_one_notice() -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        async with aclosing(changes.after(last - 1, None, NEVER)) as found:
            await notice(found)
            for number in range(20):
                await registry.score_prompt("a", "one", number / 20)
            notices = 0
            while (await notice(found)).position < last + 20:
                notices += 1
            assert notices < 20

    with_registry(test)


def test_silence_is_none_and_the_reader_ends_with_the_last_page() -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        async with aclosing(changes.after(last, "a", 0.01)) as found:
            assert await anext(found) is None
            names = {task.get_name(): task for task in asyncio.all_tasks()}
            reader = names["plangate-pages"]
        await asyncio.wait([reader], timeout=20)
        assert reader.cancelled()

    with_registry(test)


def test_a_store_that_is_away_is_a_notice(tmp_path: Path) -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        async with aclosing(changes.after(last, "a", NEVER)) as found:
            waiting = asyncio.ensure_future(notice(found))
            await asyncio.sleep(0)
            (tmp_path / "plans.db").rename(tmp_path / "away.db")
            said = await waiting
            assert "was deleted or renamed" in (said.problem or "")
        async with aclosing(changes.after(last, "a", NEVER)):
            (tmp_path / "away.db").rename(tmp_path / "plans.db")

    with_registry(test, str(tmp_path / "plans.db"))


def test_no_more_pages_wait_than_there_is_room_for() -> None:
    async def test(registry: AsyncPlanRegistry, changes: Changes) -> None:
        last = await registry.history.last_position()
        waiting = [changes.after(last, None, NEVER) for _ in range(MAX_PAGES)]
        tasks = [asyncio.ensure_future(anext(one)) for one in waiting]
        await asyncio.sleep(0)
        assert changes.is_full()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not changes.is_full()

    with_registry(test)
