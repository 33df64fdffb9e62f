"""Views in PostgreSQL, in the schema of the events.

Every table of a view has two sides. One is read; a rebuild fills the other, which is then
read in its place. So a service that updates views needs no right to create tables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import errors
from pydantic import BaseModel
from typing_extensions import override

from plangate.application.views.view_store import ViewTables
from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.postgres.search_words import parts, searches
from plangate.infrastructure.sql.conditions import Conditions
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sql.tables import (
    SEARCH_TABLE,
    SUMMARIES,
    TABLES,
    TASKS,
    RowType,
    Table,
    written_time,
)
from plangate.infrastructure.sql.view_positions import forget
from plangate.infrastructure.sql.view_rows import RowWriter
from plangate.infrastructure.sql.view_store import SqlViewStore

_WITH_ERASABLE_TEXT: Final = (SUMMARIES.name, TASKS.name, SEARCH_TABLE)


class PostgresViewStore(SqlViewStore):
    """The views in a schema, which holds the events too."""

    _database: Schema
    _refusals = (
        errors.DataError,
        errors.NotNullViolation,
        errors.CheckViolation,
        errors.ProgramLimitExceeded,
    )
    _has_label = "? = ANY(labels)"

    @override
    def scrub(self) -> None:
        self._database.rewrite_tables(_WITH_ERASABLE_TEXT)

    @override
    def _lock(self, cursor: Cursor, view: str) -> None:
        cursor.execute("SELECT pg_advisory_xact_lock(?, ?)", self._database.lock(f"\n{view}"))
        cursor.execute("SELECT 1 FROM view_marks WHERE view = ? FOR UPDATE", (view,))

    @override
    def _prepare_rebuild(self, cursor: Cursor, view: str, fold_version: int) -> None:
        sides = _sides(cursor, view)
        side = 1 - sides[False] if False in sides else 0
        _clear(cursor, ViewTables(view, rebuilt=True), side)
        cursor.execute(
            "INSERT INTO view_marks VALUES (?, TRUE, ?, ?, 0, 0)", (view, side, fold_version)
        )

    @override
    def _replace_tables(self, cursor: Cursor, view: str) -> None:
        self._remove(cursor, view)
        # The planner would sort all plans for the first ones with work. A role that does not
        # own the table gets a notice, and the planner waits for autovacuum.
        cursor.execute(f"ANALYZE {TABLES[view].name}")

    @override
    def _remove(self, cursor: Cursor, view: str) -> None:
        sides = _sides(cursor, view)
        if False in sides:
            _clear(cursor, ViewTables(view), sides[False])

    @override
    def _encode(self, table: Table[Any], row: Mapping[str, Any]) -> Any:
        return row  # all rows of a view are encoded at once, and no command waits for it

    @override
    def _row_writer(self, cursor: Cursor, target: ViewTables) -> RowWriter:
        return _Writer(cursor, target.view, _sides(cursor, target.view)[target.rebuilt])

    @override
    def _is_current(self, view: str) -> str:
        return f"side = (SELECT side FROM view_marks WHERE view = '{view}' AND NOT rebuilt)"  # noqa: S608

    @override
    def _add_search(self, where: Conditions, words: Sequence[str]) -> None:
        asked = searches(words)
        if not asked:
            where.add("FALSE")
            return
        # One join for any number of words: the planner would compare each with each.
        matches = (
            f"SELECT created_position FROM {SEARCH_TABLE} w"  # noqa: S608
            " JOIN unnest(?::tsquery[]) WITH ORDINALITY AS asked (word, number) ON w.words @@ word"
            f" WHERE {self._is_current(SUMMARIES.view)}"
            " GROUP BY created_position HAVING count(DISTINCT number) = ?"
        )
        where.add(f"created_position IN ({matches})", asked, len(asked))

    @override
    def _row(self, table: Table[RowType], values: Sequence[Any]) -> RowType:
        names = (*(column.name for column in table.columns), "stale")
        return table.row.model_validate(dict(zip(names, map(_in_utc, values), strict=True)))


def _sides(cursor: Cursor, view: str) -> dict[bool, int]:
    """The side of a view that is read (False), and the side being rebuilt (True)."""
    cursor.execute("SELECT rebuilt, side FROM view_marks WHERE view = ?", (view,))
    return dict(cursor.fetchall())


def _clear(cursor: Cursor, target: ViewTables, side: int) -> None:
    """Delete the rows of a side, and its position."""
    table = TABLES[target.view]
    for name in (table.name, SEARCH_TABLE)[: 2 if table is SUMMARIES else 1]:
        cursor.execute(f"DELETE FROM {name} WHERE side = ?", (side,))  # noqa: S608
    forget(cursor, target)


def _upsert(table: Table[Any]) -> str:
    columns = table.column_names
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))
    return (
        f"INSERT INTO {table.name} (side, {columns}) SELECT ?, {columns}"  # noqa: S608
        f" FROM json_populate_recordset(NULL::{table.name}, ?)"
        f" ON CONFLICT (side, {', '.join(table.key)}) DO UPDATE SET {renewed}"
    )


_UPSERTS: Final = {view: _upsert(table) for view, table in TABLES.items()}


_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL in JSON text, but not a backslash followed by `u0000`."""


class _Writer(RowWriter):
    def __init__(self, cursor: Cursor, view: str, side: int) -> None:
        super().__init__(cursor, view, scope=f"side = {side}")
        self._side = side

    @override
    def upsert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        # One statement for all rows, which may name each key only once.
        key = self._table.key
        newest = {tuple(row[name] for name in key): row for row in rows}
        if not newest:
            return
        given = json.dumps(
            list(newest.values()), ensure_ascii=False, allow_nan=False, default=_plain
        )
        # PostgreSQL stores no NUL. A stored event that has one must not stop the view.
        given = _NUL.sub(r"\1\\ufffd", given)
        self._cursor.execute(_UPSERTS[self._table.view], (self._side, given))

    @override
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        newest = dict(texts)
        self._cursor.executemany(
            f"DELETE FROM {self._search} WHERE {self._scope} AND created_position = ?",  # noqa: S608
            [(position,) for position in newest],
        )
        self._cursor.executemany(
            f"INSERT INTO {self._search} VALUES (?, ?, ?, ?::tsvector)",  # noqa: S608
            [
                (self._side, position, part, words)
                for position, text in newest.items()
                for part, words in enumerate(parts(text))
            ],
        )


def _plain(value: datetime | BaseModel) -> Any:
    """What JSON says of a value that it has no form for."""
    if isinstance(value, datetime):
        return written_time(value)
    return value.model_dump(mode="json")


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
