"""Rewrites tables, so that nothing is left of what was removed from them.

The planner's statistics hold samples of it too, which anyone may read.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from plangate.infrastructure.postgres.connections import Connection, Query, notices

_EMPTY: Final = SQL("SELECT NOT EXISTS (SELECT FROM {})")

# ANALYZE keeps what it knew of a table that is empty by now. A column that is given its own
# type again has no statistics, and nothing is rewritten.
_LEFT: Final = """
SELECT format('ALTER TABLE %%I.%%I ALTER %%I TYPE %%s%%s', %s::text, %s::text, attname,
    format_type(atttypid, atttypmod),
    ' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(collname))
FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_attribute a USING (attname)
    LEFT JOIN (pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = collnamespace)
    ON c.oid = attcollation
WHERE schemaname = %s AND tablename = %s AND attrelid = %s::regclass
"""


def rewrite_tables(
    connection: Connection, schema: str, tables: Sequence[str], begin: Query, *, pooled: bool
) -> list[str]:
    """Rewrite tables; what the server refused. `begin` begins a transaction with our settings."""

    def alter(statement: Query) -> None:
        connection.execute(SQL("{}; {}; COMMIT").format(begin, statement))

    with notices(connection) as refused:
        try:
            if not pooled:
                connection.execute("SET statement_timeout = 0")
            for table in tables:
                name = Identifier(schema, table)
                if pooled:  # there VACUUM waits without end, so the lock is waited for before
                    alter(SQL("LOCK TABLE {}").format(name))
                connection.execute(SQL("VACUUM (FULL, ANALYZE) {}").format(name))
                for statement in _leftovers(connection, schema, table):
                    alter(statement)
        finally:
            with suppress(psycopg.Error):
                if not pooled:
                    connection.execute("RESET statement_timeout")
    return [message for _, message in refused]


def _leftovers(connection: Connection, schema: str, table: str) -> Sequence[SQL]:
    """The statements that remove statistics on an empty table; none where it holds rows."""
    name = Identifier(schema, table)
    cursor = connection.cursor(row_factory=tuple_row)
    if cursor.execute(_EMPTY.format(name)).fetchone() != (True,):
        return []
    values = (schema, table, schema, table, name.as_string(None))
    found = cursor.execute(_LEFT, values).fetchall()
    return [SQL(statement) for (statement,) in found]
