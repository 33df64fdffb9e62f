"""Checks of a log, for any engine.

Every entry is looked at once, in the order of the log.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from plangate.application.errors import EventTooNew, StoreError, UnreadableEvent
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.operations.observations import RESTORE, CheckResult, problem, warning
from plangate.application.operations.reports import Observation
from plangate.application.plan_log import PAGE
from plangate.application.progress import Progress
from plangate.application.recorded_event import FIRST_KIND, StoredEntry

EventLocation = tuple[str, int, int]
"""The plan, version and position of an event."""

_COMPARE: Final = "compare it with a backup"
_GAP: Final = "usual in a copy from an engine that leaves gaps; else events were removed"
_UPGRADE: Final = "its plan cannot be used until plangate is upgraded"
_REPAIR: Final = "its plan cannot be used until it is repaired; take it from a backup"

LOG_CHECKS: Final[Mapping[str, str]] = {
    "events": "every event can be read",
    "bytes": "every event has the bytes that plangate writes",
    "beginnings": "every history begins with its plan's creation, and has no second one",
    "positions": "positions follow each other without a gap",
}
"""The checks in the order of their results, each with what to say if it found nothing."""


def check_log(store: EventStore, progress: Progress) -> Iterator[Observation]:
    """All observations about the log of a store that offers no other queries.

    The locations of all events are held in memory, to sort them.
    """
    last = store.last_position()
    locations: list[EventLocation] = []

    def entries() -> Iterator[StoredEntry]:
        for entry in log.entries():
            locations.append((entry.plan_id, entry.version, entry.position or 0))
            yield entry

    log = DamagedLog(store, last, lambda position: progress(position, last))
    yield from check_entries(entries(), store.format)
    yield from log.damaged.observations()
    yield from check_order(sorted(locations))


def check_entries(entries: Iterable[StoredEntry], format_: EventFormat) -> Iterator[Observation]:
    """Run all checks over the entries of a log."""
    results = {check: CheckResult(check, fine) for check, fine in LOG_CHECKS.items()}
    before = 0
    for entry in entries:
        for found in _look_at(entry, format_, before):
            results[found.check].add([found])
        before = entry.position or 0
    for result in results.values():
        yield from result.observations()


def _look_at(entry: StoredEntry, format_: EventFormat, before: int) -> Iterator[Observation]:
    """What is wrong with an entry, given the position of the entry before it."""
    location, position = f"{entry.event_id}, position {entry.position}", entry.position or 0
    try:
        format_.decode(entry)
    except UnreadableEvent as error:
        advice = _UPGRADE if isinstance(error, EventTooNew) else _REPAIR
        yield problem("events", f"cannot be read: {error.why}", location, advice)
    if not format_.is_as_written(entry):
        yield problem("bytes", "not as plangate writes it", location, _COMPARE)
    if (entry.version == 1) != (entry.name == FIRST_KIND):
        found = f"a history begins with {FIRST_KIND} and only there, not with {entry.name}"
        yield problem("beginnings", found, location, _REPAIR)
    if position != before + 1:
        found = f"no event at {_span(before + 1, position - 1)}"
        yield warning("positions", found, f"before {location}", _GAP)


def check_order(locations: Iterable[EventLocation]) -> Iterator[Observation]:
    """Check that each plan's versions have no gap, given locations by plan and version."""
    fine = "the versions of every plan follow each other, in the log's order"
    result = CheckResult("histories", fine)
    plan, last, position = "", 0, 0
    for plan_id, version, there in locations:
        if plan_id != plan:
            plan, last, position = plan_id, 0, 0
        location = f"{plan_id}@{version}, position {there}"
        if version != last + 1:
            found = f"{plan_id}@{last + 1} should be here, and is missing"
            result.add([problem("histories", found, location, _REPAIR)])
        elif there <= position:
            found = f"it comes before {plan_id}@{last} in the log"
            result.add([problem("histories", found, location, _COMPARE)])
        last, position = version, there
    yield from result.observations()


class DamagedLog:
    """Reads a log from beginning to end, and skips what is damaged."""

    def __init__(self, store: EventStore, last: int, progress: Callable[[int], None]) -> None:
        self._store = store
        self._last = last
        self._progress = progress
        self._limit = PAGE
        self.damaged = CheckResult("log", "every page of the log can be read")

    def entries(self) -> Iterator[StoredEntry]:
        """Every entry that can be read, in order."""
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
                span = _span(after + 1, beyond)
                self.damaged.add([problem("log", found, span, RESTORE)])
                after = beyond
            else:
                if not page:
                    break
                yield from page
                after = page[-1].position or self._last
                self._limit = min(self._limit * 2, PAGE)
            self._progress(min(after, self._last))

    def _beyond(self, failing: int) -> int:
        """The last position of a damaged stretch."""
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


def _span(first: int, last: int) -> str:
    return f"position {first:,}" if first == last else f"positions {first:,} to {last:,}"
