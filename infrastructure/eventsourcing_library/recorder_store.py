"""An event store on any recorder of the `eventsourcing` library."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import (
    ConcurrentChange,
    PositionTaken,
    PredecessorMissing,
    TransactionRefused,
    UnreadableEvent,
)
from plangate.application.event_store import EventFormat, EventStore, KeyUsed, Listener, T
from plangate.application.log_watch import Looking
from plangate.application.plan_log import known_position
from plangate.application.recorded_event import FIRST_KIND, RecordedEvent, StoredEntry, is_same
from plangate.infrastructure.stored_events.codec import EventCodec

NO_BOUND: Final = 2**63 - 1
"""Above every version and every position."""

Translation = Callable[[str | None], AbstractContextManager[None]]
"""Translates an engine's errors about one plan, or the whole log, into `application.errors`."""


def _refuse_to_join(_connection: object, _codec: EventCodec) -> EventStore:
    raise TransactionRefused(
        "only a store in a SQLite file or a PostgreSQL schema can join a transaction of yours"
    )


class Recorder(Protocol):
    """An engine's log. `max_notification_id` is the library's method.

    What is recorded follows the newest event of each plan, which is looked at in the same
    transaction; otherwise `ConcurrentChange` is raised.
    """

    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        """Record events, all or none, and return the last position, if the engine gives it.

        The newest event of the first one's plan must be `after`, if given. Raises `KeyUsed`
        if an event has the idempotency key that no event may have yet.
        """

    def insert_placed(self, placed: Sequence[Notification]) -> None:
        """Record events at the positions they name, all or none; raises `PositionTaken`."""

    def plans_with_key(self, key: str) -> Sequence[str]:
        """The plans that have an event with the idempotency key, oldest event first."""

    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        """Append events, if any, then change the stored bytes of earlier ones; all or none."""

    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        """A plan's events, with their positions where the engine knows them."""

    def folded(self, plan_id: str, fold: Callable[[Iterable[StoredEntry]], T]) -> T:
        """As `EventStore.folded`. An engine that can reads while it folds."""
        return fold(self.plan_entries(plan_id, 0, None))

    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        """Events of the log in commit order: all, or those with a stored name."""

    def max_notification_id(self) -> int | None:
        """The position of the newest event; None or 0 in an empty log."""


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


def has_key(event: StoredEvent | StoredEntry, key: str) -> bool:
    """Whether a stored event has the idempotency key."""
    return bool(_meta(event, "idempotency_key") == key)


def has_salt(event: StoredEvent) -> bool:
    """Whether a stored event has a random salt, and so bytes that no other command writes."""
    return _meta(event, "salt") is not None


def _meta(event: StoredEvent | StoredEntry, name: str) -> Any:
    """A field of an event's envelope as it is stored; None where it is damaged."""
    try:
        return json.loads(event.state)["meta"].get(name)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def refuse_taken(newest: int, placed: Sequence[Notification]) -> None:
    """Raise `PositionTaken` unless the positions rise, all beyond the newest that is taken."""
    for event in placed:
        if event.id <= newest:
            raise PositionTaken(f"position {event.id} is taken; the log reaches {newest}")
        newest = event.id


def first_of_each_plan(rows: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
    """The first row of each plan; raises as `append` unless the others follow it."""
    firsts: list[StoredEvent] = []
    newest: dict[str, int] = {}
    for row in rows:
        plan_id = str(row.originator_id)
        before = newest.get(plan_id)
        if before is None:
            firsts.append(row)
        elif row.originator_version <= before:
            raise ConcurrentChange(plan_id)
        elif row.originator_version > before + 1:
            raise PredecessorMissing(plan_id, row.originator_version - 1)
        newest[plan_id] = row.originator_version
    return firsts


def require_newest(
    newest: StoredEntry | None, first: StoredEvent, after: StoredEntry | None
) -> None:
    """Raise `ConcurrentChange` unless an event follows the newest one of its plan."""
    version = 0 if newest is None else newest.version
    if first.originator_version != version + 1 or not (
        after is None or newest is None or is_same(newest, after)
    ):
        raise ConcurrentChange(str(first.originator_id))


def require_unused(key: str, plan_ids: Sequence[str]) -> None:
    """Raise `KeyUsed` where plans have an event with the idempotency key."""
    if plan_ids:
        raise KeyUsed(key)


def entry_of(row: StoredEvent, position: int | None = None) -> StoredEntry:
    """A row of the library as an entry."""
    return StoredEntry(
        str(row.originator_id),
        row.originator_version,
        row.id if isinstance(row, Notification) else position,
        row.topic,
        row.state,
    )
