"""The ledger in the PostgreSQL schema of the events."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import psycopg
from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.infrastructure.postgres.schema import QuestionMarks, Schema
from plangate.infrastructure.sql.ledger_store import LeafRow, SqlLedgerStore
from plangate.infrastructure.sql.view_positions import Cursor

_INSERT: Final = """
INSERT INTO ledger_leaves (leaf, position, event_id, hash)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::bytea[])
"""


class PostgresLedgerStore(SqlLedgerStore):
    """The ledger of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @override
    def _reading(self) -> AbstractContextManager[QuestionMarks]:
        return self._schema.reading()

    @override
    @contextmanager
    def _writing(self) -> Iterator[QuestionMarks]:
        with self._schema.writing() as cursor:
            cursor.execute("LOCK TABLE ledger_reach IN EXCLUSIVE MODE")
            yield cursor

    @override
    def _insert(self, cursor: Cursor, rows: Sequence[LeafRow]) -> None:
        try:
            cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
        except psycopg.errors.UniqueViolation as error:
            raise NotAStore(f"the ledger is damaged: {error.diag.message_primary}") from error
