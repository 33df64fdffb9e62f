"""Compare the log with the ledger, event by event, and with checkpoints kept elsewhere.

The stored log, the saved leaves, and each event by its plan are read once, page by page.
Memory does not grow with the log.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from plangate.application import plan_log
from plangate.application.errors import NotAStore, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.ledger.encoding import at_position, record, stored_hash
from plangate.application.ledger.findings import MAX_LISTED, Findings, Suspect
from plangate.application.ledger.ledger_store import LedgerStore
from plangate.application.ledger.merkle_tree import Frontier, leaf_hash
from plangate.application.ledger.notes import Note, origin_of
from plangate.application.ledger.reports import LedgerFindingKind, LedgerReport
from plangate.application.ledger.saved_leaves import SavedLeaves
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.replay.check import Check, MismatchKind
from plangate.domain.event_ids import version_of


class Verification:
    """One comparison of a log with its ledger, and with checkpoints whose signatures are valid."""

    def __init__(
        self,
        log: EventStore,
        ledger: LedgerStore,
        checkpoints: Mapping[str, Note],
        unsigned: Collection[str],
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._unsigned = unsigned
        self._sizes = {note.size for note in checkpoints.values()}
        self._roots: dict[int, bytes] = {}
        self.findings = Findings()
        self._saved = SavedLeaves(ledger, self.findings)
        self._last = log.last_position()
        self._tree = Frontier()
        self._first: bytes | None = None
        self._compared = self._new = 0
        self._new_events: list[str] = []
        self._grown: dict[str, int] = {}

    def report(self, progress: Progress) -> LedgerReport:
        """Run the comparison."""
        self._keep_root()
        for page in self._pages(progress):
            self._grow([self._compare(entry) for entry in page])
            for why, entry in self._misfiled(page):
                self.findings.about(LedgerFindingKind.MISFILED, why, entry)
        self._saved.finish()
        self.findings.pair_up()
        self._check_new_events()
        for name, note in self._checkpoints.items():
            self._compare_with(name, note)
        for name in self._unsigned:
            why = f"{name} is not signed by the key of this ledger"
            self.findings.add(LedgerFindingKind.CHECKPOINT, why)
        return LedgerReport(
            position=self._last,
            compared=self._compared,
            new=self._new,
            new_events=tuple(self._new_events),
            checkpoints=len(self._checkpoints) + len(self._unsigned),
            finding_count=self.findings.count,
            findings=self.findings.in_order(),
        )

    def _pages(self, progress: Progress) -> Iterator[Sequence[StoredEntry]]:
        """The stored log as it was when the verification began."""
        after = 0
        progress(after, self._last)
        try:
            for page in plan_log.stored_pages(self._log, until=self._last):
                yield page
                after = plan_log.known_position(page[-1].position)
                progress(after, self._last)
        except NotAStore as damage:
            why = f"the log cannot be read after this position: {damage}"
            self.findings.add(LedgerFindingKind.UNREADABLE, why, position=after)
            return
        if after < self._last:
            why = f"the log ends here, but should end at position {self._last:,}"
            self.findings.add(LedgerFindingKind.REMOVED, why, position=after)

    # --- with the saved leaves ---

    def _compare(self, entry: StoredEntry) -> bytes:
        """Compare an entry with its leaf; return the hash of the leaf that it should have."""
        position = entry.position or 0
        recorded = record(self._log.format, entry)
        hashed = leaf_hash(at_position(position, recorded))
        leaf = self._saved.at(position)
        if leaf is not None:
            self._compared += 1
            if leaf.hash != hashed and leaf.hash == stored_hash(entry):
                hashed = leaf.hash  # added by a version that could not read it
            if leaf.hash != hashed:
                self.findings.differ(leaf, Suspect(entry, recorded))
            elif leaf.event_id != entry.event_id:
                why = f"its leaf {leaf.number:,} names another event"
                self.findings.about(LedgerFindingKind.LEDGER, why, entry)
        elif self._saved.covers(position):
            self._compared += 1
            self.findings.appeared(Suspect(entry, recorded))
        else:
            self._new += 1
            if len(self._new_events) < MAX_LISTED:
                self._new_events.append(entry.event_id)
            if _has_version(entry):
                self._grown.setdefault(entry.plan_id, entry.version)
        self._check_bytes(entry)
        self._first = self._first or hashed
        return hashed

    def _check_bytes(self, entry: StoredEntry) -> None:
        """Find an entry that cannot be read, or has other bytes than plangate writes."""
        if not _has_version(entry):
            why = f"its version {entry.version!r} is not a whole number"
            self.findings.about(LedgerFindingKind.UNREADABLE, why, entry)
            return
        try:
            self._log.format.decode(entry)
        except UnreadableEvent as unreadable:
            self.findings.about(LedgerFindingKind.UNREADABLE, unreadable.why, entry)
            return
        if not self._log.format.is_as_written(entry):
            why = "its bytes are not as plangate writes them"
            self.findings.about(LedgerFindingKind.REWRITTEN, why, entry)

    # --- new events ---

    def _check_new_events(self) -> None:
        """Check new events against the rules, unless the ledger is empty and all are new."""
        if not self._saved.head.tree.size:
            return
        for plan_id, first in self._grown.items():
            check = Check()
            check.add(self._log, plan_id)
            for wrong in check.report().mismatches:
                version = version_of(wrong.event_id) or 0
                if wrong.kind is not MismatchKind.UNREADABLE and first <= version:
                    self.findings.add(LedgerFindingKind.UNFOUNDED, wrong.why, wrong.event_id)

    # --- plan by plan ---

    def _misfiled(self, page: Sequence[StoredEntry]) -> Iterator[tuple[str, StoredEntry]]:
        """Compare each plan with the log, because an index can be altered too."""
        positions = range(page[0].position or 0, (page[-1].position or 0) + 1)
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
                yield f"its plan cannot be read: {damage}", entries[0]
            else:
                yield from self._misfiled_in(entries, found, positions)

    def _misfiled_in(
        self, entries: Sequence[StoredEntry], found: Sequence[StoredEntry], positions: range
    ) -> Iterator[tuple[str, StoredEntry]]:
        there = {entry.version: entry for entry in found}
        versions = {0, *there}
        for entry in entries:
            if entry.version - 1 not in versions:
                yield "its plan does not have the version before it", entry
            other = there.pop(entry.version, None)
            if other is None:
                yield "its plan does not have it", entry
            elif not self._are_the_same(entry, other):
                yield "its plan has another event instead", entry
        for other in there.values():
            if other.position in positions:
                yield "its plan has it, but the log does not", other

    def _are_the_same(self, entry: StoredEntry, other: StoredEntry) -> bool:
        """Whether both are the same event, which may have been erased in between."""
        if other.position not in {entry.position, None}:
            return False
        return (entry.name, entry.state) == (other.name, other.state) or record(
            self._log.format, entry
        ) == record(self._log.format, other)

    # --- with checkpoints ---

    def _grow(self, hashes: Sequence[bytes]) -> None:
        """Extend the tree; its root is kept at every size that a checkpoint covers."""
        before, done = self._tree.size, 0
        for end in sorted(size - before for size in self._sizes):
            if 0 < end <= len(hashes):
                self._tree = self._tree.extended(hashes[done:end])
                self._keep_root()
                done = end
        self._tree = self._tree.extended(hashes[done:])

    def _keep_root(self) -> None:
        if self._tree.size in self._sizes:
            self._roots[self._tree.size] = self._tree.root()

    def _compare_with(self, name: str, note: Note) -> None:
        origin = self._origin()
        if origin is not None and note.origin != origin:
            why = f"{name} is about the log {note.origin}, and this is {origin}"
        elif note.size > self._tree.size:
            missing = note.size - self._tree.size
            why = f"{name} covers {note.size:,} events, and the last {missing:,} are missing"
        elif self._roots[note.size] != note.root:
            why = f"the first {note.size:,} events are not those that {name} covers"
        else:
            return
        self.findings.add(LedgerFindingKind.CHECKPOINT, why)

    def _origin(self) -> str | None:
        """The log's name by its saved leaves, or by its first event; None while it is empty.

        A damaged ledger names no log.
        """
        saved = None if LedgerFindingKind.LEDGER in self.findings.kinds else self._saved.first
        first = saved.hash if saved else self._first
        return None if first is None else origin_of(first)


def _has_version(entry: StoredEntry) -> bool:
    return isinstance(entry.version, int)
