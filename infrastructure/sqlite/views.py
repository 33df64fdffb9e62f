"""Views in a SQLite file, beside the events; or in memory, for tests, examples and trials."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any, Protocol, TypeVar

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.application.views.catalogue import PLANS
from plangate.application.views.projection import Row
from plangate.application.views.requests import Keys
from plangate.application.views.view_store import ViewPosition, ViewTables, ViewUpdate
from plangate.infrastructure.sql.conditions import Conditions, ordering, phrases
from plangate.infrastructure.sql.row_queries import RowQuestions
from plangate.infrastructure.sql.tables import REBUILT, TABLES, WORDS, Table
from plangate.infrastructure.sql.view_positions import (
    Overtaken,
    move,
    note_stuck_plans,
    positions_in,
)
from plangate.infrastructure.sqlite.file import VIEW_MARKS
from plangate.infrastructure.sqlite.view_rows import drop, tables_of, write

_Row = TypeVar("_Row", bound=Row)


class Database(Protocol):
    """A SQLite database, by its transactions."""

    def reading(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A transaction that sees one state of the database."""
        ...

    def writing(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A transaction that keeps other writers out from its beginning."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def memory_view_store() -> "SqliteViewStore":
    """Views that are empty at first and gone with the process."""
    return SqliteViewStore(_Memory())


class _Memory:
    """A database in memory: one connection, for one at a time."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )
        self._turn = Lock()
        for statement in VIEW_MARKS:
            self._connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        with self._turn:
            try:
                cursor = self._connection.execute("BEGIN")
            except sqlite3.ProgrammingError:
                raise StoreUnavailable("the views in memory are closed") from None
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise

    reading = writing

    def close(self) -> None:
        with self._turn:
            self._connection.close()


class SqliteViewStore(RowQuestions):
    """The views of one database: a `SqliteFile`, which holds the events too, or one in memory."""

    _has_label = "EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)"
    _place_now = "SELECT place FROM view_board WHERE plan_id = ? AND task_id = ?"

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- how far the views have come ---

    def positions(self) -> Mapping[ViewTables, ViewPosition]:
        """How far every view and every rebuild has come."""
        with self._database.reading() as cursor:
            return positions_in(cursor)

    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        """Begin to rebuild a view, or go on with it."""
        with self._database.writing() as cursor:
            marks = positions_in(cursor)
            there = [marks.get(ViewTables(view)), marks.get(ViewTables(view, rebuilt=True))]
            if not afresh and any(mark and mark.fold_version == fold_version for mark in there):
                return
            drop(cursor, view, REBUILT)
            for table, definition in tables_of(view):
                cursor.execute(definition.format(table=table + REBUILT))
            cursor.execute("INSERT INTO view_marks VALUES (?, 1, ?, 0, 0)", (view, fold_version))

    def save(self, updates: Sequence[ViewUpdate]) -> bool:
        """Write all the updates, unless somebody else was faster."""
        try:
            with self._database.writing() as cursor:
                for update in updates:
                    move(cursor, update)
                    note_stuck_plans(cursor, update)
                    write(cursor, update)
        except Overtaken:
            return False
        return True

    def swap(self, view: str) -> bool:
        """Let the rebuilt tables of a view take the place of those that are read."""
        with self._database.writing() as cursor:
            marks = positions_in(cursor)
            old, new = marks.get(ViewTables(view)), marks.get(ViewTables(view, rebuilt=True))
            if new is None or (old is not None and new.position < old.position):
                return False
            drop(cursor, view, "")
            for table, _ in tables_of(view):
                cursor.execute(f"ALTER TABLE {table}{REBUILT} RENAME TO {table}")
            for marking in ("view_marks", "view_stuck"):
                cursor.execute(f"UPDATE {marking} SET rebuilt = 0 WHERE view = ?", (view,))  # noqa: S608
        return True

    def scrub(self) -> None:
        """Make the text index anew: what is deleted from one stays in it until it is merged."""
        with self._database.writing() as cursor:
            if ViewTables(PLANS) in positions_in(cursor):
                cursor.execute(f"INSERT INTO {WORDS}({WORDS}) VALUES ('rebuild')")  # noqa: S608

    def sizes(self) -> Mapping[str, int]:
        """How many rows each view has."""
        with self._database.reading() as cursor:
            there = [
                target.view
                for target in positions_in(cursor)
                if target.view in TABLES and not target.rebuilt
            ]
            return {
                view: cursor.execute(f"SELECT count(*) FROM {TABLES[view].name}").fetchone()[0]  # noqa: S608
                for view in there
            }

    def unreadable_rows(self) -> Iterator[str]:
        """The view of each row that cannot be read; all rows are looked at."""
        for view in self.sizes():
            table = TABLES[view]
            query = f"SELECT {', '.join(table.columns)}, 0 FROM {table.name}"  # noqa: S608
            with self._database.reading() as cursor, _as_bytes(cursor.connection):
                for row in cursor.execute(query):
                    try:
                        table.decode([_as_text(value) for value in row])
                    except (ValueError, TypeError):
                        yield view

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # --- questions ---

    def _found_by(self, where: Conditions, words: Sequence[str]) -> None:
        matches = f"SELECT rowid FROM {WORDS} WHERE {WORDS} MATCH ?"  # noqa: S608
        where.add(f"created_position IN ({matches})", phrases(words))

    def _rows(
        self, table: Table[_Row], where: Conditions, keys: Keys, limit: int
    ) -> Sequence[_Row]:
        query = (
            f"SELECT {', '.join(table.columns)}, EXISTS (SELECT 1 FROM view_stuck WHERE view = ?"  # noqa: S608
            f" AND rebuilt = 0 AND view_stuck.plan_id = {table.name}.plan_id)"
            f" FROM {table.name} WHERE {where.text} ORDER BY {ordering(keys)} LIMIT ?"
        )
        with self._database.reading() as cursor:
            rows = cursor.execute(query, (table.view, *where.values, limit)).fetchall()
        try:
            return [table.decode(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise NotAStore(
                f"a row of the view {table.view} is damaged; `plangate views rebuild {table.view}`"
                " makes it anew from the log"
            ) from error


@contextmanager
def _as_bytes(connection: sqlite3.Connection) -> Iterator[None]:
    """Have texts told as they are stored, be they damaged or not."""
    usual = connection.text_factory
    connection.text_factory = bytes
    try:
        yield
    finally:
        connection.text_factory = usual


def _as_text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
