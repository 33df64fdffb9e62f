"""How the views read the log: slice by slice, and whether an event is still where it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import known_position
from plangate.application.recorded_event import RecordedEvent, StoredEntry


@dataclass(frozen=True, slots=True)
class LogSlice:
    """The log up to its `last` entry: the readable events, and the first unreadable of each plan.

    `last` is None where there is nothing new.
    """

    last: StoredEntry | None = None
    events: Sequence[RecordedEvent] = ()
    unreadable: Mapping[str, UnreadableEvent] = field(default_factory=dict)

    def by_plan(self) -> Mapping[str, Sequence[RecordedEvent]]:
        """The events of each plan, in order."""
        runs: dict[str, list[RecordedEvent]] = {plan_id: [] for plan_id in self.unreadable}
        for recorded in self.events:
            runs.setdefault(recorded.envelope.plan_id, []).append(recorded)
        return runs


def read_slice(log: EventStore, after: int, until: int, limit: int) -> LogSlice:
    """The log beyond a position: up to another one, but no more than `limit` entries."""
    limit = min(limit, until - after)
    if limit < 1:
        return LogSlice()
    last: StoredEntry | None = None
    events: list[RecordedEvent] = []
    unreadable: dict[str, UnreadableEvent] = {}
    for entry in log.read_all_stored(after=after, limit=limit):
        if known_position(entry.position) > until:  # recorded meanwhile, behind a gap
            break
        last = entry
        try:
            events.append(log.format.decode(entry))
        except UnreadableEvent as error:
            unreadable.setdefault(error.plan_id, error)
    return LogSlice(last, events, unreadable)


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
        if position not in self._found:
            page = self._log.read_all_stored(after=position - 1, limit=1)
            self._found[position] = page[0] if page and page[0].position == position else None
        entry = self._found[position]
        if entry is None or identity is None:
            return entry is not None
        (one, _, digest), (other, _, known) = (
            text.partition(" ") for text in (self.identity(entry), identity)
        )
        return one == other and (digest == known or not digest or not known)

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
