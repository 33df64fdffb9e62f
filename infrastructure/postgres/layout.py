"""The tables of a store in PostgreSQL: made and upgraded once, recognised ever after.

They live in a schema of their own, so that a larger application's database can
hold them beside its own tables. Those who use the store need no right to make
tables: rebuilding a view does not, since each table of a view has two sides, of
which one is read while the other is filled.
"""

from typing import Final

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from plangate.application.errors import NotAStore, StoreTooNew
from plangate.infrastructure.postgres.connections import Connection

EVENTS: Final = "stored_events"
LAYOUT: Final = "plangate_layout"

LOCKS: Final = 0x504C4754
"""`PLGT`: the first half of every advisory lock that plangate takes."""

_MIGRATION: Final = 0

# A version is unique by byte order: an index that follows a locale's order breaks
# with the operating system's next one.
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
_VIEW_TABLES: Final = """
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
CREATE TABLE {schema}.view_plans (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    goal text,
    state text NOT NULL,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    needs_replan boolean NOT NULL,
    replan_due boolean NOT NULL,
    replan_count bigint NOT NULL,
    gate_fallen boolean NOT NULL,
    gate_lows bigint NOT NULL,
    gate_replans bigint NOT NULL,
    gate_exhausted boolean NOT NULL,
    next_task_id text,
    task_count bigint NOT NULL,
    pending bigint NOT NULL,
    in_progress bigint NOT NULL,
    done bigint NOT NULL,
    failed bigint NOT NULL,
    replanning bigint NOT NULL,
    priority bigint NOT NULL,
    labels text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_position bigint NOT NULL,
    updated_position bigint NOT NULL,
    PRIMARY KEY (side, plan_id)
);
CREATE INDEX ON {schema}.view_plans (side, created_position);
CREATE INDEX ON {schema}.view_plans (side, updated_position);
CREATE INDEX ON {schema}.view_plans (side, rolling_confidence, created_position);
CREATE INDEX ON {schema}.view_plans (side, priority DESC, created_position);
CREATE TABLE {schema}.view_words (
    side smallint NOT NULL,
    created_position bigint NOT NULL,
    part integer NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (side, created_position, part)
);
CREATE INDEX ON {schema}.view_words USING gin (words);
CREATE TABLE {schema}.view_board (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    title text,
    status text NOT NULL,
    since timestamptz NOT NULL,
    prompt_score double precision,
    output_score double precision,
    confidence double precision,
    replan_count bigint NOT NULL,
    attempt bigint NOT NULL,
    worker text,
    lease_until timestamptz,
    priority bigint,
    labels text[] NOT NULL,
    place bigint NOT NULL,
    plan_position bigint NOT NULL,
    PRIMARY KEY (side, plan_id, task_id)
);
CREATE INDEX ON {schema}.view_board (side, status, plan_position, place);
CREATE TABLE {schema}.view_timeline (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    task_id text NOT NULL,
    kind text NOT NULL,
    score double precision NOT NULL,
    raw_score double precision,
    scorer jsonb,
    attempt bigint NOT NULL,
    task_confidence double precision,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    PRIMARY KEY (side, plan_id, version)
);
CREATE TABLE {schema}.view_replans (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    task_id text NOT NULL,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    replan_count bigint NOT NULL,
    attempt bigint NOT NULL,
    PRIMARY KEY (side, plan_id, version)
);
CREATE INDEX ON {schema}.view_replans (side, position);
"""

_LEDGER_TABLES: Final = """
CREATE TABLE {schema}.ledger_leaves (
    leaf bigint PRIMARY KEY,
    position bigint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE {schema}.ledger_reach (
    leaves bigint NOT NULL,
    position bigint NOT NULL,
    frontier bytea NOT NULL
);
"""

LAYOUTS: Final = (_EVENT_TABLES, _VIEW_TABLES, _LEDGER_TABLES)
"""What each version of the layout added; a store is led through those it lacks.

When the columns of a view change, one more drops its table and makes it anew, and
takes its marks away: it is then rebuilt from the log.
"""

LAYOUT_VERSION: Final = len(LAYOUTS)
"""The version of the tables, recorded beside them."""


def layout_of(connection: Connection, schema: str, name: str) -> int:
    """The layout of the tables in a schema; 0 if there are none.

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
    """Make the tables, or those that are lacking; of several processes, one does it."""
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
        version = SQL("UPDATE {} SET version = %s").format(Identifier(schema, LAYOUT))
        cursor.execute(version, (LAYOUT_VERSION,))
