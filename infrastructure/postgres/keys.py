"""The API keys in the PostgreSQL schema of the events."""

from collections.abc import Callable

from typing_extensions import override

from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.sql.database import Cursor, T
from plangate.infrastructure.sql.key_store import SqlKeyStore


class PostgresKeyStore(SqlKeyStore):
    """The keys of one schema."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self._schema = schema

    @override
    def _write(self, work: Callable[[Cursor], T]) -> T:
        return self._schema.write_lasting(work)
