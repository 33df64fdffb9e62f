"""The ledger in the SQLite file of the events."""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from plangate.application.errors import NotAStore
from plangate.application.ledger.leaves import Leaf, TreeHead
from plangate.infrastructure.sql.ledger_rows import head_in, leaves_in, row_of

# Damaged text would not come out as text; so it comes out as bytes, and is seen to be damaged.
_LEAVES: Final = (
    "SELECT leaf, position, CASE WHEN typeof(event_id) = 'text' THEN CAST(event_id AS BLOB) END,"
    " hash FROM ledger_leaves "
)
_HEAD: Final = "SELECT leaves, position, frontier FROM ledger_reach"


class Database(Protocol):
    """A SQLite database, by its transactions."""

    def reading(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A transaction that sees one state of the database."""
        ...

    def writing(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A transaction that keeps other writers out from its beginning."""
        ...


class SqliteLedgerStore:
    """The ledger of one file."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def head(self) -> TreeHead:
        """The head of the saved tree."""
        with self._file.reading() as cursor:
            return head_in(cursor.execute(_HEAD).fetchone())

    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        """Save more leaves, unless somebody else was faster."""
        rows = [(leaf.number, leaf.position, leaf.event_id, leaf.hash) for leaf in leaves]
        with self._file.writing() as cursor:
            if head_in(cursor.execute(_HEAD).fetchone()) != after:
                return False
            try:
                cursor.executemany("INSERT INTO ledger_leaves VALUES (?, ?, ?, ?)", rows)
            except sqlite3.IntegrityError as error:
                raise NotAStore(f"the ledger is damaged: {error}") from error
            cursor.execute("DELETE FROM ledger_reach")
            cursor.execute("INSERT INTO ledger_reach VALUES (?, ?, ?)", row_of(head))
        return True

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on."""
        with self._file.reading() as cursor:
            query = _LEAVES + "WHERE leaf >= ? ORDER BY leaf LIMIT ?"
            return _leaves(cursor.execute(query, (first, limit)).fetchall())

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event, looked for among all."""
        with self._file.reading() as cursor:
            query = _LEAVES + "WHERE event_id = ? LIMIT 1"
            return next(iter(_leaves(cursor.execute(query, (event_id,)).fetchall())), None)


def _leaves(rows: Sequence[tuple[object, ...]]) -> list[Leaf]:
    return leaves_in([(leaf, at, _text(name), hashed) for leaf, at, name, hashed in rows])


def _text(raw: object) -> str | None:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else None
