"""Views in PostgreSQL, in the schema of the events.

Every table of a view has two sides. One is read; a rebuild fills the other, and
takes its place by changing one mark. So nobody who keeps views needs the right
to make tables.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import psycopg
from pydantic import TypeAdapter

from plangate.application.errors import ConcurrentChange
from plangate.application.views.catalogue import PLANS
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import Keys
from plangate.application.views.view_store import ViewPosition, ViewTables, ViewUpdate
from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.postgres.search_words import parts, searches
from plangate.infrastructure.sql.conditions import Conditions, ordering
from plangate.infrastructure.sql.row_queries import RowQuestions
from plangate.infrastructure.sql.tables import COLUMN_NAMES, SUMMARIES, TABLES, TASKS, WORDS, Table
from plangate.infrastructure.sql.view_positions import (
    Overtaken,
    move,
    note_stuck_plans,
    positions_in,
)

_Row = TypeVar("_Row", bound=Row)

_READ_SIDE: Final = "(SELECT side FROM view_marks WHERE view = ? AND NOT rebuilt)"
_HOLDS_WORDS: Final = (SUMMARIES.name, TASKS.name, WORDS)


class PostgresViewStore(RowQuestions):
    """The views in a schema, which holds the events too."""

    _has_label = "? = ANY(labels)"
    _place_now = (
        "SELECT place FROM view_board WHERE side ="
        " (SELECT side FROM view_marks WHERE view = 'board' AND NOT rebuilt)"
        " AND plan_id = ? AND task_id = ?"
    )

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def positions(self) -> Mapping[ViewTables, ViewPosition]:
        """How far every view and every rebuild has come."""
        with self._schema.reading() as cursor:
            return positions_in(_QuestionMarks(cursor))

    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        """Begin to rebuild a view on the side that is not read, or go on with it."""
        with self._one_by_one(view) as cursor:
            marks = positions_in(cursor)
            there = [marks.get(ViewTables(view)), marks.get(ViewTables(view, rebuilt=True))]
            if not afresh and any(mark and mark.fold_version == fold_version for mark in there):
                return
            sides = _sides(cursor, view)
            side = 1 - sides[False] if False in sides else 0
            _clear(cursor, view, side, rebuilt=True)
            cursor.execute(
                "INSERT INTO view_marks VALUES (?, TRUE, ?, ?, 0, 0)", (view, side, fold_version)
            )

    def save(self, updates: Sequence[ViewUpdate]) -> bool:
        """Write all the updates, unless somebody else was faster."""
        in_one_order = sorted(updates, key=lambda u: (u.tables.view, u.tables.rebuilt))
        try:
            with self._writing() as cursor:
                for update in in_one_order:  # so that no two wait for each other
                    move(cursor, update)
                for update in updates:
                    note_stuck_plans(cursor, update)
                    _write(cursor, update)
        except (Overtaken, ConcurrentChange):
            return False
        return True

    def swap(self, view: str) -> bool:
        """Let the rebuilt side of a view be the one that is read."""
        with self._one_by_one(view) as cursor:
            marks = positions_in(cursor)
            old, new = marks.get(ViewTables(view)), marks.get(ViewTables(view, rebuilt=True))
            if new is None or (old is not None and new.position < old.position):
                return False
            sides = _sides(cursor, view)
            if False in sides:
                _clear(cursor, view, sides[False], rebuilt=False)
            for marking in ("view_marks", "view_stuck"):
                cursor.execute(f"UPDATE {marking} SET rebuilt = FALSE WHERE view = ?", (view,))  # noqa: S608
        return True

    def scrub(self) -> None:
        """Write the tables that hold people's words anew, without their free space."""
        self._schema.write_anew(_HOLDS_WORDS)

    def sizes(self) -> Mapping[str, int]:
        """How many rows each view has."""
        with self._reading() as cursor:
            there = [target.view for target in positions_in(cursor) if not target.rebuilt]
            return {view: _size(cursor, view) for view in there}

    def close(self) -> None:
        """Let go of the connections."""
        self._schema.close()

    # --- questions ---

    def _found_by(self, where: Conditions, words: Sequence[str]) -> None:
        asked = searches(words)
        if not asked:
            where.add("FALSE")
            return
        # One question for any number of words: the planner would weigh each against each.
        matches = (
            f"SELECT created_position FROM {WORDS} w"  # noqa: S608
            " JOIN unnest(?::tsquery[]) WITH ORDINALITY AS asked (word, number) ON w.words @@ word"
            f" WHERE w.side = {_READ_SIDE}"
            " GROUP BY created_position HAVING count(DISTINCT number) = ?"
        )
        where.add(f"created_position IN ({matches})", asked, PLANS, len(asked))

    def _rows(
        self, table: Table[_Row], where: Conditions, keys: Keys, limit: int
    ) -> Sequence[_Row]:
        query = (
            f"SELECT {', '.join(table.columns)}, EXISTS (SELECT 1 FROM view_stuck s"  # noqa: S608
            " WHERE s.view = ? AND NOT s.rebuilt AND s.plan_id = t.plan_id)"
            f" FROM {table.name} t WHERE t.side = {_READ_SIDE} AND {where.text}"
            f" ORDER BY {ordering(keys)} LIMIT ?"
        )
        with self._reading() as cursor:
            cursor.execute(query, (table.view, table.view, *where.values, limit))
            return [_row(table, values) for values in cursor.fetchall()]

    # --- transactions ---

    @contextmanager
    def _reading(self) -> Iterator["_QuestionMarks"]:
        with self._schema.reading() as cursor:
            yield _QuestionMarks(cursor)

    @contextmanager
    def _writing(self) -> Iterator["_QuestionMarks"]:
        with self._schema.writing() as cursor:
            yield _QuestionMarks(cursor)

    @contextmanager
    def _one_by_one(self, view: str) -> Iterator["_QuestionMarks"]:
        """A transaction that no other of its kind, and no update of the view, runs beside."""
        with self._writing() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(?, ?)", self._schema.lock(f"\n{view}"))
            cursor.execute("SELECT 1 FROM view_marks WHERE view = ? FOR UPDATE", (view,))
            yield cursor


