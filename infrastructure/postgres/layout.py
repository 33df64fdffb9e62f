"""The tables of a store in PostgreSQL, and the versions of their layout.

They are in a schema of their own, so that a larger application's database can hold them.
The service itself needs no right to create tables, not even to rebuild views: each table
of a view has two sides, and one is read while the other is filled.
"""

from datetime import datetime
from logging import getLogger
from typing import Any, Final

from psycopg import errors
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier
from pydantic import BaseModel

from plangate.application.errors import NotAStore, StoreTooNew
from plangate.infrastructure.postgres.connections import Connection
from plangate.infrastructure.sql.tables import MIN_COMPATIBLE_FACT, TABLES, Table
from plangate.infrastructure.sql.view_positions import NOTED_EVENT, POSITION_TABLES

_log: Final = getLogger("plangate.postgres")

EVENTS: Final = "stored_events"
STORE_FACTS: Final = "store_facts"
LAYOUT: Final = "plangate_layout"

LOCKS: Final = 0x504C4754
"""`PLGT`: the first half of every advisory lock that plangate takes."""

_MIGRATION: Final = 0

# Ids are ordered by bytes: an index in a locale's order breaks when the operating system's
# next version changes that order.
_EVENT_TABLES: Final = """
CREATE TABLE {schema}.stored_events (
    notification_id bigint NOT NULL UNIQUE,
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE TABLE {schema}.plangate_layout (version integer NOT NULL);
INSERT INTO {schema}.plangate_layout VALUES (1);
"""
_VIEW_POSITIONS: Final = """
CREATE TABLE {schema}.view_marks (
    view text COLLATE "C" NOT NULL,
    rebuilt boolean NOT NULL,
    side smallint NOT NULL,
    fold_version integer NOT NULL,
    position bigint NOT NULL,
    updates bigint NOT NULL,
    PRIMARY KEY (view, rebuilt)
);
CREATE TABLE {schema}.view_stuck (
    view text COLLATE "C" NOT NULL,
    rebuilt boolean NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint,
    why text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (view, rebuilt, plan_id)
);
CREATE TABLE {schema}.view_words (
    side smallint NOT NULL,
    created_position bigint NOT NULL,
    part integer NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (side, created_position, part)
);
CREATE INDEX ON {schema}.view_words USING gin (words);
"""
LEDGER_TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS {schema}.ledger_leaves (
    leaf bigint PRIMARY KEY,
    position bigint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    hash bytea NOT NULL
);
""",
    """
CREATE TABLE IF NOT EXISTS {schema}.ledger_reach (
    leaves bigint NOT NULL,
    position bigint NOT NULL,
    frontier bytea NOT NULL
);
""",
)
"""The ledger's leaves, numbered from 0, and its head: no row, or one."""

KEY_OF_EVENT: Final = r"""
substring(state from '"idempotency_key":"((?:[^"\\]|\\.)*)"(?:,"arguments_digest":"[0-9a-f]*")?'
    '(?:,"salt":"[0-9a-f]*")?(?:,"origin_position":[0-9]+)?[}](?:,"commitments":[{][^{}]*[}])?[}]$')
"""
"""The idempotency key of an event, escaped as in its JSON, as SQL; NULL where it has none.

A cast to JSON would fail on a damaged event. The key is recognised by what stands between it
and the end, so that no text that people wrote is taken for it.
"""

_KEYS: Final = (
    "CREATE INDEX IF NOT EXISTS stored_events_keys ON {schema}.stored_events USING hash ("
    + KEY_OF_EVENT.replace("{", "{{").replace("}", "}}")
    + ");"
)
"""Finds a command by its idempotency key alone, whatever its plan."""

_STORE_FACTS: Final = """
CREATE TABLE {schema}.store_facts (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
INSERT INTO {schema}.store_facts
VALUES ('store_id', pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''));
"""
"""What a store says about itself; its id."""

_API_KEYS: Final = """
CREATE TABLE IF NOT EXISTS {schema}.api_keys (
    key_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    scopes text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
"""
"""The API keys, each with the SHA-256 digest of its token."""

_TYPES: Final = {
    str: "text",
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    datetime: "timestamptz",
    tuple: "text[]",
    BaseModel: "jsonb",
}
"""SQL types of columns by their kind."""


