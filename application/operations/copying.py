"""All plans of one store into another, as they are stored; and again, where it was cut short.

Ids, versions, times and bytes stay what they are, and the order of the log does.
Positions stay too while the target's log is a beginning of the source's, as an empty
one is; otherwise each event keeps the position it had as `origin_position`. A plan
that the target has already must have the same history there, as far as it goes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from plangate.application.errors import (
    CorruptEvent,
    HistoryDiffers,
    PositionTaken,
    StoreUnavailable,
)
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.operations.reports import CopyReport
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry

PAGE: Final = 1_000
"""Events that are read, written and held in memory at a time."""


_PASSES: Final = 3
"""Over the source: is anything in the way, copy what is lacking, and is it all there?"""


def copy_plans(source: EventStore, target: EventStore, progress: Progress) -> CopyReport:
    """Bring into the target what the source holds by now.

    Raises `HistoryDiffers`, before anything is written, for a plan that has another
    history in the target. Whatever ends it early, it can be done again.
    """
    return _Copying(source, target, progress).carried_out()


def is_beginning(target: EventStore, source: EventStore) -> bool:
    """Whether the target's log is a beginning of the source's, as an empty one is."""
    reached = 0
    while there := target.read_all_stored(after=reached, limit=PAGE):
        if list(there) != list(source.read_all_stored(after=reached, limit=len(there))):
            return False
        reached = there[-1].position or 0
    return True


class _Copying:
    """One copy, from page to page."""

    def __init__(self, source: EventStore, target: EventStore, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._last = source.last_position()
        self._places: _Places = _SamePlaces(target)
        self._copied = self._unreadable = self._checked = self._plans = 0

    def carried_out(self) -> CopyReport:
        self._survey()
        for page in self._pages(1):
            self._bring(page)
        for page in self._pages(2):
            self._check(page)
        return CopyReport(
            position=self._last,
            plans=self._plans,
            checked=self._checked,
            copied=self._copied,
            already_there=self._checked - self._copied,
            unreadable=self._unreadable,
            positions_kept=isinstance(self._places, _SamePlaces),
        )

    def _survey(self) -> None:
        """Refuse what cannot be copied, while nothing is written."""
        for page in self._pages(0):
            if self._lacking(page) and isinstance(self._places, _SamePlaces):
                return  # nor is there anything beyond it

    def _bring(self, page: Sequence[StoredEntry]) -> None:
        lacking = self._lacking(page)
        if not lacking:
            return
        before = self._target.last_position()
        try:
            self._target.append_stored(self._places.placed(lacking))
        except PositionTaken:
            # Somebody else writes there too, or the engine gives only positions of its own.
            self._move()
            lacking = self._lacking(page)
            self._target.append_stored(self._places.placed(lacking))
        if self._target.last_position() < before + len(lacking):
            raise StoreUnavailable(f"the target took {len(lacking)} events and does not have them")
        self._copied += len(lacking)
        self._unreadable += sum(not self._can_be_read(entry) for entry in lacking)

    def _check(self, page: Sequence[StoredEntry]) -> None:
        lacking = self._lacking(page)
        if lacking:
            raise StoreUnavailable(f"{lacking[0].event_id} was copied and is not in the target")
        self._checked += len(page)
        self._plans += sum(entry.version == 1 for entry in page)

    def _lacking(self, page: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        try:
            return self._places.lacking(page)
        except _OtherPlaces:
            self._move()
            return self._places.lacking(page)

    def _move(self) -> None:
        self._places = _NewPlaces(self._target, self._source.format)

    def _pages(self, done: int) -> Iterator[Sequence[StoredEntry]]:
        """The source's log, up to where it reached when the copy began."""
        after, total = 0, max(_PASSES * self._last, 1)
        while after < self._last and (
            found := self._source.read_all_stored(after=after, limit=PAGE)
        ):
            page = [entry for entry in found if (entry.position or 0) <= self._last]
            for entry in page:
                _refuse_formless(entry)
            yield page
            after = found[-1].position or self._last
            self._progress(done * self._last + min(after, self._last), total)
        self._progress((done + 1) * self._last, total)

    def _can_be_read(self, entry: StoredEntry) -> bool:
        try:
            self._source.format.decode(entry)
        except CorruptEvent:
            return False
        return True


class _Places(Protocol):
    """Where in the target the events go."""

    def lacking(self, page: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        """What of a page of the source the target does not have."""
        ...

    def placed(self, entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        """The entries as they are to be stored."""
        ...


class _OtherPlaces(Exception):
    """The target's log is no beginning of the source's."""


class _SamePlaces:
    """The target's log is a beginning of the source's, and grows along it."""

    def __init__(self, target: EventStore) -> None:
        self._target = target

    def lacking(self, page: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        before = (page[0].position or 1) - 1
        there = list(self._target.read_all_stored(after=before, limit=len(page)))
        if there != page[: len(there)]:
            raise _OtherPlaces
        return page[len(there) :]

    def placed(self, entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        return entries


class _NewPlaces:
    """The target has a log of its own, at whose end the events go."""

    def __init__(self, target: EventStore, written: EventFormat) -> None:
        self._target = target
        self._written = written

    def lacking(self, page: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        plans = defaultdict(list)
        for entry in page:
            plans[entry.plan_id].append(entry.version)
        there = {
            entry.event_id: entry
            for plan_id, versions in plans.items()
            for entry in self._target.read_stored(
                plan_id, after=min(versions) - 1, until=max(versions)
            )
        }
        for entry in page:
            found = there.get(entry.event_id)
            if found is not None and not self._are_the_same(entry, found):
                raise HistoryDiffers(entry.plan_id, entry.version)
        return [entry for entry in page if entry.event_id not in there]

    def placed(self, entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        return [self._moved(entry) for entry in entries]

    def _are_the_same(self, one: StoredEntry, other: StoredEntry) -> bool:
        """Whether both say the same, also where one was copied from the other."""
        if one.name != other.name:
            return False
        return (
            one.state == other.state
            or self._moved(one).state == other.state
            or one.state == self._moved(other).state
        )

    def _moved(self, entry: StoredEntry) -> StoredEntry:
        try:
            return self._written.moved(entry)
        except CorruptEvent:  # it goes as it is; there is nowhere to note its old position
            return replace(entry, position=None)


def _refuse_formless(entry: StoredEntry) -> None:
    """Raise `CorruptEvent` where damage left no version or no name to copy an entry by."""
    known: tuple[tuple[object, type], ...] = (
        (entry.version, int),
        (entry.name, str),
        (entry.state, bytes),
    )
    if not all(isinstance(value, kind) for value, kind in known):
        why = "its version or name is damaged, so that it cannot be copied"
        raise CorruptEvent(entry.plan_id, entry.version, why, entry.position)
