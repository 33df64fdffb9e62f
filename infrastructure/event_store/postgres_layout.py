"""The tables of a store in PostgreSQL: made once, brought up to date, recognised ever after.

They live in a schema of their own, so that a larger application's database can
hold them beside its own tables.
"""

from typing import Final

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from plangate.application.errors import NotAStore, StoreTooNew
from plangate.infrastructure.event_store.postgres_connections import Connection

EVENTS: Final = "stored_events"
LAYOUT: Final = "plangate_layout"

LOCKS: Final = 0x504C4754
"""`PLGT`: the first half of every advisory lock that plangate takes."""

_MIGRATION: Final = 0

# A version is unique by byte order: an index that follows a locale's order breaks
# with the operating system's next one.
_EVENTS: Final = """
CREATE TABLE {schema}.stored_events (
    notification_id bigint NOT NULL UNIQUE,
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE TABLE {schema}.plangate_layout (version integer NOT NULL);
INSERT INTO {schema}.plangate_layout VALUES (0)
"""

_LEDGER: Final = """
CREATE TABLE {schema}.ledger_leaves (
    leaf bigint PRIMARY KEY,
    position bigint NOT NULL,
    event_id text NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE {schema}.ledger_reach (
    leaves bigint NOT NULL,
    position bigint NOT NULL,
    frontier bytea NOT NULL
)
"""
# The ledger's leaves, numbered from 0, and how far it has come: nothing, or one row.

LAYOUTS: Final = (_EVENTS, _LEDGER)
"""What each version of the layout added; a store is led through those it lacks.

None is ever changed. Braces have a meaning in them: those that stay are doubled.
"""

LAYOUT_VERSION: Final = len(LAYOUTS)
"""The version of the tables, recorded beside them."""


def layout_of(connection: Connection, schema: str, name: str) -> int:
    """The layout of the store that the schema holds; 0 if it holds none.

    Raises `NotAStore` where another application's events are, `StoreTooNew` for
    the tables of a newer plangate.
    """
    found = {
        table
        for (table,) in connection.cursor(row_factory=tuple_row).execute(
            "SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace n"
            " ON n.oid = relnamespace WHERE nspname = %s AND relname = ANY(%s)",
            (schema, [EVENTS, LAYOUT]),
        )
    }
    if LAYOUT not in found:
        if EVENTS in found:
            raise NotAStore(f"{name} holds the events of another application")
        return 0
    query = SQL("SELECT max(version) FROM {}").format(Identifier(schema, LAYOUT))
    (version,) = connection.cursor(row_factory=tuple_row).execute(query).fetchone() or (None,)
    if EVENTS not in found or version is None:
        raise NotAStore(f"{name} holds only a part of plangate's tables")
    if version > LAYOUT_VERSION:
        raise StoreTooNew(
            f"{name} has layout {version}; this plangate knows layouts up to {LAYOUT_VERSION}"
        )
    return int(version)


def lay_out(connection: Connection, schema: str, name: str) -> None:
    """Make the tables, or those that an older layout lacks; of several processes, one does it."""
    with connection.transaction():
        cursor = connection.cursor(row_factory=tuple_row)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, _MIGRATION))
        layout = layout_of(connection, schema, name)
        if layout == LAYOUT_VERSION:
            return
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise NotAStore(f"{name} is encoded in {encoding}; plangate needs UTF8")
        # `IF NOT EXISTS` would ask for the right to make schemas even where one is there.
        cursor.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,))
        if not cursor.fetchone():
            cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        for statements in LAYOUTS[layout:]:
            cursor.execute(SQL(statements).format(schema=Identifier(schema)))
        version = SQL("UPDATE {} SET version = {}")
        cursor.execute(version.format(Identifier(schema, LAYOUT), LAYOUT_VERSION))