def _view_table(table: Table[Any]) -> str:
    """The statements that create a view's table, in place of one with other columns."""
    name = f"{{schema}}.{table.name}"
    columns = [
        f"{column.name} {_TYPES[column.kind]}"
        + (' COLLATE "C"' if column.kind is str and column.name in table.key else "")
        + ("" if column.nullable else " NOT NULL")
        for column in table.columns
    ]
    definition = ["side smallint NOT NULL", *columns, f"PRIMARY KEY (side, {', '.join(table.key)})"]
    positions = "".join(
        f"DELETE FROM {{schema}}.{positions} WHERE view = '{table.view}';"  # noqa: S608
        for positions in POSITION_TABLES
    )
    indexes = "".join(f"CREATE INDEX ON {name} (side, {columns});" for columns in table.indexes)
    return (
        f"DROP TABLE IF EXISTS {name};{positions}"
        f"CREATE TABLE {name} ({', '.join(definition)});{indexes}"
    )


_NOTED_EVENTS: Final = NOTED_EVENT.format(table="{schema}.view_marks") + ";"

_SHARED: Final = (
    _EVENT_TABLES,
    _VIEW_POSITIONS,
    "".join(LEDGER_TABLES),
    "",
    _NOTED_EVENTS + _KEYS + _STORE_FACTS,
    "",
    _API_KEYS,
)

LAYOUT_VERSION: Final = max(len(_SHARED), *(table.layout for table in TABLES.values()))
"""The version of the tables, recorded beside them."""

MIN_COMPATIBLE: Final = 8
"""The oldest layout whose plangate may go on using these tables, while others are upgraded.

Those before cannot read policies that say which judges count.

Lower it where an older one does nothing wrong there: it fills in every column that must be
filled in, and misses no event that matters to its decisions.
"""

LAYOUTS: Final = tuple(
    "".join(
        [
            *_SHARED[version - 1 : version],
            *(_view_table(table) for table in TABLES.values() if table.layout == version),
        ]
    )
    for version in range(1, LAYOUT_VERSION + 1)
)
"""What each version of the layout added; an older store gets those it lacks.

A view whose columns changed gets a new, empty table and is rebuilt from the log.
"""


def layout_of(connection: Connection, schema: str, name: str) -> int:
    """The layout of the tables in a schema; 0 if there are none.

    Raises `NotAStore` for another application's tables, `StoreTooNew` for a newer layout.
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
    if version > LAYOUT_VERSION and not _admits_us(connection, schema, version):
        raise StoreTooNew(
            f"{name} has layout {version}; this plangate knows layouts up to {LAYOUT_VERSION}"
        )
    return int(version)


def _admits_us(connection: Connection, schema: str, layout: int) -> bool:
    """Whether newer tables say that a plangate of this layout may go on using them."""
    query = SQL("SELECT value FROM {} WHERE name = %s").format(Identifier(schema, STORE_FACTS))
    fact = MIN_COMPATIBLE_FACT.format(layout=layout)
    found = connection.cursor(row_factory=tuple_row).execute(query, (fact,))
    return any(int(value) <= LAYOUT_VERSION for (value,) in found)


def lay_out(connection: Connection, schema: str, name: str) -> None:
    """Create the tables that are missing, in the caller's transaction; of several, one does it."""
    cursor = connection.cursor(row_factory=tuple_row)
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, _MIGRATION))
    layout = layout_of(connection, schema, name)
    if layout >= LAYOUT_VERSION:
        return
    _log.info("%s: the tables go from layout %d to %d", name, layout, LAYOUT_VERSION)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotAStore(f"{name} is encoded in {encoding}; plangate needs UTF8")
    try:
        _upgrade(connection, schema, layout)
    except errors.InsufficientPrivilege as error:
        what = (
            f"has layout {layout} of plangate's tables, not {LAYOUT_VERSION}, and this user may"
            " not upgrade them"
            if layout
            else "has no plangate tables, and this user may not create them"
        )
        raise NotAStore(f"{name} {what}; run `plangate store migrate` as their owner") from error


def _upgrade(connection: Connection, schema: str, layout: int) -> None:
    # `IF NOT EXISTS` needs the right to create schemas even where the schema exists.
    if not connection.execute(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,)
    ).fetchone():
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    for statements in LAYOUTS[layout:]:
        connection.execute(SQL(statements).format(schema=Identifier(schema)))
    version = SQL("UPDATE {} SET version = %s").format(Identifier(schema, LAYOUT))
    connection.execute(version, (LAYOUT_VERSION,))
    said = SQL("INSERT INTO {} VALUES (%s, %s)").format(Identifier(schema, STORE_FACTS))
    fact = MIN_COMPATIBLE_FACT.format(layout=LAYOUT_VERSION)
    connection.execute(said, (fact, str(MIN_COMPATIBLE)))
