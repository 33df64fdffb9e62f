"""The findings of a verification, counted and listed.

An event that is gone from one position and appears at another was moved. This is recognised
for the first thousand of each; the others count as removed and added.
"""

from dataclasses import dataclass
from typing import Final

from plangate.application.ledger.encoding import at_position
from plangate.application.ledger.ledger_store import Leaf
from plangate.application.ledger.merkle_tree import leaf_hash
from plangate.application.ledger.reports import LedgerFinding, LedgerFindingKind
from plangate.application.recorded_event import StoredEntry

MAX_LISTED: Final = 1_000
"""How many findings are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An entry that does not match the ledger, and its record."""

    entry: StoredEntry
    record: bytes


class Findings:
    """Collects findings."""

    def __init__(self) -> None:
        self.count = 0
        self.kinds: set[LedgerFindingKind] = set()
        self._listed: list[LedgerFinding] = []
        self._gone: dict[str, Leaf] = {}
        self._new: list[Suspect] = []

    def add(
        self,
        kind: LedgerFindingKind,
        why: str,
        event_id: str | None = None,
        position: int | None = None,
    ) -> None:
        """Add a finding."""
        self.count += 1
        self.kinds.add(kind)
        if len(self._listed) < MAX_LISTED:
            found = LedgerFinding(kind=kind, why=why, event_id=event_id, position=position)
            self._listed.append(found)

    def about(self, kind: LedgerFindingKind, why: str, entry: StoredEntry) -> None:
        """Add a finding about an event."""
        self.add(kind, why, entry.event_id, entry.position)

    def differ(self, leaf: Leaf, suspect: Suspect) -> None:
        """Add an entry that is not what was at its position."""
        if leaf.event_id == suspect.entry.event_id:
            self.about(LedgerFindingKind.ALTERED, "its content was changed", suspect.entry)
        else:
            self.vanished(leaf)
            self.appeared(suspect)

    def vanished(self, leaf: Leaf) -> None:
        """Add an event that is not at its position."""
        if len(self._gone) < MAX_LISTED and leaf.event_id not in self._gone:
            self._gone[leaf.event_id] = leaf
        else:
            self._removed(leaf)

    def appeared(self, suspect: Suspect) -> None:
        """Add an entry whose position was empty."""
        if len(self._new) < MAX_LISTED:
            self._new.append(suspect)
        else:
            self._added(suspect)

    def pair_up(self) -> None:
        """At the end, find out which events were moved, and which are gone or new."""
        for suspect in self._new:
            leaf = self._gone.pop(suspect.entry.event_id, None)
            if leaf is None:
                self._added(suspect)
            elif leaf_hash(at_position(leaf.position, suspect.record)) == leaf.hash:
                why = f"it was at position {leaf.position:,}"
                self.about(LedgerFindingKind.REORDERED, why, suspect.entry)
            else:
                why = f"it was at position {leaf.position:,}, with other content"
                self.about(LedgerFindingKind.ALTERED, why, suspect.entry)
        for leaf in self._gone.values():
            self._removed(leaf)
        self._new, self._gone = [], {}

    def in_order(self) -> tuple[LedgerFinding, ...]:
        """The listed findings by position; those without one come last."""
        return tuple(
            sorted(self._listed, key=lambda f: (f.position is None, f.position or 0, f.kind))
        )

    def _added(self, suspect: Suspect) -> None:
        self.about(LedgerFindingKind.ADDED, "it was not there", suspect.entry)

    def _removed(self, leaf: Leaf) -> None:
        self.add(LedgerFindingKind.REMOVED, "it is gone", leaf.event_id, leaf.position)
