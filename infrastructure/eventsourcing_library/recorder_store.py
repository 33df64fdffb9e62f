"""An event store on any recorder of the `eventsourcing` library."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from eventsourcing.persistence import Notification, StoredEvent

from plangate.application.errors import CorruptEvent, PositionTaken
from plangate.application.event_store import EventFormat
from plangate.application.recorded_event import FIRST_KIND, RecordedEvent, StoredEntry
from plangate.infrastructure.event_codec import EventCodec

Translation = Callable[[str | None], AbstractContextManager[None]]
"""Turns what an engine raises into `application.errors`, about one plan or the whole log."""


class Recorder(Protocol):
    """What is used of the library's `ApplicationRecorder`."""

    def insert_events(self, stored_events: Sequence[StoredEvent], /) -> Sequence[int] | None:
        """Record events, all or none."""
        ...

    def insert_placed(self, placed: Sequence[Notification], /) -> None:
        """Record events at the positions they name, all or none; raises `PositionTaken`."""
        ...

    def rewrite_events(
        self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent], /
    ) -> None:
        """Change the stored bytes of events and record others, all or none."""
        ...

    def select_events(
        self, originator_id: str, /, *, gt: int | None = None, lte: int | None = None
    ) -> Sequence[StoredEvent]:
        """A plan's events; as notifications where the engine tells their positions."""
        ...

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        *,
        topics: Sequence[str] = (),
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log's events, in commit order."""
        ...

    def max_notification_id(self) -> int | None:
        """The position of the newest event; None or 0 without any."""
        ...


class RecorderEventStore:
    """Keeps events in a recorder: its tables and transactions, our bytes."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        translated: Translation,
        close: Callable[[], None],
        turn: Callable[[str], AbstractContextManager[None]] = lambda _plan_id: nullcontext(),
        scrub: Callable[[], None] = lambda: None,
        codec: EventCodec | None = None,
    ) -> None:
        self._recorder = recorder
        self._translated = translated
        self._close = close
        self._turn = turn
        self._scrub = scrub
        self._codec = codec or EventCodec()

    def append(self, events: Sequence[RecordedEvent]) -> None:
        """Record consecutive events of one plan, all or none."""
        stored = self._stored(events)
        with self._translated(events[0].envelope.plan_id):
            self._recorder.insert_events(stored)

    def read(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[RecordedEvent]:
        """A plan's events with versions in (after, until], in order."""
        entries = self.read_stored(plan_id, after=after, until=until)
        return [self._codec.decode(entry) for entry in entries]

    def read_all(self, *, after: int = 0, limit: int) -> Sequence[RecordedEvent]:
        """The first `limit` events beyond a position, up to the first that cannot be read."""
        events: list[RecordedEvent] = []
        for entry in self.read_all_stored(after=after, limit=limit):
            try:
                events.append(self._codec.decode(entry))
            except CorruptEvent:
                if not events:
                    raise
                break
        return events

    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        """A plan's entries with versions in (after, until], in order."""
        with self._translated(plan_id):
            rows = self._recorder.select_events(plan_id, gt=after, lte=until)
        return [_entry(row) for row in rows]

    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        """The first `limit` entries beyond a position."""
        with self._translated(None):
            rows = self._recorder.select_notifications(
                start=after, limit=limit, inclusive_of_start=False
            )
        return [_entry(row) for row in rows]

    def append_stored(self, entries: Sequence[StoredEntry]) -> None:
        """Record entries as they are, all or none, at their positions if they name them."""
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

    def rewrite(self, erased: Sequence[StoredEntry], then: Sequence[RecordedEvent]) -> None:
        """Put erased entries in the place of those stored, and append; all or none."""
        rewritten, stored = [_row(entry) for entry in erased], self._stored(then)
        with self._translated(str((stored or rewritten)[0].originator_id)):
            self._recorder.rewrite_events(rewritten, stored)

    def scrub(self) -> None:
        """Leave nothing of what was rewritten in the engine's free space."""
        with self._translated(None):
            self._scrub()

    @property
    def format(self) -> EventFormat:
        """The codec."""
        return self._codec

    def plan_ids(self, *, after: int = 0, limit: int) -> Sequence[tuple[int, str]]:
        """The first `limit` plans created beyond a position."""
        with self._translated(None):
            rows = self._recorder.select_notifications(
                start=after, limit=limit, topics=[FIRST_KIND], inclusive_of_start=False
            )
        return [(row.id, str(row.originator_id)) for row in rows]

    def turn(self, plan_id: str) -> AbstractContextManager[None]:
        """A turn on a plan, where the engine has such."""
        return self._turn(plan_id)

    def last_position(self) -> int:
        """The position of the newest event; 0 while there is none."""
        with self._translated(None):
            return self._recorder.max_notification_id() or 0

    def close(self) -> None:
        """Let go of the recorder's connections."""
        self._close()

    def _stored(self, events: Sequence[RecordedEvent]) -> list[StoredEvent]:
        stored = []
        for recorded in events:
            envelope = recorded.envelope
            name, state = self._codec.encode(recorded)
            stored.append(StoredEvent(envelope.plan_id, envelope.version, name, state))
        return stored


def _row(entry: StoredEntry) -> StoredEvent:
    return StoredEvent(entry.plan_id, entry.version, entry.name, entry.state)


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
