"""The saved leaves, read once in order; and what is wrong with them, whatever the log holds."""

from collections.abc import Iterator, Sequence

from plangate.application import plan_log
from plangate.application.errors import NotAStore
from plangate.application.ledger.findings import Findings
from plangate.application.ledger.ledger_store import Leaf, LedgerStore, TreeHead
from plangate.application.ledger.merkle_tree import Frontier
from plangate.application.ledger.reports import LedgerFinding, LedgerFindingKind


class SavedLeaves:
    """The leaves up to the saved head. Where tables cannot be read, they count as empty."""

    def __init__(self, ledger: LedgerStore, findings: Findings) -> None:
        self._ledger = ledger
        self._findings = findings
        self._readable = True
        self.head = self._saved_head()
        self._tree = Frontier()
        self._position = 0
        self._leaves = self._read()
        self._next = next(self._leaves, None)

    @property
    def first(self) -> Leaf | None:
        """The first leaf, if it can be read."""
        return next(iter(self._page(0, 1)), None) if self.head.tree.size else None

    def at(self, position: int) -> Leaf | None:
        """The leaf of a position; the events of leaves before it are gone."""
        while self._next is not None and self._next.position < position:
            self._findings.vanished(self._next)
            self._next = next(self._leaves, None)
        if self._next is None or self._next.position > position:
            return None
        leaf, self._next = self._next, next(self._leaves, None)
        return leaf

    def covers(self, position: int) -> bool:
        """Whether an event at a position should have a leaf, as far as is known."""
        return position <= (self.head.position if self._readable else self._position)

    def finish(self) -> None:
        """Report the leaves after the end of the log, and check the tree of all leaves."""
        while self._next is not None:
            self._findings.vanished(self._next)
            self._next = next(self._leaves, None)
        self._check_tree()

    def check(self) -> None:
        """Find what is wrong with the leaves themselves."""
        for _ in self._leaves:
            pass
        self._check_tree()

    def _check_tree(self) -> None:
        if not self._readable:
            return
        if (self._position, self._tree) != (self.head.position, self.head.tree):
            self._damaged("its saved root is not that of its leaves")
        beyond = self._page(self.head.tree.size, 1)
        if beyond and self._ledger.head() == self.head:  # no one extended it meanwhile
            self._damaged("it has leaves beyond its saved size")

    def _saved_head(self) -> TreeHead:
        try:
            return self._ledger.head()
        except NotAStore as unreadable:
            self._cannot_be_read(unreadable)
            return TreeHead()

    def _read(self) -> Iterator[Leaf]:
        """The intact leaves: numbered, with rising positions."""
        for first in range(0, self.head.tree.size, plan_log.PAGE):
            limit = min(plan_log.PAGE, self.head.tree.size - first)
            page = {leaf.number: leaf for leaf in self._page(first, limit)}
            if not self._readable:
                return
            for number in range(first, first + limit):
                leaf = page.get(number)
                if leaf is None or not self._position < leaf.position <= self.head.position:
                    self._damaged(f"its leaf {number:,} is missing or out of order")
                    continue
                self._position = leaf.position
                self._tree = self._tree.extended((leaf.hash,))
                yield leaf

    def _page(self, first: int, limit: int) -> Sequence[Leaf]:
        try:
            return self._ledger.leaves(first=first, limit=limit)
        except NotAStore as unreadable:
            self._cannot_be_read(unreadable)
            return ()

    def _cannot_be_read(self, why: NotAStore) -> None:
        self._readable = False
        self._damaged(str(why))

    def _damaged(self, why: str) -> None:
        self._findings.add(LedgerFindingKind.LEDGER, why)


def damage(ledger: LedgerStore) -> Sequence[LedgerFinding]:
    """What is wrong with a ledger, without a look at the log."""
    findings = Findings()
    SavedLeaves(ledger, findings).check()
    return findings.in_order()
