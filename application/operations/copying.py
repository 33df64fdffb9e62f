"""Copy all plans of one store into another, as they are stored; repeatable after an interruption.

Ids, versions, times, bytes and the order of the log are kept. Positions are kept while the
target's log is a prefix of the source's, as an empty log is; otherwise each event keeps its
old position as `origin_position`. A plan in the target must have the same history there, which
it also has where its text was erased in one of both: text that the source lost, even while it
was copied, is erased in the target too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from plangate.domain.events import PlanErased, PlanEvent

_PASSES: Final = 3
"""Over the source: look for differences, copy what is missing, check that all is there."""

FollowErasures = Callable[[Mapping[str, int]], str | None]
"""Erases the text of plans before a version; says where some may be left, and why."""


def copy_plans(
    source: EventStore,
    target: EventStore,
    progress: Progress,
    follow_erasures: FollowErasures = lambda _erased_at: None,
    *,
    bounded: bool = True,
) -> CopyReport:
    """Copy everything that is in the source now into the target.

    Erasures that the source records meanwhile are copied too. Raises, and writes nothing:
    `HistoryDiffers` for a plan with another history in the target; `InvalidInput` for an
    event that no command could record, unless the copy is not `bounded`, as a backup is
    not. An interrupted copy can be repeated.
    """
    return _Copy(source, target, progress, bounded=bounded).run(follow_erasures)


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
        self._erased_at: dict[str, int] = {}

    def run(self, follow_erasures: FollowErasures) -> CopyReport:
        for page in self._pages(0):
            missing = self._missing(page)
            if self._bounded:
                self._require_bounds(missing)
            elif missing and self._positions_kept:
                break  # the target's log ends here
        for page in self._pages(1):
            self._copy(page)
        self._copy_new_erasures()
        for page in self._pages(2):
            self._check(page)
        remains = follow_erasures(self._erased_at) if self._erased_at else None
        return CopyReport(
            position=self._last,
            plans=self._plans,
            checked=self._checked,
            copied=self._copied,
            already_there=self._checked - self._copied,
            unreadable=self._unreadable,
            positions_kept=self._positions_kept,
            erased=len(self._erased_at),
            remains=remains,
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

    def _copy_new_erasures(self) -> None:
        """Go on up to the newest event once, if a plan was erased since the copy began."""
        before, newest = self._last, self._source.last_position()
        new = stored_pages(self._source, after=before, until=newest)
        if any(self._is_erasure(entry) for page in new for entry in page):
            self._last = newest
            for page in self._pages(1, after=before):
                self._copy(page)

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

    def _pages(self, passes: int, after: int = 0) -> Iterator[Sequence[StoredEntry]]:
        """The source's log up to the end of the copy."""
        done, total = passes * self._last, max(_PASSES * self._last, 1)
        for page in stored_pages(self._source, after=after, until=self._last):
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
            if all(map(self._is_at_its_position, page, there)):
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

    def _is_at_its_position(self, entry: StoredEntry, other: StoredEntry) -> bool:
        return entry == other or (
            (entry.position, entry.event_id) == (other.position, other.event_id)
            and self._are_the_same(entry, other)
        )

    def _are_the_same(self, entry: StoredEntry, other: StoredEntry) -> bool:
        """Whether both have the same content, also where one is a copy of the other.

        Notes where the target has text that the source lost.
        """
        if entry.name != other.name:
            return False
        if other.state in {entry.state, self._moved(entry).state}:
            return True
        if entry.state == self._moved(other).state:
            return True
        format_ = self._source.format
        try:
            if format_.content_form(entry) != format_.content_form(other):
                return False
            lost = format_.erased(entry) == entry and format_.erased(other) != other
        except UnreadableEvent:
            return False
        if lost:
            before = self._erased_at.get(entry.plan_id, 0)
            self._erased_at[entry.plan_id] = max(before, entry.version + 1)
        return True

    def _moved(self, entry: StoredEntry) -> StoredEntry:
        try:
            return self._source.format.moved(entry)
        except UnreadableEvent:  # it has no field for its old position
            return replace(entry, position=None)

    def _can_be_read(self, entry: StoredEntry) -> bool:
        return self._event(entry) is not None

    def _is_erasure(self, entry: StoredEntry) -> bool:
        return isinstance(self._event(entry), PlanErased)

    def _event(self, entry: StoredEntry) -> PlanEvent | None:
        try:
            return self._source.format.decode(entry).event
        except UnreadableEvent:
            return None


def _require_name_and_version(entry: StoredEntry) -> None:
    """Raise `CorruptEvent` for an entry too damaged to be copied."""
    if [type(part) for part in (entry.version, entry.name, entry.state)] != [int, str, bytes]:
        why = "its version or name is damaged, so that it cannot be copied"
        raise CorruptEvent(entry.plan_id, entry.version, why, entry.position)
