"""The view store of every SQL engine: positions, rebuilds and queries, each written once.

A subclass holds what its engine has of its own: transactions, tables and the form of rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from typing_extensions import override

from plangate.application.errors import ConcurrentChange
from plangate.application.views.board import BoardRequest, BoardTask
from plangate.application.views.plan_summaries import WORK_ORDER, PlansRequest, PlanSummary
from plangate.application.views.projection import RowChanges
from plangate.application.views.replans import ReplanEntry, ReplansRequest
from plangate.application.views.requests import Keys, RowKey
from plangate.application.views.timeline import TimelineEntry, TimelineRequest
from plangate.application.views.view_store import (
    UnsavableRows,
    ViewPosition,
    ViewStore,
    ViewTables,
    ViewUpdate,
)
from plangate.infrastructure.sql import tables, view_positions
from plangate.infrastructure.sql.conditions import Conditions
from plangate.infrastructure.sql.database import Cursor, Database, all_rows
from plangate.infrastructure.sql.tables import RowType, Table
from plangate.infrastructure.sql.view_rows import UNFIT, RowWriter, Selection, unsavable

Transaction = Callable[[Callable[[Cursor], None]], None]

_NOT_AS_OF_NOW: Final = "changes_at <= ? OR updated_at > ?"
"""The condition that a plan must be looked at again to know what its row says of now."""


class SqlViewStore(ViewStore, ABC):
    """Views in an SQL database. Placeholders are written `?`."""

    _has_label: str
    """The condition that a row has a label."""

    _refusals: tuple[type[Exception], ...]
    """The engine's errors about a value that it cannot store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def positions(self) -> Mapping[ViewTables, ViewPosition]:
        return self._database.read(view_positions.stored_positions)

    @override
    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        def begin(cursor: Cursor) -> None:
            self._lock(cursor, view)
            old, new = _both(cursor, view)
            if not afresh and any(one and one.fold_version == fold_version for one in (old, new)):
                return
            self._prepare_rebuild(cursor, view, fold_version)

        self._database.write_derived(begin)

    @override
    def save(self, updates: Sequence[ViewUpdate], *, at_once: bool = False) -> bool:
        return self._save(updates, self._database.write_derived)

    def _save(self, updates: Sequence[ViewUpdate], write: Transaction) -> bool:
        in_one_order = sorted(updates, key=lambda u: (u.tables.view, u.tables.rebuilt))
        # Before the transaction, so that other writers do not wait for it.
        encoded = [self._encoded(update.tables.view, update.changes) for update in updates]

        def save(cursor: Cursor) -> None:
            for update in in_one_order:  # so that no two writers wait for each other
                view_positions.advance(cursor, update)
            for update, changes in zip(updates, encoded, strict=True):
                view_positions.note_stuck_plans(cursor, update)
                self._write(changes, self._row_writer(cursor, update.tables))

        try:
            write(save)
        except (view_positions.Overtaken, ConcurrentChange):
            return False
        return True

    @override
    def first_unsavable(
        self, tables: ViewTables, changes: Sequence[RowChanges]
    ) -> tuple[int, str] | None:
        def attempt(cursor: Cursor) -> None:
            for index, change in enumerate(changes):
                try:
                    writer = self._row_writer(cursor, tables)
                    self._write(self._encoded(tables.view, (change,)), writer)
                except UnsavableRows as refused:
                    raise _Found(index, str(refused)) from refused
            raise _Found

        try:
            self._database.write_derived(attempt)
        except _Found as found:
            return (found.args[0], found.args[1]) if found.args else None
        return None

    @override
    def discard(self, view: str, expected: ViewPosition) -> None:
        def discard(cursor: Cursor) -> None:
            self._lock(cursor, view)
            current, _ = _both(cursor, view)
            if current == expected:
                self._remove(cursor, view)

        self._database.write_derived(discard)

    @override
    def swap(self, view: str) -> bool:
        def swap(cursor: Cursor) -> bool:
            self._lock(cursor, view)
            old, new = _both(cursor, view)
            if new is None or (old is not None and new.position < old.position):
                return False
            self._replace_tables(cursor, view)
            for table in view_positions.POSITION_TABLES:
                cursor.execute(f"UPDATE {table} SET rebuilt = ? WHERE view = ?", (False, view))  # noqa: S608
            return True

        return self._database.write_derived(swap)

    @override
    def sizes(self) -> Mapping[str, int]:
        def sizes(cursor: Cursor) -> Mapping[str, int]:
            there = [one.view for one in view_positions.stored_positions(cursor) if not one.rebuilt]
            return {view: self._size(cursor, view) for view in there if view in tables.TABLES}

        return self._database.read(sizes)

    @override
    def close(self) -> None:
        self._database.close()

    @override
    def plans(
        self, request: PlansRequest, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        where = Conditions(state=request.state, needs_replan=request.needs_replan)
        if request.verdict is not None:
            where.add(f"(verdict = ? OR {_NOT_AS_OF_NOW})", request.verdict, *_twice(request.now))
        for label in request.labels:
            where.add(self._has_label, label)
        if request.words is not None:
            self._add_search(where, request.words)
        keys, searches = request.order.keys, request.words is not None
        return self._rows(
            tables.SUMMARIES, where, keys, limit, request.at_least, after, of_saved=searches
        )

    @override
    def plans_with_work(
        self, now: datetime, at_least: int, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        where = Conditions()
        where.add("highest_priority IS NOT NULL")
        where.add(f"(may_continue OR {_NOT_AS_OF_NOW})", *_twice(now))
        return self._rows(tables.SUMMARIES, where, WORK_ORDER, limit, at_least, after)

    @override
    def board(self, request: BoardRequest, after: RowKey | None, limit: int) -> Sequence[BoardTask]:
        where = Conditions(plan_id=request.plan_id, status=request.status)
        if after is not None:
            plan_position, place, plan_id, task_id = after
            place_now = (
                f"SELECT place FROM {tables.TASKS.name}"  # noqa: S608
                f" WHERE {self._is_current(tables.TASKS.view)} AND plan_id = ? AND task_id = ?"
            )
            where.add(
                f"(plan_position, place) > (?, coalesce(({place_now}), ?))",
                *(plan_position, plan_id, task_id, place),
            )
        keys = (("plan_position", False), ("place", False))
        continues = after is not None
        return self._rows(tables.TASKS, where, keys, limit, request.at_least, of_saved=continues)

    @override
    def timeline(
        self, request: TimelineRequest, after: RowKey | None, limit: int
    ) -> Sequence[TimelineEntry]:
        where = Conditions(plan_id=request.plan_id)
        keys = (("version", False),)
        return self._rows(tables.SCORES, where, keys, limit, request.at_least, after)

    @override
    def replans(
        self, request: ReplansRequest, after: RowKey | None, limit: int
    ) -> Sequence[ReplanEntry]:
        where, keys = Conditions(plan_id=request.plan_id), (("position", request.newest_first),)
        return self._rows(tables.REPLAN_LOG, where, keys, limit, request.at_least, after)

    def _rows(
        self,
        table: Table[RowType],
        where: Conditions,
        keys: Keys,
        limit: int,
        at_least: int | None,
        after: RowKey | None = None,
        *,
        of_saved: bool = False,
    ) -> Sequence[RowType]:
        where.beyond(keys, after)
        wanted = Selection(table, where, keys, limit, self._is_current(table.view), of_saved)
        return [self._row(table, row) for row in self._select(wanted, at_least or 0)]

    def _select(self, wanted: "Selection", at_least: int) -> list[Any]:  # noqa: ARG002
        """The values of the rows, from a state that reflects a position of the log."""
        query, values = wanted.query(wanted.table.name)
        return self._database.read(lambda cursor: all_rows(cursor, query, values))

    def _size(self, cursor: Cursor, view: str) -> int:
        current = self._is_current(view)
        cursor.execute(f"SELECT count(*) FROM {tables.TABLES[view].name} WHERE {current}")  # noqa: S608
        return int(cursor.fetchone()[0])

    def _lock(self, cursor: Cursor, view: str) -> None:
        """Wait for the writers of a view, where writing transactions run side by side."""

    @abstractmethod
    def _prepare_rebuild(self, cursor: Cursor, view: str, fold_version: int) -> None:
        """Provide empty tables for a rebuild, at position 0, in place of any begun before."""

    @abstractmethod
    def _replace_tables(self, cursor: Cursor, view: str) -> None:
        """Let the rebuilt tables be those that are read; drop the old ones' position."""

    @abstractmethod
    def _row_writer(self, cursor: Cursor, target: ViewTables) -> RowWriter:
        """What writes rows into these tables."""

    @abstractmethod
    def _is_current(self, view: str) -> str:
        """The condition that a row is current, and not of a rebuild."""

    @abstractmethod
    def _remove(self, cursor: Cursor, view: str) -> None:
        """Remove the rows of a view that are read, and its position."""

    @abstractmethod
    def _encode(self, table: Table[Any], row: Mapping[str, Any]) -> Any:
        """A row as the row writer takes it."""

    def _encoded(self, view: str, changes: Sequence[RowChanges]) -> Sequence[RowChanges]:
        """The changes with their rows as the row writer takes them."""
        encode = partial(self._encode, tables.TABLES[view])
        try:
            return [replace(change, upserts=[*map(encode, change.upserts)]) for change in changes]
        except UNFIT as error:
            raise unsavable(error) from error

    def _write(self, encoded: Sequence[RowChanges], writer: RowWriter) -> None:
        try:
            writer.write(encoded)
        except (*UNFIT, *self._refusals) as error:
            raise unsavable(error) from error

    @abstractmethod
    def _add_search(self, where: Conditions, words: Sequence[str]) -> None:
        """Add the condition that a plan's texts have all these words or words that begin so."""

    @abstractmethod
    def _row(self, table: Table[RowType], values: Sequence[Any]) -> RowType:
        """The row with these values of its columns; the last says whether it is stale."""


def _both(cursor: Cursor, view: str) -> tuple[ViewPosition | None, ViewPosition | None]:
    """The position of a view, and that of its rebuild."""
    positions = view_positions.stored_positions(cursor)
    return positions.get(ViewTables(view)), positions.get(ViewTables(view, rebuilt=True))


def _twice(now: datetime | None) -> tuple[str | None, str | None]:
    """The values of `_NOT_AS_OF_NOW`: a time as both engines compare it with a column."""
    written = None if now is None else now.isoformat()
    return written, written


class _Found(Exception):
    """Ends an attempt to write, of which nothing may remain."""
