"""An event store on any recorder of the `eventsourcing` library."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import (
    ConcurrentChange,
    PredecessorMissing,
    TransactionRefused,
    UnreadableEvent,
)
from plangate.application.event_store import EventFormat, EventStore, Listener, T
from plangate.application.log_watch import Looking
from plangate.application.plan_log import known_position
from plangate.application.recorded_event import FIRST_KIND, RecordedEvent, StoredEntry
from plangate.infrastructure.eventsourcing_library.recorder import (
    Recorder,
    entry_of,
    first_of_each_plan,
    refuse_taken,
)
from plangate.infrastructure.stored_events.codec import EventCodec

Translation = Callable[[str | None], AbstractContextManager[None]]
"""Translates an engine's errors about one plan, or the whole log, into `application.errors`."""


def _refuse_to_join(_connection: object, _codec: EventCodec) -> EventStore:
    raise TransactionRefused(
        "only a store in a SQLite file or a PostgreSQL schema can join a transaction of yours"
    )


class RecorderEventStore(EventStore):
    """Events in a recorder: the library's transactions, and our bytes."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        translated: Translation = lambda _plan_id: nullcontext(),
        close: Callable[[], None],
        turn: Callable[[str, Callable[[], Any]], Any] = lambda _plan_id, work: work(),
        scrub: Callable[[], None] = lambda: None,
        changes: Callable[[], object] = lambda: None,
        listen: Callable[[EventStore], Listener] = Looking,
        within: Callable[[object, EventCodec], EventStore] = _refuse_to_join,
        codec: EventCodec | None = None,
    ) -> None:
        self._recorder = recorder
        self._translated = translated
        self._close = close
        self._turn = turn
        self._scrub = scrub
        self._changes = changes
        self._listen = listen
        self._within = within
        self._codec = codec or EventCodec()

    @override
    def append(
        self,
        events: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
        unused_key: str | None = None,
    ) -> StoredEntry:
        stored = self._stored(events)
        position = self._recorded(
            stored, lambda: self._recorder.append_events(stored, after, unused_key)
        )
        return entry_of(stored[-1], position)

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
            except UnreadableEvent:
                if not events:
                    raise
                break
        return events

    @override
    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        with self._translated(plan_id):
            return self._recorder.plan_entries(plan_id, after, until)

    @override
    def folded(self, plan_id: str, fold: Callable[[Iterable[StoredEntry]], T]) -> T:
        with self._translated(plan_id):
            return self._recorder.folded(plan_id, fold)

    @override
    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        with self._translated(None):
            return self._recorder.log_entries(after, limit)

    @override
    def append_stored(self, entries: Sequence[StoredEntry]) -> None:
        if not entries:
            return
        rows = [_row(entry) for entry in entries]
        placed = [
            Notification(e.plan_id, e.version, e.name, e.state, id=e.position)
            for e in entries
            if e.position is not None
        ]
        if placed:
            refuse_taken(0, placed)
            self._recorded(rows, lambda: self._recorder.insert_placed(placed))
        else:
            self._recorded(rows, lambda: self._recorder.append_events(rows, None))

    @override
    def rewrite(
        self,
        erased: Sequence[StoredEntry],
        then: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
    ) -> StoredEntry | None:
        rewritten, stored = [_row(entry) for entry in erased], self._stored(then)
        position = self._recorded(
            stored or rewritten[:1],
            lambda: self._recorder.rewrite_events(rewritten, stored, after),
        )
        return entry_of(stored[-1], position) if stored else None

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
            found = self._recorder.log_entries(after, limit, FIRST_KIND)
        return [(known_position(entry.position), entry.plan_id) for entry in found]

    @override
    def turn(self, plan_id: str, work: Callable[[], T]) -> T:
        answer: T = self._turn(plan_id, work)
        return answer

    @override
    def within(self, connection: object) -> EventStore:
        return self._within(connection, self._codec)

    @override
    def changes(self) -> object:
        return self._changes()

    @override
    def listen(self) -> Listener:
        return self._listen(self)

    @override
    def last_position(self) -> int:
        with self._translated(None):
            return self._recorder.max_notification_id() or 0

    @override
    def close(self) -> None:
        self._close()

    def _recorded(self, rows: Sequence[StoredEvent], record: Callable[[], T]) -> T:
        """What `record` returns; where it refuses the rows, the reason is looked up."""
        firsts = first_of_each_plan(rows)
        try:
            with self._translated(str(rows[0].originator_id)):
                return record()
        except ConcurrentChange:
            for first in firsts:
                plan_id, before = str(first.originator_id), first.originator_version - 1
                if before and not self.read_stored(plan_id, after=before - 1):
                    raise PredecessorMissing(plan_id, before) from None
            raise

    def _stored(self, events: Sequence[RecordedEvent]) -> list[StoredEvent]:
        return [
            StoredEvent(one.envelope.plan_id, one.envelope.version, *self._codec.encode(one))
            for one in events
        ]


def _row(entry: StoredEntry) -> StoredEvent:
    return StoredEvent(entry.plan_id, entry.version, entry.name, entry.state)
