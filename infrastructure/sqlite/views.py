"""Views in a SQLite file, beside the events; or in memory, for tests, examples and trials.

A rebuild fills tables of its own, which replace the old ones by renaming.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, lru_cache, partial
from operator import attrgetter
from time import monotonic
from typing import Any, Final

from pydantic import BaseModel
from typing_extensions import override

from plangate.application.errors import NotAStore
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.projection import Row
from plangate.application.views.view_store import ViewTables
from plangate.infrastructure.sql.conditions import Conditions
from plangate.infrastructure.sql.database import Cursor, T
from plangate.infrastructure.sql.tables import SEARCH_TABLE, SUMMARIES, TABLES, RowType, Table
from plangate.infrastructure.sql.view_positions import forget, stored_positions
from plangate.infrastructure.sql.view_store import RowWriter, SqlViewStore
from plangate.infrastructure.sqlite.connections import LOCK_TIMEOUT, Connections
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.layout import NOTED_EVENTS, VIEW_POSITIONS, view_tables

_REBUILT: Final = "_rebuilt"
"""The end of a table's name while it is being rebuilt."""

_JSON: Final[Sequence[type]] = (tuple, BaseModel)
"""The kinds of columns that are stored as JSON."""


def memory_view_store() -> "SqliteViewStore":
    """Views that begin empty and end with the process."""
    return SqliteViewStore(_MemoryDatabase())


class _MemoryDatabase:
    """A database in memory: one connection, used by one thread at a time."""

    def __init__(self) -> None:
        self._connections = Connections(None, 1, _memory_connection)

    def write(self, work: Callable[[Cursor], T]) -> T:
        return self._connections.transact("BEGIN", work)

    read = write_derived = write

    def close(self) -> None:
        self._connections.close(monotonic() + LOCK_TIMEOUT)


def _memory_connection() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    for statement in (*VIEW_POSITIONS, *NOTED_EVENTS):
        connection.execute(statement)
    return connection


class SqliteViewStore(SqlViewStore):
    """The views of one database: a file, which holds the events too, or one in memory."""

    _database: "SqliteFile | _MemoryDatabase"
    _refusals = (sqlite3.DataError, sqlite3.InterfaceError, sqlite3.IntegrityError)
    _has_label = "EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)"

    @override
    def scrub(self) -> None:
        # What is deleted from a text index stays in it until it is merged.
        def merge(cursor: Cursor) -> None:
            if ViewTables(SUMMARIES.view) in stored_positions(cursor):
                cursor.execute(f"INSERT INTO {SEARCH_TABLE}({SEARCH_TABLE}) VALUES ('rebuild')")  # noqa: S608

        self._database.write_derived(merge)

    def unreadable_rows(self) -> Iterator[str]:
        """The view of each row that cannot be read; views to be rebuilt are left out."""
        positions = self.positions()
        for view in VIEWS:
            current, table = positions.get(ViewTables(view.name)), TABLES[view.name]
            if current is None or current.fold_version != view.version:
                continue
            yield from [view.name] * self._database.read(partial(_count_unreadable, table))

    @override
    def _prepare_rebuild(self, cursor: Cursor, view: str, fold_version: int) -> None:
        _drop(cursor, ViewTables(view, rebuilt=True))
        for table, definition in view_tables(view).items():
            cursor.execute(definition.format(table=table + _REBUILT))
        cursor.execute("INSERT INTO view_marks VALUES (?, 1, ?, 0, 0, NULL)", (view, fold_version))

    @override
    def _replace_tables(self, cursor: Cursor, view: str) -> None:
        _drop(cursor, ViewTables(view))
        for table in view_tables(view):
            cursor.execute(f"ALTER TABLE {table}{_REBUILT} RENAME TO {table}")

    @override
    def _remove(self, cursor: Cursor, view: str) -> None:
        for table in view_tables(view):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        forget(cursor, ViewTables(view))

    @override
    def _row_writer(self, cursor: Cursor, target: ViewTables) -> RowWriter:
        return _Writer(cursor, target.view, end=_end(target))

    @override
    def _is_current(self, view: str) -> str:
        return "1 = 1"

    @override
    def _add_search(self, where: Conditions, words: Sequence[str]) -> None:
        matches = f"SELECT rowid FROM {SEARCH_TABLE} WHERE {SEARCH_TABLE} MATCH ?"  # noqa: S608
        # Each word is a quoted prefix, so that nothing in it is an operator.
        quoted = (word.replace('"', '""') for word in words)
        asked = " ".join(f'"{word}"*' for word in quoted)
        where.add(f"created_position IN ({matches})", asked)

    @override
    def _row(self, table: Table[RowType], values: Sequence[Any]) -> RowType:
        try:
            return _decode(table, values)
        except (ValueError, TypeError) as error:
            raise NotAStore(
                f"a row of the view {table.view} is damaged; `plangate views rebuild {table.view}`"
                " rebuilds it from the log"
            ) from error


class _Writer(RowWriter):
    _search_key = "rowid"

    @override
    def upsert(self, rows: Sequence[Row]) -> None:
        values = ", ".join("?" * len(self._table.columns))
        self._cursor.executemany(
            f"INSERT OR REPLACE INTO {self._name} VALUES ({values})",  # noqa: S608
            map(_encoder(self._table.view), rows),
        )

    @override
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        if texts:
            self._cursor.executemany(
                f"INSERT OR REPLACE INTO {self._search} (rowid, text) VALUES (?, ?)",  # noqa: S608
                texts,
            )


def _end(target: ViewTables) -> str:
    return _REBUILT if target.rebuilt else ""


def _drop(cursor: Cursor, target: ViewTables) -> None:
    for table in view_tables(target.view):
        cursor.execute(f"DROP TABLE IF EXISTS {table}{_end(target)}")
    forget(cursor, target)


@cache
def _encoder(view: str) -> Any:
    """The function from a row to the values of its columns."""
    columns = TABLES[view].columns
    read = attrgetter(*(column.name for column in columns))
    encoders: list[tuple[int, Any]] = [
        (place, datetime.isoformat if column.kind is datetime else _json)
        for place, column in enumerate(columns)
        if column.kind is datetime or column.kind in _JSON
    ]

    def encode(row: Row) -> Sequence[Any]:
        values = list(read(row))
        for place, encoded in encoders:
            if values[place] is not None:
                values[place] = encoded(values[place])
        return values

    return encode


@lru_cache(maxsize=1_024)  # few scorers and few sets of labels make most of the rows
def _json(value: Any) -> str:
    plain = value if isinstance(value, tuple) else value.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False)


def _decode(table: Table[RowType], values: Sequence[Any]) -> RowType:
    """The row with these values of its columns; the last says whether it is stale."""
    fields = {
        column.name: value if value is None or column.kind not in _JSON else json.loads(value)
        for column, value in zip(table.columns, values[:-1], strict=True)
    }
    return table.row.model_validate(fields | {"stale": values[-1]})


def _count_unreadable(table: Table[Any], cursor: Any) -> int:
    connection = cursor.connection
    usual, connection.text_factory = connection.text_factory, bytes
    try:
        rows = cursor.execute(f"SELECT {table.column_names}, 0 FROM {table.name}")  # noqa: S608
        return sum(not _is_readable(table, row) for row in rows)
    finally:
        connection.text_factory = usual


def _is_readable(table: Table[Any], values: Sequence[Any]) -> bool:
    """Whether a row can be decoded, its texts given as the stored bytes."""
    try:
        _decode(table, [one.decode() if isinstance(one, bytes) else one for one in values])
    except (ValueError, TypeError):
        return False
    return True