class _QuestionMarks:
    """A cursor that takes `?` for a placeholder, as SQLite's do."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, text: str, values: Sequence[Any] = ()) -> None:
        self._cursor.execute(text.replace("?", "%s").encode(), values)

    def executemany(self, text: str, rows: Iterable[Sequence[Any]]) -> None:
        self._cursor.executemany(text.replace("?", "%s").encode(), rows)

    def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()


# --- sides ---


def _sides(cursor: _QuestionMarks, view: str) -> dict[bool, int]:
    """On which side of its tables a view is read (False), and on which it is rebuilt (True)."""
    cursor.execute("SELECT rebuilt, side FROM view_marks WHERE view = ?", (view,))
    return dict(cursor.fetchall())


def _clear(cursor: _QuestionMarks, view: str, side: int, *, rebuilt: bool) -> None:
    """Remove a side's rows, and how far they had come."""
    for table in (TABLES[view].name, *([WORDS] if view == PLANS else [])):
        cursor.execute(f"DELETE FROM {table} WHERE side = ?", (side,))  # noqa: S608
    for marking in ("view_marks", "view_stuck"):
        cursor.execute(
            f"DELETE FROM {marking} WHERE view = ? AND rebuilt = ?",  # noqa: S608
            (view, rebuilt),
        )


def _size(cursor: _QuestionMarks, view: str) -> int:
    query = f"SELECT count(*) FROM {TABLES[view].name} WHERE side = {_READ_SIDE}"  # noqa: S608
    cursor.execute(query, (view,))
    return int(cursor.fetchall()[0][0])


# --- rows ---


