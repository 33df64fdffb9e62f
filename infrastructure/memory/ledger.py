"""A ledger in this process's memory, beside events that are there too or in another engine.

After a restart it is built again from the log; then only a checkpoint can show whether the
log was altered in between.
"""

from collections.abc import Sequence
from threading import Lock

from typing_extensions import override

from plangate.application.ledger.ledger_store import Leaf, LedgerStore, TreeHead


class MemoryLedgerStore(LedgerStore):
    """Leaves in a list."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._leaves: list[Leaf] = []
        self._head = TreeHead()

    @override
    def head(self) -> TreeHead:
        return self._head

    @override
    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        with self._lock:
            if after != self._head:
                return False
            self._leaves += leaves
            self._head = head
            return True

    @override
    def clear(self) -> None:
        with self._lock:
            self._leaves, self._head = [], TreeHead()

    @override
    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        return self._leaves[first : first + limit]

    @override
    def find(self, event_id: str) -> Leaf | None:
        return next((leaf for leaf in self._leaves if leaf.event_id == event_id), None)
