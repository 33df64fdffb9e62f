"""The rows of one view: how a selection of them is asked for, and how changes are written."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from plangate.application.views.projection import RowChanges
from plangate.application.views.requests import Keys
from plangate.application.views.view_store import UnsavableRows
from plangate.infrastructure.sql import tables
from plangate.infrastructure.sql.conditions import Conditions, ordering
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sql.tables import Table

UNFIT: Final[tuple[type[Exception], ...]] = (ArithmeticError, ValueError, TypeError)
"""Errors of Python about a value that cannot be converted for a column."""


class RowWriter(ABC):
    """Writes the rows of one view, inside the caller's transaction.

    `end` ends the names of its tables; its rows there meet the condition `scope`.
    """

    _search_key = "created_position"
    """The column of the search table that holds the position of a plan's first event."""

    def __init__(self, cursor: Cursor, view: str, *, end: str = "", scope: str = "1 = 1") -> None:
        self._cursor = cursor
        self._table: Table[Any] = tables.TABLES[view]
        self._name = self._table.name + end
        self._search = tables.SEARCH_TABLE + end
        self._scope = scope

    @abstractmethod
    def upsert(self, rows: Sequence[Any]) -> None:
        """Insert encoded rows, or replace those with the same key."""

    def delete(self, deletes: Sequence[tuple[str, str | None]]) -> None:
        """Delete tasks, or (task None) all rows of plans."""
        of_plan = f"FROM {self._name} WHERE {self._scope} AND plan_id = ?"
        plans = [(plan_id,) for plan_id, task_id in deletes if task_id is None]
        tasks = [one for one in deletes if one[1] is not None]
        if tasks:
            self._cursor.executemany(f"DELETE {of_plan} AND task_id = ?", tasks)
        if self._table is tables.SUMMARIES:
            self._cursor.executemany(
                f"DELETE FROM {self._search} WHERE {self._scope}"  # noqa: S608
                f" AND {self._search_key} IN (SELECT created_position {of_plan})",
                plans,
            )
        self._cursor.executemany(f"DELETE {of_plan}", plans)

    @abstractmethod
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        """Replace the texts that plans are found by."""

    def write(self, all_changes: Sequence[RowChanges]) -> None:
        """Write changes in their order, as many rows at a time as possible."""
        waiting: list[Any] = []
        for changes in all_changes:
            if changes.deletes:
                self.upsert(waiting)
                waiting = []
                self.delete(changes.deletes)
            waiting += changes.upserts
        self.upsert(waiting)
        self.index([text for changes in all_changes for text in changes.texts])


@dataclass(frozen=True, slots=True)
class Selection:
    """The first `limit` rows of a view that meet conditions, in an order."""

    table: Table[Any]
    where: Conditions
    keys: Keys
    limit: int
    is_current: str
    of_saved: bool
    """Whether the conditions ask for more than a row says by itself."""

    def query(self, name: str, also: str = "1 = 1") -> tuple[str, Sequence[Any]]:
        """The query of the table `name` for those that also meet `also`, and its values."""
        return (
            f"SELECT {self.table.column_names}, EXISTS (SELECT 1 FROM view_stuck s"  # noqa: S608
            " WHERE s.view = ? AND s.rebuilt = FALSE AND s.plan_id = t.plan_id) AS stale"
            f" FROM {name} t WHERE {self.is_current} AND {also} AND {self.where.text}"
            f" ORDER BY {ordering(self.keys)} LIMIT ?"
        ), (self.table.view, *self.where.values, self.limit)


def unsavable(error: Exception) -> UnsavableRows:
    """The error about a value that cannot be stored."""
    return UnsavableRows(f"a row cannot be saved ({error})")
