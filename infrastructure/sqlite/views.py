"""Views in a SQLite file, beside the events; or in memory, for tests, examples and trials.

A rebuild fills tables of its own, which replace the old ones by renaming.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final
from weakref import finalize

from typing_extensions import override

from plangate.application.errors import NotAStore, ViewBehind
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.view_store import (
    UnsavableRows,
    ViewPosition,
    ViewTables,
    ViewUpdate,
)
from plangate.infrastructure.sql.conditions import Conditions
from plangate.infrastructure.sql.database import Cursor, T
from plangate.infrastructure.sql.tables import SEARCH_TABLE, SUMMARIES, TABLES, RowType, Table
from plangate.infrastructure.sql.view_positions import forget, stored_positions
from plangate.infrastructure.sql.view_rows import RowWriter, Selection
from plangate.infrastructure.sql.view_store import SqlViewStore
from plangate.infrastructure.sqlite.connections import LOCK_TIMEOUT, Connections, WriterBusy
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.kept_rows import Kept, merged_rows, saved_rows
from plangate.infrastructure.sqlite.layout import NOTED_EVENTS, VIEW_POSITIONS, view_tables
from plangate.infrastructure.sqlite.row_writer import JSON, SqliteRowWriter, encoded

_REBUILT: Final = "_rebuilt"
"""The end of a table's name while it is being rebuilt."""


def memory_view_store() -> "SqliteViewStore":
    """Views that begin empty and end with the process, or where they are forgotten."""
    database = _MemoryDatabase()
    store = SqliteViewStore(database)
    finalize(store, database.close)
    return store


class _MemoryDatabase:
    """A database in memory: one connection, used by one thread at a time."""

    def __init__(self) -> None:
        self._connections = Connections(None, 1, _memory_connection)

    def write(self, work: Callable[[Cursor], T], *, at_once: bool = False) -> T:  # noqa: ARG002  (no one else writes it)
        return self._connections.transact("BEGIN", work)

    read = write_derived = read_beside = write

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

    def __init__(self, database: "SqliteFile | _MemoryDatabase") -> None:
        super().__init__(database)
        self._kept: dict[str, Kept] = {}
        """What is not saved yet, by view."""
        self._saves_seldom = False

    @override
    def positions(self) -> Mapping[ViewTables, ViewPosition]:
        kept, found = self._kept, dict(super().positions())
        for view, one in [*kept.items()]:
            if found.get(ViewTables(view)) == one.update.expected:
                found[ViewTables(view)] = one.position
            else:  # another process moved it
                kept.pop(view, None)
        return found

    @override
    def save(self, updates: Sequence[ViewUpdate], *, at_once: bool = False) -> bool:
        if any(update.tables.rebuilt for update in updates):
            return super().save(updates)
        kept = self._kept
        whole = {**kept}
        for update in updates:
            before = kept.get(update.tables.view)
            follows = before is not None and update.expected == before.position
            whole[update.tables.view] = (
                before.followed_by(update) if before and follows else Kept.of(update)
            )
        if not whole:
            return True
        at_once = at_once and all(one.can_wait for one in whole.values())
        # A process that asks once saves. One that goes on asking saves seldom: beside a writer
        # of the file there is something new at each question.
        if at_once and self._saves_seldom and all(one.is_little for one in whole.values()):
            kept |= whole
            return True
        write = partial(self._database.write_derived, at_once=at_once)
        try:
            saved = self._save([one.update for one in whole.values()], write)
        except WriterBusy:
            kept |= whole
            return True
        except UnsavableRows:
            if not kept:
                raise
            saved = False
        self._saves_seldom = saved and isinstance(self._database, SqliteFile)
        for view in whole:  # if it is not saved, it is projected again
            kept.pop(view, None)
        return saved

    @override
    def discard(self, view: str, expected: ViewPosition) -> None:
        if self._kept.pop(view, None) is None:  # else what is saved is looked at next
            super().discard(view, expected)

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
    def _encode(self, table: Table[Any], row: Mapping[str, Any]) -> Any:
        return encoded(table, row)

    @override
    def _row_writer(self, cursor: Cursor, target: ViewTables) -> RowWriter:
        return SqliteRowWriter(cursor, target.view, end=_end(target))

    @override
    def _select(self, wanted: Selection, at_least: int) -> list[Any]:
        view = wanted.table.view
        kept = self._kept.get(view)
        if kept is None:
            return self._database.read(partial(saved_rows, wanted, at_least))
        if wanted.of_saved:
            raise ViewBehind(view, kept.update.expected.position, at_least)
        encode = partial(self._encoded, view)
        merged = partial(merged_rows, wanted, kept, at_least, encode, self._write)
        try:
            return self._database.read_beside(merged)
        except UnsavableRows as error:  # saving it names the plan
            self._kept.pop(view, None)
            raise ViewBehind(view, kept.update.expected.position, at_least) from error

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


def _end(target: ViewTables) -> str:
    return _REBUILT if target.rebuilt else ""


def _drop(cursor: Cursor, target: ViewTables) -> None:
    for table in view_tables(target.view):
        cursor.execute(f"DROP TABLE IF EXISTS {table}{_end(target)}")
    forget(cursor, target)


def _decode(table: Table[RowType], values: Sequence[Any]) -> RowType:
    """The row with these values of its columns; the last says whether it is stale."""
    fields = {
        column.name: value if value is None or column.kind not in JSON else json.loads(value)
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
