"""A ledger in this process's memory: beside events that are there too, or that other engines keep.

What is not kept is made again from the log, and then only a checkpoint can say
whether the log was altered in between.
"""

from collections.abc import Sequence
from threading import Lock

from plangate.application.ledger.leaves import Leaf, TreeHead


class MemoryLedgerStore:
    """Leaves in a list."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._leaves: list[Leaf] = []
        self._head = TreeHead()

    def head(self) -> TreeHead:
        """The head of the saved tree."""
        return self._head

    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        """Keep more leaves, unless somebody else was faster."""
        with self._lock:
            if after != self._head:
                return False
            self._leaves += leaves
            self._head = head
            return True

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on."""
        return self._leaves[first : first + limit]

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event."""
        return next((leaf for leaf in self._leaves if leaf.event_id == event_id), None)
