"""What a verification finds, counted and listed; and which of it belongs together.

An event that is gone from one place and appears at another was moved. Of the first
thousand of each it can be said; the others count one by one.
"""

from dataclasses import dataclass
from typing import Final

from plangate.application.ledger.encoding import at_position
from plangate.application.ledger.leaves import Leaf
from plangate.application.ledger.merkle_tree import leaf_hash
from plangate.application.ledger.reports import LedgerFinding, LedgerFindingKind
from plangate.application.recorded_event import StoredEntry

MAX_LISTED: Final = 1_000
"""So many findings are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An entry of the log that is not what the ledger has, and its record."""

    entry: StoredEntry
    record: bytes


class Findings:
    """All that is wrong, as it is found."""

    def __init__(self) -> None:
        self.count = 0
        self._listed: list[LedgerFinding] = []
        self._gone: dict[str, Leaf] = {}
        self._there: list[Suspect] = []

    def note(
        self,
        kind: LedgerFindingKind,
        why: str,
        event_id: str | None = None,
        position: int | None = None,
    ) -> None:
        """One thing that is wrong."""
        self.count += 1
        if len(self._listed) < MAX_LISTED:
            found = LedgerFinding(kind=kind, why=why, event_id=event_id, position=position)
            self._listed.append(found)

    def about(self, kind: LedgerFindingKind, why: str, entry: StoredEntry) -> None:
        """One thing that is wrong with an event."""
        self.note(kind, why, entry.event_id, entry.position)

    def differ(self, leaf: Leaf, suspect: Suspect) -> None:
        """What is at a position is not what was there."""
        if leaf.event_id == suspect.entry.event_id:
            self.about(LedgerFindingKind.ALTERED, "it does not say what it said", suspect.entry)
        else:
            self.vanished(leaf)
            self.appeared(suspect)

    def vanished(self, leaf: Leaf) -> None:
        """What was at a position is not there."""
        if len(self._gone) < MAX_LISTED and leaf.event_id not in self._gone:
            self._gone[leaf.event_id] = leaf
        else:
            self._removed(leaf)

    def appeared(self, suspect: Suspect) -> None:
        """What is at a position was not there."""
        if len(self._there) < MAX_LISTED:
            self._there.append(suspect)
        else:
            self._added(suspect)

    def pair_up(self) -> None:
        """All was seen: tell what moved, and what is really gone or new."""
        for suspect in self._there:
            leaf = self._gone.pop(suspect.entry.event_id, None)
            if leaf is None:
                self._added(suspect)
            elif leaf_hash(at_position(leaf.position, suspect.record)) == leaf.hash:
                why = f"it was at position {leaf.position:,}"
                self.about(LedgerFindingKind.REORDERED, why, suspect.entry)
            else:
                why = f"it was at position {leaf.position:,}, and said something else"
                self.about(LedgerFindingKind.ALTERED, why, suspect.entry)
        for leaf in self._gone.values():
            self._removed(leaf)
        self._there, self._gone = [], {}

    def in_order(self) -> tuple[LedgerFinding, ...]:
        """Those that are listed, by their place in the log; what has none comes last."""
        return tuple(
            sorted(self._listed, key=lambda f: (f.position is None, f.position or 0, f.kind))
        )

    def _added(self, suspect: Suspect) -> None:
        self.about(LedgerFindingKind.ADDED, "it was not there", suspect.entry)

    def _removed(self, leaf: Leaf) -> None:
        self.note(LedgerFindingKind.REMOVED, "it is gone", leaf.event_id, leaf.position)
