"""How views are written in SQLite: their tables and their rows.

Every function works inside a transaction of its caller.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from plangate.application.views.catalogue import PLANS
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.view_store import ViewUpdate
from plangate.infrastructure.sql.tables import REBUILT, TABLES, WORDS, Table

_ENCODERS: Final = {view: table.encoder() for view, table in TABLES.items()}


def tables_of(view: str) -> list[tuple[str, str]]:
    """The tables of a view, each with the statement that makes it."""
    table: Table[Any] = TABLES[view]
    tables = [(table.name, "CREATE TABLE {table} " + table.definition)]
    if view == PLANS:
        words = "CREATE VIRTUAL TABLE {table} USING fts5(text, tokenize = 'unicode61')"
        tables.append((WORDS, words))
    return tables


def drop(cursor: sqlite3.Cursor, view: str, ending: str) -> None:
    """Remove the tables of a view, and how far they had come."""
    for table, _ in tables_of(view):
        cursor.execute(f"DROP TABLE IF EXISTS {table}{ending}")
    for marking in ("view_marks", "view_stuck"):
        cursor.execute(
            f"DELETE FROM {marking} WHERE view = ? AND rebuilt = ?",  # noqa: S608
            (view, bool(ending)),
        )


def write(cursor: sqlite3.Cursor, update: ViewUpdate) -> None:
    """Write the rows that change, in the order they changed."""
    ending = REBUILT if update.tables.rebuilt else ""
    view = update.tables.view
    waiting: list[Row] = []
    for changes in update.changes:
        if changes.deletes:
            _put(cursor, view, ending, waiting)
            waiting = []
            _remove(cursor, view, ending, changes)
        waiting += changes.upserts
    _put(cursor, view, ending, waiting)
    texts = [text for changes in update.changes for text in changes.texts]
    if texts:
        words = WORDS + ending
        cursor.executemany(
            f"INSERT OR REPLACE INTO {words} (rowid, text) VALUES (?, ?)",  # noqa: S608
            texts,
        )


def _put(cursor: sqlite3.Cursor, view: str, ending: str, rows: Sequence[Row]) -> None:
    table = TABLES[view]
    places = ", ".join("?" * len(table.columns))
    cursor.executemany(
        f"INSERT OR REPLACE INTO {table.name}{ending} VALUES ({places})",  # noqa: S608
        map(_ENCODERS[view], rows),
    )


def _remove(cursor: sqlite3.Cursor, view: str, ending: str, changes: RowChanges) -> None:
    table = TABLES[view].name + ending
    for plan_id, task_id in changes.deletes:
        if task_id is not None:
            cursor.execute(
                f"DELETE FROM {table} WHERE plan_id = ? AND task_id = ?",  # noqa: S608
                (plan_id, task_id),
            )
            continue
        if view == PLANS:
            cursor.execute(
                f"DELETE FROM {WORDS}{ending} WHERE rowid IN"  # noqa: S608
                f" (SELECT created_position FROM {table} WHERE plan_id = ?)",
                (plan_id,),
            )
        cursor.execute(f"DELETE FROM {table} WHERE plan_id = ?", (plan_id,))  # noqa: S608