def _write(cursor: _QuestionMarks, update: ViewUpdate) -> None:
    """Write the rows that change, in the order they changed."""
    view = update.tables.view
    side = _sides(cursor, view)[update.tables.rebuilt]
    waiting: list[Row] = []
    for changes in update.changes:
        if changes.deletes:
            _put(cursor, view, side, waiting)
            waiting = []
            _remove(cursor, view, side, changes)
        waiting += changes.upserts
    _put(cursor, view, side, waiting)
    _put_words(cursor, side, [text for changes in update.changes for text in changes.texts])


_ROWS_OF: Final = {view: TypeAdapter(list[table.row]) for view, table in TABLES.items()}  # type: ignore[name-defined]


def _upsert(table: Table[Any]) -> str:
    columns = ", ".join(table.columns)
    renewed = ", ".join(f"{name} = excluded.{name}" for name in table.columns)
    return (
        f"INSERT INTO {table.name} (side, {columns}) SELECT ?, {columns}"  # noqa: S608
        f" FROM json_populate_recordset(NULL::{table.name}, ?)"
        f" ON CONFLICT (side, {', '.join(table.key)}) DO UPDATE SET {renewed}"
    )


_UPSERTS: Final = {view: _upsert(table) for view, table in TABLES.items()}


def _put(cursor: _QuestionMarks, view: str, side: int, rows: Sequence[Row]) -> None:
    """One statement for all rows; of those with the same key the last is written."""
    key = TABLES[view].key
    newest = {tuple(getattr(row, name) for name in key): row for row in rows}
    if newest:
        given = _ROWS_OF[view].dump_json(list(newest.values())).decode()
        for field, column in COLUMN_NAMES.items():
            # Inside a JSON string the quotes are escaped, so only the key can match.
            given = given.replace(f'"{field}":', f'"{column}":')
        if _NUL in given:
            given = json.dumps(_without_nul(json.loads(given)))
        cursor.execute(_UPSERTS[view], (side, given))


_NUL: Final = "\\u0000"


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL. No door lets one in; what was stored all the same stops nothing."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nul(item) for name, item in value.items()}
    return value


def _remove(cursor: _QuestionMarks, view: str, side: int, changes: RowChanges) -> None:
    table = TABLES[view].name
    tasks = [(side, *gone) for gone in changes.deletes if gone[1] is not None]
    if tasks:
        cursor.executemany(
            f"DELETE FROM {table} WHERE side = ? AND plan_id = ? AND task_id = ?",  # noqa: S608
            tasks,
        )
    plans = [plan_id for plan_id, task_id in changes.deletes if task_id is None]
    if plans and view == PLANS:
        cursor.execute(
            f"DELETE FROM {WORDS} WHERE side = ? AND created_position IN"  # noqa: S608
            f" (SELECT created_position FROM {table} WHERE side = ? AND plan_id = ANY(?))",
            (side, side, plans),
        )
    if plans:
        cursor.execute(
            f"DELETE FROM {table} WHERE side = ? AND plan_id = ANY(?)",  # noqa: S608
            (side, plans),
        )


def _put_words(cursor: _QuestionMarks, side: int, texts: Sequence[tuple[int, str]]) -> None:
    newest = dict(texts)
    if newest:
        cursor.execute(
            f"DELETE FROM {WORDS} WHERE side = ? AND created_position = ANY(?)",  # noqa: S608
            (side, list(newest)),
        )
        cursor.executemany(
            f"INSERT INTO {WORDS} VALUES (?, ?, ?, ?::tsvector)",  # noqa: S608
            [
                (side, position, part, words)
                for position, text in newest.items()
                for part, words in enumerate(parts(text))
            ],
        )


def _row(table: Table[_Row], values: Sequence[Any]) -> _Row:
    """The row with these values of its columns; the last says whether it is stale."""
    return table.row.model_validate(
        dict(zip((*table.fields, "stale"), map(_in_utc, values), strict=True))
    )


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
