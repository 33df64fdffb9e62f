"""Subscriptions for asyncio: one reader for all that wait; the slow ones read the log again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from threading import active_count
from typing import Any

import pytest

from plangate.application.aio import feeds
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import LogWentBack, StoreUnavailable, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.stores import plant

TASKS = [{"id": "a", "title": "A"}]
PATIENCE = 30.0

Test = Callable[[AsyncPlanRegistry], Coroutine[Any, Any, None]]


def run(test: Test) -> EventStore:
    """Run a test with an open registry in memory; its store."""
    store = memory_event_store()

    async def main() -> None:
        async with AsyncPlanRegistry(lambda: registry_on(store)) as registry:
            await asyncio.wait_for(test(registry), PATIENCE)

    asyncio.run(main())
    return store


async def positions(events: AsyncIterator[RecordedEvent], limit: int = 1_000) -> list[int | None]:
    """Where the first events are in the log."""
    found: list[int | None] = []
    async for event in events:
        found.append(event.envelope.position)
        if len(found) == limit:
            break
    return found


async def waiting(registry: AsyncPlanRegistry, number: int) -> None:
    """Wait until so many subscribers wait."""
    while len(registry._feeds._waiting) != number:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def create(registry: AsyncPlanRegistry, *names: str) -> None:
    """Create plans of these names."""
    for name in names:
        await registry.create("g", TASKS, plan_id=name)


def test_it_ends_after_silence_with_all_that_was_asked_for() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        await create(registry, "p", "q")
        await registry.pause("p", "lunch")
        assert await positions(registry.subscribe(timeout=0)) == [1, 2, 3]
        assert await positions(registry.subscribe(after=1, timeout=0.01)) == [2, 3]
        assert await positions(registry.subscribe(kinds="plan-paused", timeout=0)) == [3]
        assert await positions(registry.subscribe(plan_ids=["q"], timeout=0)) == [2]

    run(test)


def test_any_number_of_subscribers_wait_without_a_thread_each() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        subscribers = [
            asyncio.create_task(positions(registry.subscribe(timeout=PATIENCE), 20))
            for _ in range(100)
        ]
        await waiting(registry, 100)
        before = active_count()
        await create(registry, *(f"p{n}" for n in range(20)))
        assert await asyncio.gather(*subscribers) == [list(range(1, 21))] * 100
        assert active_count() == before

    run(test)


def test_the_log_is_read_once_for_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        store, reads = registry._opened._store, 0
        read = store.read_all_stored

        def counted(**given: Any) -> Any:
            nonlocal reads
            reads += 1
            return read(**given)

        subscribers = [
            asyncio.create_task(positions(registry.subscribe(timeout=PATIENCE), 1))
            for _ in range(50)
        ]
        await waiting(registry, 50)
        monkeypatch.setattr(store, "read_all_stored", counted)
        await create(registry, "p")
        assert await asyncio.gather(*subscribers) == [[1]] * 50
        assert reads < 50

    run(test)


def test_a_subscriber_slower_than_its_writers_reads_the_log_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "QUEUED", 3)
    monkeypatch.setattr(feeds, "PAGE", 3)

    async def test(registry: AsyncPlanRegistry) -> None:
        go_on, found = asyncio.Event(), list[int | None]()

        async def slow() -> None:
            async for event in registry.subscribe(timeout=PATIENCE):
                found.append(event.envelope.position)
                await go_on.wait()
                if len(found) == 30:
                    return

        quick = asyncio.create_task(positions(registry.subscribe(timeout=PATIENCE), 30))
        reading = asyncio.create_task(slow())
        await waiting(registry, 2)
        await create(registry, *(f"p{n}" for n in range(20)))
        await waiting(registry, 1)  # the slow one has left
        go_on.set()
        await create(registry, *(f"q{n}" for n in range(10)))
        await reading
        assert found == await quick == list(range(1, 31))

    run(test)


def test_no_one_joins_a_reader_that_has_come_further() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        await create(registry, "p", "q")
        first = asyncio.create_task(positions(registry.subscribe(), 3))
        await waiting(registry, 1)
        behind = feeds._Subscriber(registry._feeds.asked(after=1))
        assert not registry._feeds._joined(behind)
        assert not await registry._feeds._has_all(behind)
        assert registry._feeds._joined(behind)
        await create(registry, "r")
        assert await first == [1, 2, 3]
        assert len(behind.queue) == 2

    run(test)


def test_one_that_could_not_join_reads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        joined, answers = registry._feeds._joined, iter([False])
        monkeypatch.setattr(
            registry._feeds, "_joined", lambda own: next(answers, True) and joined(own)
        )
        reading = asyncio.create_task(positions(registry.subscribe(), 1))
        await waiting(registry, 1)
        await create(registry, "p")
        assert await reading == [1]

    run(test)


def test_other_events_do_not_lengthen_the_silence() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        await create(registry, "p")
        paused = asyncio.create_task(
            positions(registry.subscribe(kinds="plan-paused", timeout=0.05))
        )
        while not paused.done():
            await registry.score_prompt("p", "a", 0.9)
        assert await paused == []

    run(test)


def test_a_subscriber_that_is_cancelled_or_left_leaves_nothing_behind() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        subscriber = asyncio.create_task(positions(registry.subscribe()))
        await waiting(registry, 1)
        subscriber.cancel()
        with pytest.raises(asyncio.CancelledError):
            await subscriber
        await create(registry, "p")
        async for _ in registry.subscribe():
            break
        await waiting(registry, 0)
        while registry._feeds._reader or registry._opened._watch._thread:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    run(test)


def test_closing_ends_subscriptions() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        await create(registry, "p")
        subscribers = [asyncio.create_task(positions(registry.subscribe())) for _ in range(3)]
        await waiting(registry, 3)
        await registry.close()
        assert await asyncio.gather(*subscribers) == [[1]] * 3

    run(test)


def test_what_cannot_be_read_is_reported_to_those_who_ask_for_it() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        every = asyncio.create_task(positions(registry.subscribe()))
        created = registry.subscribe(kinds="plan-created", timeout=PATIENCE)
        those = asyncio.create_task(positions(created, 1))
        await waiting(registry, 2)
        plant(registry._opened._store, [StoredEntry("r", 1, None, "task-blessed", b"{}")])
        await create(registry, "p")
        with pytest.raises(UnreadableEvent) as refusal:
            await every
        assert refusal.value.position == 1
        assert await those == [2]
        assert await positions(registry.subscribe(after=1, timeout=0)) == [2]

    run(test)


def test_a_log_that_went_back_is_reported_to_all() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        await create(registry, "p", "q")
        subscribers = [asyncio.create_task(positions(registry.subscribe())) for _ in range(3)]
        await waiting(registry, 3)
        registry._opened._store._recorder._stored_events.pop()  # type: ignore[attr-defined]
        registry._opened._watch.announce()
        for subscriber in subscribers:
            with pytest.raises(LogWentBack):
                await subscriber
        await create(registry, "r")
        assert await positions(registry.subscribe(timeout=0)) == [1, 2]

    run(test)


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("waits", [False, True])
def test_a_store_that_fails_is_reported_unless_it_is_closed(
    monkeypatch: pytest.MonkeyPatch, *, closes: bool, waits: bool
) -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        def fail(**_: object) -> None:
            if closes:
                registry._opened._watch.close()
            raise StoreUnavailable("gone")

        subscriber = asyncio.create_task(positions(registry.subscribe()))
        if waits:
            await waiting(registry, 1)
        monkeypatch.setattr(registry._opened._store, "read_all_stored", fail)
        registry._opened._watch.announce()
        if closes:
            assert await subscriber == []
        else:
            with pytest.raises(StoreUnavailable, match="gone"):
                await subscriber

    run(test)


def test_a_loop_that_is_closed_is_not_woken() -> None:
    async def bell() -> feeds._Bell:
        return feeds._Bell()

    closed = asyncio.run(bell())
    assert closed.empty()
    closed.put(None)
    assert closed.empty()
