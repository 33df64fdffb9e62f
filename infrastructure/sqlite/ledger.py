"""The ledger in the SQLite file of the events."""

import sqlite3
from collections.abc import Sequence

from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sql.ledger_store import LeafRow, SqlLedgerStore
from plangate.infrastructure.sqlite.layout import LEDGER_TABLES


class SqliteLedgerStore(SqlLedgerStore):
    """The ledger of one file."""

    # Damaged text cannot be decoded, so it is read as bytes, and recognised as damaged.
    _event_id = "CASE WHEN typeof(event_id) = 'text' THEN CAST(event_id AS BLOB) END"

    @property
    @override
    def _statements(self) -> Sequence[str]:
        return LEDGER_TABLES

    @override
    def _insert(self, cursor: Cursor, rows: Sequence[LeafRow]) -> None:
        try:
            cursor.executemany("INSERT INTO ledger_leaves VALUES (?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise NotAStore(str(error)) from error
