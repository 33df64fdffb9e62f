"""The tables that follow from the row models are those that stores have had from the start.

`tests/data/tables` holds the DDL as it was written by hand before it was generated.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.sql.tables import TABLES
from plangate.infrastructure.sqlite.layout import view_tables
from tests.support.servers.postgres import PostgresServer

BY_HAND = Path(__file__).parents[2] / "data" / "tables"
NAMES = [table.name for table in TABLES.values()]


@pytest.mark.parametrize("name", NAMES)
def test_a_generated_table_of_sqlite_is_the_one_written_by_hand(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as expected:
        expected.executescript((BY_HAND / "sqlite.sql").read_text("utf-8"))
        with closing(sqlite3.connect(":memory:")) as generated:
            for view in TABLES:
                for table, definition in view_tables(view).items():
                    generated.execute(definition.format(table=table))
            assert in_sqlite(generated, name) == in_sqlite(expected, name)


def in_sqlite(connection: sqlite3.Connection, name: str) -> Any:
    """The columns, indexes and kind of a table, as SQLite describes them."""

    def rows(query: str) -> list[Any]:
        return connection.execute(query).fetchall()

    indexes = rows(f"PRAGMA index_list({name})")
    return (
        rows(f"PRAGMA table_xinfo({name})"),
        [(kind, rows(f"PRAGMA index_xinfo({index})")) for _, index, *kind in indexes],
        rows(f"SELECT type, ncol, wr, strict FROM pragma_table_list WHERE name = '{name}'"),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_generated_table_of_postgresql_is_the_one_written_by_hand(
    postgres: PostgresServer, name: str
) -> None:
    open_schema(postgres.url).close()
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE SCHEMA by_hand; SET LOCAL search_path = by_hand")
        connection.execute((BY_HAND / "postgres.sql").read_bytes())
        expected = in_postgres(connection, f"by_hand.{name}")
        generated = in_postgres(connection, f"plangate.{name}")
        connection.rollback()
    assert generated == expected
    assert generated[0]


def in_postgres(connection: psycopg.Connection[Any], name: str) -> Any:
    """The columns and the indexes of a table, as PostgreSQL describes them."""
    columns = connection.execute(
        "SELECT attnum, attname, format_type(atttypid, atttypmod), attnotnull, collname"
        " FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        (name,),
    ).fetchall()
    indexes = connection.execute(
        "SELECT pg_get_indexdef(indexrelid), indisprimary, indisunique FROM pg_index"
        " WHERE indrelid = %s::regclass ORDER BY 1",
        (name,),
    ).fetchall()
    schema = name.partition(".")[0]
    return columns, [(text.replace(f"{schema}.", ""), *kind) for text, *kind in indexes]
