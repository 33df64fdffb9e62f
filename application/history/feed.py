"""Events as they are recorded: read from the log, in commit order, and then waited for."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from queue import SimpleQueue
from time import monotonic
from typing import Annotated, Any, Final, NamedTuple

from pydantic import ConfigDict, Field, Strict

from plangate.application.errors import LogWentBack, StoreUnavailable, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.log_watch import LogWatch
from plangate.application.models import Model
from plangate.application.plan_log import (
    is_erased,
    known_position,
    stored_pages,
    stored_plan_events,
)
from plangate.application.recorded_event import RecordedEvent, StoredEntry, is_same
from plangate.application.validation import validate
from plangate.application.views.requests import Position
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Identifier

PAGE: Final = 500
"""How many events are read at once."""

_Names = Annotated[frozenset[Annotated[str, Strict()]], Field(min_length=1)]
_Ids = Annotated[frozenset[Identifier], Field(min_length=1)]


class Feed(Model):
    """The events that are asked for: after which position, of which kinds and plans.

    Their feed ends after `timeout` seconds without one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Position = 0
    kinds: _Names | None = None
    plan_ids: _Ids | None = None
    timeout: Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)] | None = None

    def has(self, entry: StoredEntry) -> bool:
        """Whether an entry is asked for."""
        return (self.kinds is None or entry.name in self.kinds) and (
            self.plan_ids is None or entry.plan_id in self.plan_ids
        )


class Seen(NamedTuple):
    """How far the log was read: the position, and the entry there, if it was read here."""

    position: int
    entry: StoredEntry | None = None


def feed(store: EventStore, **given: Any) -> Feed:
    """The feed that is asked for; raises `InvalidInput`."""
    for name in ("kinds", "plan_ids"):
        if isinstance(given.get(name), str):
            given[name] = [given[name]]
    asked = validate(Feed, given)
    known = store.format.kinds
    if asked.kinds is not None and not asked.kinds <= set(known):
        raise InvalidInput([Problem("kinds", f"must be among {', '.join(known)}")])
    return asked


def read_on(store: EventStore, seen: Seen, limit: int = PAGE) -> Sequence[StoredEntry]:
    """The next entries of the log; raises `LogWentBack` where it has no longer what was seen."""
    if not seen.position:
        return store.read_all_stored(after=0, limit=limit)
    found = store.read_all_stored(after=seen.position - 1, limit=limit + 1)
    there = found[0] if found and found[0].position == seen.position else None
    known = seen.entry
    if known is None:
        if not found:
            raise LogWentBack(None, None, seen.position, store.last_position())
        return found if there is None else found[1:]
    if there is None or not (is_same(known, there) or is_erased(store, known, there)):
        raise LogWentBack(known.plan_id, known.version, seen.position, store.last_position())
    return found[1:]


def up_to(entries: Sequence[StoredEntry], seen: Seen) -> Seen:
    """How far the log was read with these entries."""
    return Seen(known_position(entries[-1].position), entries[-1]) if entries else seen


def follow(store: EventStore, watch: LogWatch, asked: Feed) -> Iterator[RecordedEvent]:
    """The events of a feed: those in the log, and then each as it is recorded.

    It ends when nothing came in time, and when the watch is closed.
    """
    signal: SimpleQueue[None] = SimpleQueue()
    watch.join(signal)
    seen, silent_since, decode = Seen(asked.after), monotonic(), store.format.decode
    while not watch.is_closed():
        while not signal.empty():
            signal.get()
        try:
            entries = read_on(store, seen)
        except StoreUnavailable:
            if watch.is_closed():
                return
            raise
        chosen = list(filter(asked.has, entries))
        for entry in chosen:
            yield decode(entry)
            silent_since = monotonic()
        seen = up_to(entries, seen)
        if chosen or len(entries) == PAGE:
            continue
        left = None if asked.timeout is None else silent_since + asked.timeout - monotonic()
        if left is not None and left <= 0:
            return
        watch.wait(signal, left)


def page(
    store: EventStore, asked: Feed, plan_id: str | None, limit: int
) -> Sequence[RecordedEvent]:
    """The first `limit` events in the log that are asked for, before one that cannot be read.

    Raises `UnreadableEvent` where that is the first.
    """
    events: list[RecordedEvent] = []
    entries = _beyond(store, asked.after) if plan_id is None else _of_plan(store, asked, plan_id)
    for entry in islice(filter(asked.has, entries), limit):
        try:
            events.append(store.format.decode(entry))
        except UnreadableEvent:
            if not events:
                raise
            break
    return events


def _beyond(store: EventStore, after: int) -> Iterator[StoredEntry]:
    return chain.from_iterable(stored_pages(store, after=after))


def _of_plan(store: EventStore, asked: Feed, plan_id: str) -> Iterator[StoredEntry]:
    entries = stored_plan_events(store, plan_id)
    return (entry for entry in entries if known_position(entry.position) > asked.after)
