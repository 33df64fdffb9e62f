"""The ledger in the SQLite file of the events."""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager

from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.infrastructure.sql.ledger_store import LeafRow, SqlLedgerStore
from plangate.infrastructure.sql.view_positions import Cursor
from plangate.infrastructure.sqlite.file import SqliteFile


class SqliteLedgerStore(SqlLedgerStore):
    """The ledger of one file."""

    # Damaged text cannot be decoded, so it is read as bytes, and recognised as damaged.
    _event_id = "CASE WHEN typeof(event_id) = 'text' THEN CAST(event_id AS BLOB) END"

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @override
    def _reading(self) -> AbstractContextManager[sqlite3.Cursor]:
        return self._file.reading()

    @override
    def _writing(self) -> AbstractContextManager[sqlite3.Cursor]:
        return self._file.writing()

    @override
    def _insert(self, cursor: Cursor, rows: Sequence[LeafRow]) -> None:
        try:
            cursor.executemany("INSERT INTO ledger_leaves VALUES (?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise NotAStore(f"the ledger is damaged: {error}") from error
