"""An event store on any recorder of the `eventsourcing` library."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import CorruptEvent, PositionTaken
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.recorded_event import FIRST_KIND, RecordedEvent, StoredEntry
from plangate.infrastructure.event_codec import EventCodec

NO_BOUND: Final = 2**63 - 1
"""Above every version and every position."""

Translation = Callable[[str | None], AbstractContextManager[None]]
"""Translates an engine's errors about one plan, or the whole log, into `application.errors`."""


class Recorder(Protocol):
    """An engine's log. `insert_events` and `max_notification_id` are the library's methods."""

    def insert_events(self, stored_events: Sequence[StoredEvent], /) -> Sequence[int] | None:
        """Record events, all or none."""

    def insert_placed(self, placed: Sequence[Notification]) -> None:
        """Record events at the positions they name, all or none; raises `PositionTaken`."""

    def insert_events_once(self, stored_events: Sequence[StoredEvent], key: str) -> bool:
        """Record events unless one has the idempotency key already; whether it did."""

    def plans_with_key(self, key: str) -> Sequence[str]:
        """The plans that have an event with the idempotency key, oldest event first."""

    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        """Change the stored bytes of events and record others, all or none."""

    def plan_events(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEvent]:
        """A plan's events; as notifications where the engine knows their positions."""

    def log_events(self, after: int, limit: int, name: str | None = None) -> Sequence[Notification]:
        """Events of the log in commit order: all, or those with a stored name."""

    def max_notification_id(self) -> int | None:
        """The position of the newest event; None or 0 in an empty log."""


class RecorderEventStore(EventStore):
    """Events in a recorder: the library's transactions, and our bytes."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        translated: Translation,
        close: Callable[[], None],
        turn: Callable[[str], AbstractContextManager[None]] = lambda _plan_id: nullcontext(),
        scrub: Callable[[], None] = lambda: None,
    ) -> None:
        self._recorder = recorder
        self._translated = translated
        self._close = close
        self._turn = turn
        self._scrub = scrub
        self._codec = EventCodec()

    @override
    def append(self, events: Sequence[RecordedEvent]) -> None:
        stored = self._stored(events)
        with self._translated(events[0].envelope.plan_id):
            self._recorder.insert_events(stored)

    @override
    def append_once(self, events: Sequence[RecordedEvent], key: str) -> bool:
        stored = self._stored(events)
        with self._translated(events[0].envelope.plan_id):
            return self._recorder.insert_events_once(stored, key)

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        with self._translated(None):
            return list(dict.fromkeys(self._recorder.plans_with_key(key)))

    @override
    def read(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[RecordedEvent]:
        entries = self.read_stored(plan_id, after=after, until=until)
        return [self._codec.decode(entry) for entry in entries]

    @override
    def read_all(self, *, after: int = 0, limit: int) -> Sequence[RecordedEvent]:
        events: list[RecordedEvent] = []
        for entry in self.read_all_stored(after=after, limit=limit):
            try:
                events.append(self._codec.decode(entry))
            except CorruptEvent:
                if not events:
                    raise
                break
        return events

    @override
    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        with self._translated(plan_id):
            rows = self._recorder.plan_events(plan_id, after, until)
        return [_entry(row) for row in rows]

    @override
    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        with self._translated(None):
            rows = self._recorder.log_events(after, limit)
        return [_entry(row) for row in rows]

    @override
    def append_stored(self, entries: Sequence[StoredEntry]) -> None:
        if not entries:
            return
        with self._translated(entries[0].plan_id):
            if entries[0].position is None:
                self._recorder.insert_events([_row(entry) for entry in entries])
                return
            self._recorder.insert_placed(
                [
                    Notification(e.plan_id, e.version, e.name, e.state, id=e.position)
                    for e in entries
                    if e.position is not None
                ]
            )

    @override
    def rewrite(self, erased: Sequence[StoredEntry], then: Sequence[RecordedEvent]) -> None:
        rewritten, stored = [_row(entry) for entry in erased], self._stored(then)
        with self._translated(str((stored or rewritten)[0].originator_id)):
            self._recorder.rewrite_events(rewritten, stored)

    @override
    def scrub(self) -> None:
        with self._translated(None):
            self._scrub()

    @property
    @override
    def format(self) -> EventFormat:
        return self._codec

    @override
    def plan_ids(self, *, after: int = 0, limit: int) -> Sequence[tuple[int, str]]:
        with self._translated(None):
            rows = self._recorder.log_events(after, limit, FIRST_KIND)
        return [(row.id, str(row.originator_id)) for row in rows]

    @override
    def turn(self, plan_id: str) -> AbstractContextManager[None]:
        return self._turn(plan_id)

    @override
    def last_position(self) -> int:
        with self._translated(None):
            return self._recorder.max_notification_id() or 0

    @override
    def close(self) -> None:
        self._close()

    def _stored(self, events: Sequence[RecordedEvent]) -> list[StoredEvent]:
        return [
            StoredEvent(one.envelope.plan_id, one.envelope.version, *self._codec.encode(one))
            for one in events
        ]


def _row(entry: StoredEntry) -> StoredEvent:
    return StoredEvent(entry.plan_id, entry.version, entry.name, entry.state)


def has_key(event: StoredEvent, key: str) -> bool:
    """Whether a stored event has the idempotency key."""
    try:
        return bool(json.loads(event.state)["meta"].get("idempotency_key") == key)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False  # damaged


def refuse_taken(newest: int, placed: Sequence[Notification]) -> None:
    """Raise `PositionTaken` unless the positions rise, all beyond the newest that is taken."""
    for event in placed:
        if event.id <= newest:
            raise PositionTaken(f"position {event.id} is taken; the log reaches {newest}")
        newest = event.id


def _entry(row: StoredEvent) -> StoredEntry:
    return StoredEntry(
        str(row.originator_id),
        row.originator_version,
        row.id if isinstance(row, Notification) else None,
        row.topic,
        row.state,
    )
