"""The ledger store of every SQL engine: its leaves and its head, as rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.application.ledger.ledger_store import Leaf, LedgerStore, TreeHead
from plangate.application.ledger.merkle_tree import HASH_SIZE, Frontier
from plangate.infrastructure.sql.database import Cursor, Database, all_rows

LeafRow = tuple[int, int, str, bytes]
_HEAD: Final = "SELECT leaves, position, frontier FROM ledger_reach"
_LEAVES: Final = "SELECT leaf, position, event_id, hash FROM ledger_leaves WHERE leaf < 0"
_TABLES: Final = ("ledger_leaves", "ledger_reach")


class SqlLedgerStore(LedgerStore, ABC):
    """The ledger in an SQL database. Placeholders are written `?`."""

    _event_id = "event_id"
    """The event id of a leaf, as an expression."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    @abstractmethod
    def _statements(self) -> Sequence[str]:
        """The statements that create the tables where they are missing."""

    @override
    def head(self) -> TreeHead:
        with _named():
            return self._database.read(_head)

    @override
    def clear(self) -> None:
        try:
            self._empty()
        except NotAStore:  # other columns than these
            self._empty(anew=True)

    def _empty(self, *, anew: bool = False) -> None:
        def empty(cursor: Cursor) -> None:
            # Tables are kept where they can be: others may have been given rights on them.
            for table in _TABLES if anew else ():
                cursor.execute(f"DROP TABLE {table}")
            for statement in self._statements:
                cursor.execute(statement)
            for table in _TABLES:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608
            cursor.execute(_HEAD)
            cursor.execute(_LEAVES)

        with _named():
            self._database.write(empty)

    @override
    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        rows = [(one.number, one.position, one.event_id, one.hash) for one in leaves]

        def append(cursor: Cursor) -> bool:
            self._lock(cursor)
            if _head(cursor) != after:
                return False
            self._insert(cursor, rows)
            cursor.execute("DELETE FROM ledger_reach")
            cursor.execute(
                "INSERT INTO ledger_reach VALUES (?, ?, ?)",
                (head.tree.size, head.position, b"".join(head.tree.nodes)),
            )
            return True

        with _named():
            return self._database.write(append)

    @override
    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        return self._leaves("leaf >= ? ORDER BY leaf LIMIT ?", first, limit)

    @override
    def find(self, event_id: str) -> Leaf | None:
        return next(iter(self._leaves("event_id = ? LIMIT 1", event_id)), None)

    def _leaves(self, where: str, *values: Any) -> list[Leaf]:
        query = f"SELECT leaf, position, {self._event_id}, hash FROM ledger_leaves WHERE {where}"  # noqa: S608
        with _named():
            found = self._database.read(lambda cursor: all_rows(cursor, query, values))
        return list(_undamaged(found))

    def _lock(self, cursor: Cursor) -> None:
        """Wait for other writers of the ledger, where writing transactions run side by side."""

    @abstractmethod
    def _insert(self, cursor: Cursor, rows: Sequence[LeafRow]) -> None:
        """Insert leaves; raises `NotAStore` where a number is taken."""


@contextmanager
def _named() -> Iterator[None]:
    """Say of damage that it is the ledger's, and what mends it."""
    try:
        yield
    except NotAStore as error:
        mend = "to make it anew: plangate ledger rebuild"
        raise NotAStore(f"the ledger is damaged: {error}; {mend}") from error


def _head(cursor: Cursor) -> TreeHead:
    """The head of the ledger; raises `NotAStore` where its row is damaged."""
    cursor.execute(_HEAD)
    row = cursor.fetchone()
    if row is None:
        return TreeHead()
    size, position, joined = row
    if not (isinstance(size, int) and isinstance(position, int) and isinstance(joined, bytes)):
        raise NotAStore("its head cannot be read")
    nodes = tuple(joined[at : at + HASH_SIZE] for at in range(0, len(joined), HASH_SIZE))
    if size < 0 or len(joined) != HASH_SIZE * size.bit_count():
        raise NotAStore("its head does not fit the size of its tree")
    return TreeHead(position, Frontier(size, nodes))


def _undamaged(rows: Sequence[Sequence[Any]]) -> Iterator[Leaf]:
    for number, position, event_id, hashed in rows:
        if isinstance(event_id, bytes):
            event_id = event_id.decode(errors="replace")  # noqa: PLW2901
        if (
            isinstance(position, int)
            and isinstance(event_id, str)
            and isinstance(hashed, bytes)
            and len(hashed) == HASH_SIZE
        ):
            yield Leaf(number, position, event_id, hashed)
