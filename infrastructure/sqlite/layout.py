"""The tables of a store in a SQLite file, and the versions of their layout."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from plangate.application.errors import NotAStore, StoreTooNew
from plangate.infrastructure.sql.tables import (
    MIN_COMPATIBLE_FACT,
    SEARCH_TABLE,
    SUMMARIES,
    TABLES,
    Table,
)
from plangate.infrastructure.sql.view_positions import NOTED_EVENT
from plangate.infrastructure.sqlite.facts import STORE_FACTS, facts_in, set_fact
from plangate.infrastructure.sqlite.header import APPLICATION_ID

_log: Final = getLogger("plangate.sqlite")

_EVENTS: Final = """
CREATE TABLE stored_events (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (originator_id, originator_version)
)
"""
VIEW_POSITIONS: Final = (
    """
    CREATE TABLE view_marks (
        view TEXT NOT NULL,
        rebuilt INTEGER NOT NULL,
        fold_version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        updates INTEGER NOT NULL,
        PRIMARY KEY (view, rebuilt)
    )
    """,
    """
    CREATE TABLE view_stuck (
        view TEXT NOT NULL,
        rebuilt INTEGER NOT NULL,
        plan_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER,
        why TEXT NOT NULL,
        since TEXT NOT NULL,
        PRIMARY KEY (view, rebuilt, plan_id)
    )
    """,
)
"""The position of each view, and the plans it is stuck on. The rows of a view have
tables of their own, created by each rebuild."""

NOTED_EVENTS: Final = (NOTED_EVENT.format(table="view_marks"),)
"""The event at the position of each view."""

LEDGER_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS ledger_leaves (
        leaf INTEGER PRIMARY KEY,
        position INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        hash BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS ledger_reach (
        leaves INTEGER NOT NULL,
        position INTEGER NOT NULL,
        frontier BLOB NOT NULL
    )
    """,
)
"""The ledger's leaves, numbered from 0, and its head: no row, or one."""

KEY_OF_EVENT: Final = (
    "CASE WHEN typeof(state) = 'text' AND json_valid(state)"
    " THEN json_extract(state, '$.meta.idempotency_key') END"
)
"""The idempotency key of an event, as SQL; of a damaged event there is none."""

_KEYS: Final = f"""
CREATE INDEX IF NOT EXISTS stored_events_keys ON stored_events ({KEY_OF_EVENT})
WHERE {KEY_OF_EVENT} IS NOT NULL
"""
"""Finds a command by its idempotency key alone, whatever its plan."""

_API_KEYS: Final = """
CREATE TABLE IF NOT EXISTS api_keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT,
    expires_at TEXT,
    revoked_at TEXT,
    revoked_by TEXT
) WITHOUT ROWID
"""
"""The API keys, each with the SHA-256 digest of its token."""

_LAYOUTS: Final = (
    (_EVENTS,),
    VIEW_POSITIONS,
    LEDGER_TABLES,
    (),
    (*NOTED_EVENTS, _KEYS, *STORE_FACTS),
    (_API_KEYS,),
    (),
)
"""What each version of the layout added; an older file gets those it lacks.

The fourth and the seventh brought events that earlier versions of plangate cannot read.
"""

LAYOUT_VERSION: Final = len(_LAYOUTS)
"""The version of the tables, in the file's `user_version`."""

MIN_COMPATIBLE: Final = 7
"""The oldest layout whose plangate may go on using these tables; as in PostgreSQL."""

_TYPES: Final = {
    str: "TEXT",
    bool: "INTEGER",
    int: "INTEGER",
    float: "REAL",
    datetime: "TEXT",
    tuple: "TEXT",
    BaseModel: "TEXT",
}
"""SQL types of columns by their kind; times are ISO 8601, the last two kinds are JSON."""


def view_tables(view: str) -> dict[str, str]:
    """The tables of a view, each with the statement that creates it as `{table}`."""
    table = TABLES[view]
    tables = {table.name: _table(table)}
    if view == SUMMARIES.view:
        tables[SEARCH_TABLE] = (
            "CREATE VIRTUAL TABLE {table} USING fts5(text, tokenize = 'unicode61')"
        )
    return tables


def _table(table: Table[Any]) -> str:
    key = ", ".join(table.key)
    lines = [
        f"{column.name} {_TYPES[column.kind]}"
        + (" PRIMARY KEY" if column.name == table.rowid else "" if column.nullable else " NOT NULL")
        for column in table.columns
    ]
    lines.append(f"UNIQUE ({key})" if table.rowid else f"PRIMARY KEY ({key})")
    lines += [f"UNIQUE ({columns})" for columns in table.unique]
    return f"CREATE TABLE {{table}} ({', '.join(lines)})" + (
        "" if table.rowid else " WITHOUT ROWID"
    )


def lay_out(cursor: sqlite3.Cursor, path: Path) -> None:
    """Create the tables that a file lacks, inside the caller's transaction."""
    layout = layout_of(cursor, path)
    if layout >= LAYOUT_VERSION:
        return
    _log.info("%s: the tables go from layout %d to %d", path, layout, LAYOUT_VERSION)
    statements: Sequence[str] = [s for added in _LAYOUTS[layout:] for s in added]
    for statement in statements:
        cursor.execute(statement)
    cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    cursor.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
    fact = MIN_COMPATIBLE_FACT.format(layout=LAYOUT_VERSION)
    set_fact(cursor, fact, str(MIN_COMPATIBLE))


def admits_us(facts: Mapping[str, str], layout: int) -> bool:
    """Whether a newer layout says that a plangate of this one may go on using it."""
    said = facts.get(MIN_COMPATIBLE_FACT.format(layout=layout))
    return said is not None and int(said) <= LAYOUT_VERSION


def layout_of(cursor: sqlite3.Cursor, path: Path) -> int:
    """The layout of the file's tables; 0 for an empty file.

    Raises `NotAStore` for another application's database, `StoreTooNew` for a newer layout.
    """
    # One statement sees one state, before or after another process creates the tables.
    cursor.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    )
    application, layout, tables = cursor.fetchone()
    if application == APPLICATION_ID:
        if layout > LAYOUT_VERSION and not admits_us(facts_in(cursor), layout):
            raise StoreTooNew(
                f"{path} has layout {layout}; this plangate knows layouts up to {LAYOUT_VERSION}"
            )
        return int(layout)
    if application or layout or tables:
        raise NotAStore(f"{path} is a database of another application")
    return 0
