"""How the views read the log: slice by slice, and whether an event is still where it was."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from typing import NamedTuple

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import stored_pages
from plangate.application.recorded_event import RecordedEvent, StoredEntry


class PlanEvents(NamedTuple):
    """Some events of a plan in order, up to one that cannot be read."""

    events: Sequence[RecordedEvent]
    unreadable: UnreadableEvent | None = None


@dataclass(frozen=True, slots=True)
class LogSlice:
    """The log up to its `last` entry, in order for each plan; None where there is nothing new.

    The entries of a plan are decoded when it is asked for, so that no more events are in memory
    than those of one plan.
    """

    log: EventStore
    last: StoredEntry | None
    entries: Mapping[str, Sequence[StoredEntry]]

    def events_of(self, plan_id: str) -> PlanEvents:
        """The events of a plan."""
        events: list[RecordedEvent] = []
        try:
            events.extend(map(self.log.format.decode, self.entries[plan_id]))
        except UnreadableEvent as error:
            return PlanEvents(events, error)
        return PlanEvents(events)


def read_slice(log: EventStore, after: int, until: int, limit: int) -> LogSlice:
    """The log beyond a position: up to another one, but no more than `limit` entries."""
    last: StoredEntry | None = None
    entries = defaultdict[str, list[StoredEntry]](list)
    for entry in islice(chain.from_iterable(stored_pages(log, after=after, until=until)), limit):
        last = entry
        entries[entry.plan_id].append(entry)
    return LogSlice(log, last, entries)


class LogEvents:
    """Whether events that were seen in the log are still there; looks once at each position."""

    def __init__(self, log: EventStore) -> None:
        self._log = log
        self._found: dict[int, StoredEntry | None] = {}
        self._identified: tuple[StoredEntry, str] | None = None

    def look_again(self) -> None:
        """Forget what was found."""
        self._found = {}

    def has(self, position: int, identity: str | None) -> bool:
        """Whether the event is at the position; any is, where no identity was noted."""
        if not position:
            return True
        entry = self.entry(position)
        if entry is None or identity is None:
            return entry is not None
        (one, _, digest), (other, _, known) = (
            text.partition(" ") for text in (self.identity(entry), identity)
        )
        return one == other and (digest == known or not digest or not known)

    def entry(self, position: int) -> StoredEntry | None:
        """The entry at a position."""
        if position not in self._found:
            page = self._log.read_all_stored(after=position - 1, limit=1)
            self._found[position] = page[0] if page and page[0].position == position else None
        return self._found[position]

    def identity(self, entry: StoredEntry) -> str:
        """What identifies an entry, also after an erasure: its id, and a digest if readable."""
        if self._identified is None or self._identified[0] != entry:
            try:
                digest = sha256(self._log.format.canonical_form(entry)).hexdigest()
                identity = f"{entry.event_id} {digest}"
            except UnreadableEvent:
                identity = entry.event_id
            self._identified = entry, identity
        return self._identified[1]
