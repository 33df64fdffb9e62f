"""The ledger in the PostgreSQL schema of the events."""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg.sql import Identifier
from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.infrastructure.postgres.layout import LEDGER_TABLES
from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sql.ledger_store import LeafRow, SqlLedgerStore

_INSERT: Final = """
INSERT INTO ledger_leaves (leaf, position, event_id, hash)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::bytea[])
"""


class PostgresLedgerStore(SqlLedgerStore):
    """The ledger of one schema."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        name = Identifier(schema.schema).as_string(None)
        self._made = tuple(statement.format(schema=name) for statement in LEDGER_TABLES)

    @property
    @override
    def _statements(self) -> Sequence[str]:
        return self._made

    @override
    def _lock(self, cursor: Cursor) -> None:
        cursor.execute("LOCK TABLE ledger_reach IN EXCLUSIVE MODE")

    @override
    def _insert(self, cursor: Cursor, rows: Sequence[LeafRow]) -> None:
        try:
            cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
        except psycopg.errors.UniqueViolation as error:
            raise NotAStore(str(error.diag.message_primary)) from error
