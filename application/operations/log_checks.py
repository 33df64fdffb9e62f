"""What is looked for in a log, whatever engine keeps it.

A check sees every entry once, in the order of the log, and keeps little of it. To
look for more, write another `LogCheck` and add it to `LOG_CHECKS`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from plangate.application.errors import CorruptEvent, StoreError
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.operations.observations import RESTORE, Told, problem, warning
from plangate.application.operations.reports import Observation
from plangate.application.progress import Progress
from plangate.application.recorded_event import FIRST_KIND, StoredEntry

PAGE: Final = 1_000
"""Entries that are read at a time."""

Place = tuple[str, int, int]
"""A plan, a version of it, and the position of that event."""

_COMPARE: Final = "compare it with a backup"
_GAP: Final = "usual in a copy from an engine that leaves gaps; else events were removed"
_MEND: Final = "its plan cannot be used until it is mended; take it from a backup"


class LogCheck(Protocol):
    """One thing that is looked for."""

    name: str
    fine: str
    """What can be said when nothing was found."""

    def look(self, entry: StoredEntry) -> Iterable[Observation]:
        """What is wrong with an entry."""
        ...


class Readable:
    """Whether every event can be read."""

    name = "events"
    fine = "every event can be read"

    def __init__(self, written: EventFormat) -> None:
        self._written = written

    def look(self, entry: StoredEntry) -> Iterable[Observation]:
        """That an entry cannot be read, and why."""
        try:
            self._written.decode(entry)
        except CorruptEvent as error:
            yield problem(self.name, f"cannot be read: {error.why}", place_of(entry), _MEND)


class AsWritten:
    """Whether every event has the bytes that are written for what it says."""

    name = "bytes"
    fine = "every event has the bytes that plangate writes"

    def __init__(self, written: EventFormat) -> None:
        self._written = written

    def look(self, entry: StoredEntry) -> Iterable[Observation]:
        """That somebody else wrote an entry, or that it was damaged."""
        if not self._written.is_as_written(entry):
            yield problem(self.name, "not as plangate writes it", place_of(entry), _COMPARE)


class Beginnings:
    """Whether histories begin as they should."""

    name = "beginnings"
    fine = "every history begins with its plan's creation, and has no second one"

    def __init__(self, _written: EventFormat) -> None:
        """It looks at names and versions alone."""

    def look(self, entry: StoredEntry) -> Iterable[Observation]:
        """That an entry is a creation where none can be, or none where one must be."""
        if (entry.version == 1) != (entry.name == FIRST_KIND):
            found = f"a history begins with {FIRST_KIND} and only there, not with {entry.name}"
            yield problem(self.name, found, place_of(entry), _MEND)


class Positions:
    """Whether positions follow each other."""

    name = "positions"
    fine = "positions follow each other without a gap"

    def __init__(self, _written: EventFormat) -> None:
        self._reached = 0

    def look(self, entry: StoredEntry) -> Iterable[Observation]:
        """That positions are missing before an entry."""
        position = entry.position or 0
        if position != self._reached + 1:
            found = f"no event at {_span(self._reached + 1, position - 1)}"
            yield warning(self.name, found, f"before {place_of(entry)}", _GAP)
        self._reached = position


LOG_CHECKS: Final[Sequence[Callable[[EventFormat], LogCheck]]] = (
    Readable,
    AsWritten,
    Beginnings,
    Positions,
)
"""All that is looked for. Each is made anew for every log."""


def examine_log(store: EventStore, progress: Progress) -> Iterator[Observation]:
    """All that is found in the log of a store that answers nothing else.

    Here the places of all events are held in memory at once, to sort them.
    """
    last = store.last_position()
    places: list[Place] = []

    def entries() -> Iterator[StoredEntry]:
        for entry in walk.entries():
            places.append((entry.plan_id, entry.version, entry.position or 0))
            yield entry

    walk = Walk(store, last, lambda reached: progress(reached, last))
    yield from examined(entries(), store.format)
    yield from walk.damaged.observations()
    yield from examined_order(sorted(places))


def examined(entries: Iterable[StoredEntry], written: EventFormat) -> Iterator[Observation]:
    """What all the checks find in the entries of a log, in their order."""
    checks = [make(written) for make in LOG_CHECKS]
    told = [Told(check.name, check.fine) for check in checks]
    for entry in entries:
        for check, observations in zip(checks, told, strict=True):
            observations.take(check.look(entry))
    for observations in told:
        yield from observations.observations()


def examined_order(places: Iterable[Place]) -> Iterator[Observation]:
    """Whether each plan's versions follow each other; `places` are in the order of both."""
    told = Told("histories", "the versions of every plan follow each other, in the log's order")
    plan, reached, position = "", 0, 0
    for plan_id, version, there in places:
        if plan_id != plan:
            plan, reached, position = plan_id, 0, 0
        place = f"{plan_id}@{version}, position {there}"
        if version != reached + 1:
            found = f"{plan_id}@{reached + 1} should be here, and is missing"
            told.take([problem("histories", found, place, _MEND)])
        elif there <= position:
            found = f"it stands before {plan_id}@{reached} in the log"
            told.take([problem("histories", found, place, _COMPARE)])
        reached, position = version, there
    yield from told.observations()


class Walk:
    """Reads a log from its beginning to its end, round what is damaged."""

    def __init__(self, store: EventStore, last: int, progress: Callable[[int], None]) -> None:
        self._store = store
        self._last = last
        self._progress = progress
        self._limit = PAGE
        self.damaged = Told("log", "every page of the log can be read")

    def entries(self) -> Iterator[StoredEntry]:
        """Every entry that can be reached, in order."""
        after = 0
        while after < self._last:
            try:
                page = self._store.read_all_stored(after=after, limit=self._limit)
            except StoreError as error:
                if self._limit > 1:
                    self._limit = max(self._limit // 8, 1)
                    continue
                beyond = self._beyond(after + 1)
                found = f"the log cannot be read here: {error}"
                place = _span(after + 1, beyond)
                self.damaged.take([problem("log", found, place, RESTORE)])
                after = beyond
            else:
                if not page:
                    break
                yield from page
                after = page[-1].position or self._last
                self._limit = min(self._limit * 2, PAGE)
            self._progress(min(after, self._last))

    def _beyond(self, failing: int) -> int:
        """The last position of a damaged place: beyond it something can be read, or nothing is."""
        step = 1
        while failing + step < self._last and not self._readable(failing + step):
            step *= 2
        low, high = failing + step // 2, min(failing + step, self._last)
        while low < high:
            middle = (low + high) // 2
            if self._readable(middle):
                high = middle
            else:
                low = middle + 1
        return low

    def _readable(self, after: int) -> bool:
        try:
            self._store.read_all_stored(after=after, limit=1)
        except StoreError:
            return False
        return True


def place_of(entry: StoredEntry) -> str:
    """Where an entry stands."""
    return f"{entry.event_id}, position {entry.position}"


def _span(first: int, last: int) -> str:
    return f"position {first:,}" if first == last else f"positions {first:,} to {last:,}"
