"""Copy all plans of one store into another, as they are stored; repeatable after an interruption.

Ids, versions, times, bytes and the order of the log are kept. Positions are kept while the
target's log is a prefix of the source's, as an empty log is; otherwise each event keeps its
old position as `origin_position`. A plan in the target must have the same history there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from plangate.application.errors import (
    CorruptEvent,
    HistoryDiffers,
    PositionTaken,
    StoreUnavailable,
    UnreadableEvent,
)
from plangate.application.event_store import EventStore
from plangate.application.operations.reports import CopyReport
from plangate.application.plan_log import known_position, stored_pages
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.domain.errors import InvalidInput, Problem

_PASSES: Final = 3
"""Over the source: look for differences, copy what is missing, check that all is there."""


def copy_plans(
    source: EventStore, target: EventStore, progress: Progress, *, bounded: bool = True
) -> CopyReport:
    """Copy everything that is in the source now into the target.

    Raises, and writes nothing: `HistoryDiffers` for a plan with another history in the
    target; `InvalidInput` for an event that no command could record, unless the copy is not
    `bounded`, as a backup is not. An interrupted copy can be repeated.
    """
    return _Copy(source, target, progress, bounded=bounded).run()


def is_prefix(target: EventStore, source: EventStore) -> bool:
    """Whether the target's log is a prefix of the source's, as an empty log is."""
    after = 0
    for page in stored_pages(target):
        if list(page) != list(source.read_all_stored(after=after, limit=len(page))):
            return False
        after = known_position(page[-1].position)
    return True


class _Copy:
    """One copy, page by page."""

    def __init__(
        self, source: EventStore, target: EventStore, progress: Progress, *, bounded: bool
    ) -> None:
        self._bounded = bounded
        self._source = source
        self._target = target
        self._progress = progress
        self._last = source.last_position()
        self._positions_kept = True
        self._copied = self._unreadable = self._checked = self._plans = 0

    def run(self) -> CopyReport:
        for page in self._pages(0):
            missing = self._missing(page)
            if self._bounded:
                self._require_bounds(missing)
            elif missing and self._positions_kept:
                break  # the target's log ends here
        for page in self._pages(1):
            self._copy(page)
        for page in self._pages(2):
            self._check(page)
        return CopyReport(
            position=self._last,
            plans=self._plans,
            checked=self._checked,
            copied=self._copied,
            already_there=self._checked - self._copied,
            unreadable=self._unreadable,
            positions_kept=self._positions_kept,
        )

    def _require_bounds(self, missing: Sequence[StoredEntry]) -> None:
        for entry in missing:
            if not self._can_be_read(entry):
                continue
            try:
                self._source.format.require_bounds(entry)
            except InvalidInput as refused:
                problem = f"event {entry.event_id} holds what no command records: {refused}"
                remedy = "export the other plans to a bundle, and import that"
                raise InvalidInput([Problem("source", f"{problem}; {remedy}")]) from None

    def _copy(self, page: Sequence[StoredEntry]) -> None:
        missing = self._missing(page)
        if not missing:
            return
        before = self._target.last_position()
        try:
            self._append(missing)
        except PositionTaken:  # by another writer, or by an engine that gives only its own
            self._positions_kept = False
            missing = self._missing(page)
            self._append(missing)
        if self._target.last_position() < before + len(missing):
            raise StoreUnavailable(f"the target took {len(missing)} events and does not have them")
        self._copied += len(missing)
        self._unreadable += sum(not self._can_be_read(entry) for entry in missing)

    def _check(self, page: Sequence[StoredEntry]) -> None:
        missing = self._missing(page)
        if missing:
            raise StoreUnavailable(f"{missing[0].event_id} was copied and is not in the target")
        self._checked += len(page)
        self._plans += sum(entry.version == 1 for entry in page)

    def _pages(self, passes: int) -> Iterator[Sequence[StoredEntry]]:
        """The source's log as it was when the copy began."""
        done, total = passes * self._last, max(_PASSES * self._last, 1)
        for page in stored_pages(self._source, until=self._last):
            for entry in page:
                _require_name_and_version(entry)
            yield page
            self._progress(done + known_position(page[-1].position), total)
        self._progress(done + self._last, total)

    # --- the target ---

    def _missing(self, page: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        """The entries of a page that the target does not have."""
        if self._positions_kept:
            before = known_position(page[0].position) - 1
            there = list(self._target.read_all_stored(after=before, limit=len(page)))
            if there == page[: len(there)]:
                return page[len(there) :]
            self._positions_kept = False
        found = self._by_plan(page)
        for entry in page:
            other = found.get(entry.event_id)
            if other is not None and not self._are_the_same(entry, other):
                raise HistoryDiffers(entry.plan_id, entry.version)
        return [entry for entry in page if entry.event_id not in found]

    def _by_plan(self, page: Sequence[StoredEntry]) -> dict[str, StoredEntry]:
        """The target's entries of the same plans and versions."""
        plans = defaultdict(list)
        for entry in page:
            plans[entry.plan_id].append(entry.version)
        return {
            entry.event_id: entry
            for plan_id, versions in plans.items()
            for entry in self._target.read_stored(
                plan_id, after=min(versions) - 1, until=max(versions)
            )
        }

    def _append(self, entries: Sequence[StoredEntry]) -> None:
        kept = self._positions_kept
        self._target.append_stored(entries if kept else list(map(self._moved, entries)))

    def _are_the_same(self, one: StoredEntry, other: StoredEntry) -> bool:
        """Whether both have the same content, also where one is a copy of the other."""
        if one.name != other.name:
            return False
        return (
            one.state == other.state
            or self._moved(one).state == other.state
            or one.state == self._moved(other).state
        )

    def _moved(self, entry: StoredEntry) -> StoredEntry:
        try:
            return self._source.format.moved(entry)
        except UnreadableEvent:  # it has no field for its old position
            return replace(entry, position=None)

    def _can_be_read(self, entry: StoredEntry) -> bool:
        try:
            self._source.format.decode(entry)
        except UnreadableEvent:
            return False
        return True


def _require_name_and_version(entry: StoredEntry) -> None:
    """Raise `CorruptEvent` for an entry too damaged to be copied."""
    if [type(part) for part in (entry.version, entry.name, entry.state)] != [int, str, bytes]:
        why = "its version or name is damaged, so that it cannot be copied"
        raise CorruptEvent(entry.plan_id, entry.version, why, entry.position)
