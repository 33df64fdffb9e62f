"""Subscriptions for asyncio: one reader for all subscribers of a registry that wait.

Each reads the log itself until it has come to its end, and then joins the reader, which puts
new events into the queues of all. A subscriber that waits holds no thread. One whose queue is
full leaves the reader and, when it has handled what is in the queue, reads the log itself again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from plangate.application.aio.threads import Threads
from plangate.application.errors import StoreUnavailable, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.history.feed import PAGE, Feed, Seen, feed, read_on, up_to
from plangate.application.log_watch import LogWatch
from plangate.application.plan_log import known_position
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.registry import PlanRegistry

QUEUED: Final = 1_000
"""The most events that wait in the queue of one subscriber."""

_Read = tuple[StoredEntry, RecordedEvent | UnreadableEvent]


class _Subscriber:
    """One subscriber: its queue, and how far the log was read for it."""

    def __init__(self, asked: Feed) -> None:
        self.asked = asked
        self.seen = Seen(asked.after)
        self.queue: deque[RecordedEvent | UnreadableEvent] = deque()
        self.news = asyncio.Event()
        self.failure: Exception | None = None

    def accept(self, page: Sequence[_Read], seen: Seen) -> bool:
        """Queue what is asked for of a page of the log; whether there was room."""
        chosen = [
            found
            for entry, found in page
            if known_position(entry.position) > self.seen.position and self.asked.has(entry)
        ]
        if len(self.queue) + len(chosen) > QUEUED:
            return False
        self.queue.extend(chosen)
        self.seen = max(seen, self.seen, key=lambda one: one.position)
        if chosen:
            self.news.set()
        return True


class _Bell:
    """Wakes the reader, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.rung = asyncio.Event()

    def empty(self) -> bool:
        return not self.rung.is_set()

    def put(self, _: None, /) -> None:
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(self.rung.set)


class Feeds:
    """The subscriptions of one registry, in one event loop."""

    def __init__(self, threads: Threads, registry: Callable[[], PlanRegistry]) -> None:
        """`registry` gives the one that blocks, once it is open."""
        self._threads = threads
        self._registry = registry
        self._waiting: set[_Subscriber] = set()
        self._seen = Seen(0)
        self._reader: asyncio.Task[None] | None = None
        self._bell: _Bell | None = None

    @property
    def _store(self) -> EventStore:
        return self._registry()._store  # noqa: SLF001  (the same registry, for asyncio)

    @property
    def _watch(self) -> LogWatch:
        return self._registry()._watch  # noqa: SLF001

    def asked(self, **given: Any) -> Feed:
        """The feed that is asked for; raises `InvalidInput`."""
        return feed(self._store, **given)

    async def subscribe(self, asked: Feed) -> AsyncIterator[RecordedEvent]:
        """The events of a feed, as `PlanRegistry.subscribe` has them."""
        self._threads.require_open()
        own = _Subscriber(asked)
        clock = asyncio.get_running_loop().time
        silent_since = clock()
        try:
            while own.queue or not self._watch.is_closed():
                own.news.clear()
                while own.queue:
                    found = own.queue.popleft()
                    if isinstance(found, UnreadableEvent):
                        raise found
                    yield found
                    silent_since = clock()
                if own.failure is not None:
                    raise own.failure
                if own not in self._waiting and not await self._has_all(own):
                    continue
                timeout = own.asked.timeout
                left = None if timeout is None else silent_since + timeout - clock()
                if left is not None and left <= 0 and not own.queue:
                    return
                if own in self._waiting or self._joined(own):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(own.news.wait(), left)
        finally:
            self._leave(own)

    async def close(self) -> None:
        """Wait for the reader to end, after the watch was closed."""
        await asyncio.gather(*([] if self._reader is None else [self._reader]))

    async def _has_all(self, own: _Subscriber) -> bool:
        """Read a page of the log; whether that is its end, with nothing that is asked for."""
        try:
            page, seen = await self._threads.run(partial(_read, self._store, own.seen))
        except StoreUnavailable:
            if self._watch.is_closed():
                return False
            raise
        own.accept(page, seen)
        return not own.queue and len(page) < PAGE

    def _joined(self, own: _Subscriber) -> bool:
        """Let a subscriber wait for the reader, unless the reader has come further."""
        if self._reader is None:
            self._seen = own.seen
            self._reader = asyncio.create_task(self._read_for_all(), name="plangate-feeds")
        elif self._seen.position > own.seen.position:
            return False
        self._waiting.add(own)
        return True

    async def _read_for_all(self) -> None:
        """Read the log as long as there are subscribers, and queue what each has asked for."""
        self._bell = bell = _Bell()
        self._watch.join(bell)
        failure: Exception | None = None
        try:
            while self._waiting and not self._watch.is_closed():
                bell.rung.clear()
                page, seen = await self._threads.run(partial(_read, self._store, self._seen))
                if not page:
                    await bell.rung.wait()
                    continue
                self._seen = seen
                for one in list(self._waiting):
                    if not one.accept(page, seen):
                        self._leave(one)
        except Exception as error:  # noqa: BLE001  (each subscriber raises it)
            failure = None if self._watch.is_closed() else error
        finally:
            self._reader = self._bell = None
            for one in list(self._waiting):
                one.failure = failure
                self._leave(one)

    def _leave(self, one: _Subscriber) -> None:
        self._waiting.discard(one)
        one.news.set()
        if self._bell is not None and not self._waiting:
            self._bell.rung.set()  # the reader ends


def _read(store: EventStore, seen: Seen) -> tuple[Sequence[_Read], Seen]:
    """The next page of the log, decoded, and how far it was read."""
    entries = read_on(store, seen, PAGE)
    return [(entry, _decoded(store, entry)) for entry in entries], up_to(entries, seen)


def _decoded(store: EventStore, entry: StoredEntry) -> RecordedEvent | UnreadableEvent:
    try:
        return store.format.decode(entry)
    except UnreadableEvent as error:
        return error
