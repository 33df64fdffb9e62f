"""The tables of a store in PostgreSQL: made and upgraded once, recognised ever after.

They live in a schema of their own, so that a larger application's database can
hold them beside its own tables.
"""

from typing import Final

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from plangate.application.errors import NotAStore, StoreTooNew
from plangate.infrastructure.event_store.postgres_connections import Connection

LAYOUT_VERSION: Final = 1
"""The version of the tables, recorded beside them."""

EVENTS: Final = "stored_events"
LAYOUT: Final = "plangate_layout"

LOCKS: Final = 0x504C4754
"""`PLGT`: the first half of every advisory lock that plangate takes."""

_MIGRATION: Final = 0

# A version is unique by byte order: an index that follows a locale's order breaks
# with the operating system's next one.
_TABLES: Final = SQL("""
CREATE TABLE {events} (
    notification_id bigint NOT NULL UNIQUE,
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE TABLE {layout} (version integer NOT NULL);
INSERT INTO {layout} VALUES ({version})
""")


def is_laid_out(connection: Connection, schema: str, name: str) -> bool:
    """Whether the schema holds a store this plangate can use; False if it holds none.

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
        return False
    query = SQL("SELECT max(version) FROM {}").format(Identifier(schema, LAYOUT))
    (version,) = connection.cursor(row_factory=tuple_row).execute(query).fetchone() or (None,)
    if EVENTS not in found or version is None:
        raise NotAStore(f"{name} holds only a part of plangate's tables")
    if version > LAYOUT_VERSION:
        raise StoreTooNew(
            f"{name} has layout {version}; this plangate knows layouts up to {LAYOUT_VERSION}"
        )
    return True


def lay_out(connection: Connection, schema: str, name: str) -> None:
    """Make the tables if they are not there; of several processes, one does it."""
    with connection.transaction():
        cursor = connection.cursor(row_factory=tuple_row)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, _MIGRATION))
        if is_laid_out(connection, schema, name):
            return
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise NotAStore(f"{name} is encoded in {encoding}; plangate needs UTF8")
        # `IF NOT EXISTS` would ask for the right to make schemas even where one is there.
        cursor.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,))
        if not cursor.fetchone():
            cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        cursor.execute(_tables(schema))


def _tables(schema: str) -> Composed:
    return _TABLES.format(
        events=Identifier(schema, EVENTS),
        layout=Identifier(schema, LAYOUT),
        version=LAYOUT_VERSION,
    )
