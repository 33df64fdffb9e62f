"""The ledger in the PostgreSQL schema of the events."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

import psycopg

from plangate.application.errors import NotAStore
from plangate.application.ledger.leaves import Leaf, TreeHead
from plangate.infrastructure.sql.ledger_rows import head_in, leaves_in, row_of

_LEAVES: Final = "SELECT leaf, position, event_id, hash FROM ledger_leaves "
_HEAD: Final = "SELECT leaves, position, frontier FROM ledger_reach"
_INSERT: Final = """
INSERT INTO ledger_leaves (leaf, position, event_id, hash)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bytea[])
"""


class Database(Protocol):
    """A schema in a PostgreSQL database, by its transactions."""

    def reading(self) -> AbstractContextManager[psycopg.Cursor[Any]]:
        """A transaction that sees one state of the schema, and finds its tables by their names."""
        ...

    def writing(self) -> AbstractContextManager[psycopg.Cursor[Any]]:
        """A transaction of which nothing stays when it is left by an error."""
        ...


class PostgresLedgerStore:
    """The ledger of one schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> TreeHead:
        """The head of the saved tree."""
        with self._database.reading() as cursor:
            return head_in(cursor.execute(_HEAD).fetchone())

    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        """Save more leaves, unless somebody else was faster."""
        rows = [(leaf.number, leaf.position, leaf.event_id, leaf.hash) for leaf in leaves]
        columns = [list(column) for column in zip(*rows, strict=True)]
        with self._database.writing() as cursor:
            cursor.execute("LOCK TABLE ledger_reach IN EXCLUSIVE MODE")
            if head_in(cursor.execute(_HEAD).fetchone()) != after:
                return False
            try:
                cursor.execute(_INSERT, columns)
            except psycopg.errors.UniqueViolation as error:
                raise NotAStore(f"the ledger is damaged: {error.diag.message_primary}") from error
            cursor.execute("DELETE FROM ledger_reach")
            cursor.execute("INSERT INTO ledger_reach VALUES (%s, %s, %s)", row_of(head))
        return True

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on."""
        query = _LEAVES + "WHERE leaf >= %s ORDER BY leaf LIMIT %s"
        with self._database.reading() as cursor:
            return leaves_in(cursor.execute(query, (first, limit)).fetchall())

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event, looked for among all."""
        query = _LEAVES + "WHERE event_id = %s LIMIT 1"
        with self._database.reading() as cursor:
            found = leaves_in(cursor.execute(query, (event_id,)).fetchall())
        return next(iter(found), None)
