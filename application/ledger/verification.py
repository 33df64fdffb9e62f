"""The log compared with the ledger, event by event, and with checkpoints kept elsewhere.

Everything is read once, in pages, side by side: the log as it is stored, the saved
leaves, and each event again by way of its plan. Memory does not grow with the log.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from plangate.application.errors import CorruptEvent, NotAStore
from plangate.application.event_store import EventStore
from plangate.application.ledger.encoding import as_it_is, at_position, record
from plangate.application.ledger.findings import MAX_LISTED, Findings, Suspect
from plangate.application.ledger.leaves import Leaf, TreeHead
from plangate.application.ledger.ledger_store import LedgerStore
from plangate.application.ledger.merkle_tree import Frontier, leaf_hash
from plangate.application.ledger.notes import Note, origin_of
from plangate.application.ledger.reports import LedgerFindingKind, LedgerReport
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.replay.check import Check, MismatchKind
from plangate.domain.plan import version_of

PAGE: Final = 1_000
"""Events, and leaves, that are held in memory at a time."""


class Verification:
    """One comparison of a log with its ledger and with checkpoints, whose signatures hold."""

    def __init__(
        self, log: EventStore, ledger: LedgerStore, checkpoints: Mapping[str, Note]
    ) -> None:
        self._log = log
        self._ledger = ledger
        self._checkpoints = checkpoints
        self._sizes = {note.size for note in checkpoints.values()}
        self._roots: dict[int, bytes] = {}
        self._reach = ledger.reach()
        self._last = log.last_position()
        self._tree = Frontier()
        self._first: bytes | None = None
        self._compared = self._new = 0
        self._new_events: list[str] = []
        self._grown: dict[str, int] = {}
        self._findings = Findings()

    def report(self, progress: Progress) -> LedgerReport:
        """Compare, and tell what was found."""
        self._keep_root()
        saved = _Saved(self._ledger, self._reach, self._findings)
        for page in self._pages(progress):
            for entry in page:
                self._compare(entry, saved)
            self._read_by_plan(page)
        saved.rest_is_gone()
        self._findings.pair_up()
        self._judge_what_is_new()
        for name, note in self._checkpoints.items():
            self._compare_with(name, note)
        return LedgerReport(
            position=self._last,
            compared=self._compared,
            new=self._new,
            new_events=tuple(self._new_events),
            checkpoints=len(self._checkpoints),
            finding_count=self._findings.count,
            findings=self._findings.in_order(),
        )

    def _pages(self, progress: Progress) -> Iterator[Sequence[StoredEntry]]:
        """The log as it is stored, up to where it reached when this began."""
        after = 0
        while after < self._last:
            progress(after, self._last)
            try:
                found = self._log.read_all_stored(after=after, limit=PAGE)
            except NotAStore as damage:
                why = f"the log cannot be read on from here: {damage}"
                self._findings.note(LedgerFindingKind.UNREADABLE, why, position=after)
                return
            page = [entry for entry in found if (entry.position or 0) <= self._last]
            if not page:
                break
            yield page
            after = found[-1].position or self._last
        if after < self._last:
            why = f"the log ends here, and not at position {self._last:,} as it says"
            self._findings.note(LedgerFindingKind.REMOVED, why, position=after)
        progress(self._last, self._last)

    # --- with the saved leaves ---

    def _compare(self, entry: StoredEntry, saved: "_Saved") -> None:
        position = entry.position or 0
        recorded = record(self._log.format, entry)
        hashed = leaf_hash(at_position(position, recorded))
        leaf = saved.at(position)
        if leaf is not None:
            self._compared += 1
            if leaf.hash != hashed and leaf.hash == as_it_is(entry):
                hashed = leaf.hash  # taken in by one who could not read it
            if leaf.hash != hashed:
                self._findings.differ(leaf, Suspect(entry, recorded))
            elif leaf.event_id != entry.event_id:
                why = f"its leaf {leaf.number:,} names another event"
                self._findings.about(LedgerFindingKind.LEDGER, why, entry)
        elif position <= self._reach.position:
            self._compared += 1
            self._findings.appeared(Suspect(entry, recorded))
        else:
            self._new += 1
            self._remember(entry)
        self._look_at(entry)
        self._tree = self._tree.extended((hashed,))
        self._first = self._first or hashed
        self._keep_root()

    def _look_at(self, entry: StoredEntry) -> None:
        """Whether the entry can be read, and is written as we write."""
        if not _has_version(entry):
            why = f"its version {entry.version!r} is no whole number"
            self._findings.about(LedgerFindingKind.UNREADABLE, why, entry)
            return
        try:
            self._log.format.decode(entry)
        except CorruptEvent as unreadable:
            self._findings.about(LedgerFindingKind.UNREADABLE, unreadable.why, entry)
            return
        if not self._log.format.is_as_written(entry):
            why = "its bytes are not those that are written for what they say"
            self._findings.about(LedgerFindingKind.REWRITTEN, why, entry)

    # --- what is new ---

    def _remember(self, entry: StoredEntry) -> None:
        if len(self._new_events) < MAX_LISTED:
            self._new_events.append(entry.event_id)
        if _has_version(entry):
            self._grown.setdefault(entry.plan_id, entry.version)

    def _judge_what_is_new(self) -> None:
        """Whether the rules give the new events; where nothing was taken in, all are new."""
        if not self._reach.tree.size:
            return
        for plan_id, first in self._grown.items():
            check = Check(self._log)
            check.add(plan_id)
            for wrong in check.report().mismatches:
                if wrong.kind is not MismatchKind.UNREADABLE and first <= _version(wrong.event_id):
                    self._findings.note(LedgerFindingKind.UNFOUNDED, wrong.why, wrong.event_id)

    # --- by way of the plans ---

    def _read_by_plan(self, page: Sequence[StoredEntry]) -> None:
        """Whether each plan, read by itself, has what the log has: an index can be altered too."""
        places = range(page[0].position or 0, (page[-1].position or 0) + 1)
        plans = defaultdict(list)
        for entry in page:
            if _has_version(entry):
                plans[entry.plan_id].append(entry)
        for plan_id, entries in plans.items():
            first = min(entry.version for entry in entries)
            last = max(entry.version for entry in entries)
            try:
                found = self._log.read_stored(plan_id, after=max(first - 2, 0), until=last)
            except NotAStore as damage:
                self._findings.about(
                    LedgerFindingKind.MISFILED, f"its plan cannot be read: {damage}", entries[0]
                )
                continue
            self._compare_plan(entries, found, places)

    def _compare_plan(
        self, entries: Sequence[StoredEntry], found: Sequence[StoredEntry], places: range
    ) -> None:
        there = {entry.version: entry for entry in found}
        for entry in entries:
            if entry.version > 1 and entry.version - 1 not in there:
                why = "its plan has no event of the version before it"
                self._findings.about(LedgerFindingKind.MISFILED, why, entry)
        for entry in entries:
            other = there.pop(entry.version, None)
            if other is None:
                why = "its plan is read without it"
            elif not self._are_the_same(entry, other):
                why = "its plan is read with another in its place"
            else:
                continue
            self._findings.about(LedgerFindingKind.MISFILED, why, entry)
        for other in there.values():
            if other.position in places:
                why = "its plan is read with it, the log without"
                self._findings.about(LedgerFindingKind.MISFILED, why, other)

    def _are_the_same(self, entry: StoredEntry, other: StoredEntry) -> bool:
        """Whether both say the same; an erasure may have come between the two readings."""
        if other.position not in {entry.position, None}:
            return False
        return (entry.name, entry.state) == (other.name, other.state) or record(
            self._log.format, entry
        ) == record(self._log.format, other)

    # --- with checkpoints ---

    def _keep_root(self) -> None:
        if self._tree.size in self._sizes:
            self._roots[self._tree.size] = self._tree.root()

    def _compare_with(self, name: str, note: Note) -> None:
        origin = self._origin()
        if origin is not None and note.origin != origin:
            why = f"{name} is about the log {note.origin}, and this is {origin}"
        elif note.size > self._tree.size:
            lacking = note.size - self._tree.size
            why = f"{name} covers {note.size:,} events, and the last {lacking:,} are not there"
        elif self._roots[note.size] != note.root:
            why = f"the first {note.size:,} events are not those that {name} covers"
        else:
            return
        self._findings.note(LedgerFindingKind.CHECKPOINT, why)

    def _origin(self) -> str | None:
        """Which log this is, by the saved leaves or else by itself; None while it is empty."""
        saved = self._ledger.leaves(first=0, limit=1) if self._reach.tree.size else ()
        first = saved[0].hash if saved else self._first
        return None if first is None else origin_of(first)


def _has_version(entry: StoredEntry) -> bool:
    """Whether damage left the entry a version to be found by."""
    return isinstance(entry.version, int)


def _version(event_id: str) -> int:
    return version_of(event_id) or 0


class _Saved:
    """The saved leaves, one after the other, as the log comes to their positions."""

    def __init__(self, ledger: LedgerStore, reach: TreeHead, findings: Findings) -> None:
        self._ledger = ledger
        self._reach = reach
        self._findings = findings
        self._tree = Frontier()
        self._position = 0
        self._leaves = self._read()
        self._next = next(self._leaves, None)

    def at(self, position: int) -> Leaf | None:
        """The leaf saved for a position; those before it are of events that are gone."""
        while self._next is not None and self._next.position < position:
            self._findings.vanished(self._next)
            self._next = next(self._leaves, None)
        if self._next is None or self._next.position > position:
            return None
        leaf, self._next = self._next, next(self._leaves, None)
        return leaf

    def rest_is_gone(self) -> None:
        """No event comes any more. Look also whether the tree follows from the leaves."""
        while self._next is not None:
            self._findings.vanished(self._next)
            self._next = next(self._leaves, None)
        if (self._position, self._tree) != (self._reach.position, self._reach.tree):
            why = "the root it goes on from is not that of its leaves"
            self._findings.note(LedgerFindingKind.LEDGER, why)
        if self._ledger.leaves(first=self._reach.tree.size, limit=1) and self._stands_still():
            why = "it has leaves beyond what it says that it took in"
            self._findings.note(LedgerFindingKind.LEDGER, why)

    def _stands_still(self) -> bool:
        """Whether nobody has led the ledger on meanwhile."""
        return self._ledger.reach() == self._reach

    def _read(self) -> Iterator[Leaf]:
        """The leaves, as far as they can be such: numbered, rising, with whole hashes."""
        for first in range(0, self._reach.tree.size, PAGE):
            limit = min(PAGE, self._reach.tree.size - first)
            page = {leaf.number: leaf for leaf in self._ledger.leaves(first=first, limit=limit)}
            for number in range(first, first + limit):
                leaf = page.get(number)
                if leaf is None or not self._position < leaf.position <= self._reach.position:
                    why = f"its leaf {number:,} is missing or out of order"
                    self._findings.note(LedgerFindingKind.LEDGER, why)
                    continue
                self._position = leaf.position
                self._tree = self._tree.extended((leaf.hash,))
                yield leaf
