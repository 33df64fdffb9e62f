"""Rows of the ledger's tables, as SQLite and PostgreSQL both have them."""

from collections.abc import Iterator, Sequence
from typing import Any

from plangate.application.errors import NotAStore
from plangate.application.ledger.leaves import Leaf, TreeHead
from plangate.application.ledger.merkle_tree import HASH_SIZE, Frontier


def leaves_in(rows: Sequence[Sequence[Any]]) -> list[Leaf]:
    """The leaves that rows hold; a row that holds none was damaged, and is left out."""
    return list(_whole(rows))


def head_in(row: Sequence[Any] | None) -> TreeHead:
    """The head of the saved tree; without a row it is empty.

    Raises `NotAStore` for a row that cannot be one.
    """
    if row is None:
        return TreeHead()
    size, position, joined = row
    if not (isinstance(size, int) and isinstance(position, int) and isinstance(joined, bytes)):
        raise NotAStore("the ledger is damaged: how far it has come cannot be read")
    nodes = tuple(joined[at : at + HASH_SIZE] for at in range(0, len(joined), HASH_SIZE))
    if size < 0 or len(joined) != HASH_SIZE * size.bit_count():
        raise NotAStore("the ledger is damaged: its tree cannot be of the size it says")
    return TreeHead(position, Frontier(size, nodes))


def row_of(head: TreeHead) -> tuple[int, int, bytes]:
    """The head of the tree as a row."""
    return head.tree.size, head.position, b"".join(head.tree.nodes)


def _whole(rows: Sequence[Sequence[Any]]) -> Iterator[Leaf]:
    for number, position, event_id, hashed in rows:
        if (
            isinstance(position, int)
            and isinstance(event_id, str)
            and isinstance(hashed, bytes)
            and len(hashed) == HASH_SIZE
        ):
            yield Leaf(number, position, event_id, hashed)
