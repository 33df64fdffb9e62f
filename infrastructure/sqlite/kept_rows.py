"""Updates of a view that are not saved yet: in memory, and read in place of the file's rows.

Their rows are in temporary tables of one connection to the file. So one query sees them and
one state of the file, in which the view is where the updates expect it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from typing_extensions import override

from plangate.application.errors import ViewBehind
from plangate.application.views.projection import RowChanges
from plangate.application.views.view_store import ViewPosition, ViewUpdate
from plangate.infrastructure.sql.conditions import ordering
from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sql.tables import Table
from plangate.infrastructure.sql.view_rows import RowWriter, Selection
from plangate.infrastructure.sqlite.layout import view_tables
from plangate.infrastructure.sqlite.row_writer import SqliteRowWriter

_KEPT: Final = "_kept"
"""The end of the name of a table of rows."""

_REPLACED: Final = "_replaced"
"""The end of the name of a table of the keys that are not read from the file."""

_LEFT: Final = "_left"
"""The end of the name of a table of the plans of which nothing is read from the file."""

_CONTENT: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS kept"
    " (view TEXT PRIMARY KEY, number INTEGER, changes INTEGER) WITHOUT ROWID"
)
"""What is in the other tables: so many changes of the update with a number."""

_SAVED: Final = "SELECT position FROM main.view_marks WHERE view = ? AND NOT rebuilt"
_THERE: Final = (
    "SELECT fold_version, position, updates, event, number, changes FROM main.view_marks"
    " LEFT JOIN temp.kept USING (view) WHERE view = ? AND NOT rebuilt"
)
FEW: Final = 5_000
"""Positions of the log that updates may lead over and be kept; with more they wait."""

LITTLE: Final = 1_000
"""Positions of the log after which a process that goes on asking saves what it has made."""

Encoded = Callable[[Sequence[RowChanges]], Sequence[RowChanges]]
Write = Callable[[Sequence[RowChanges], RowWriter], None]

_numbers: Final = count(1)


@dataclass(frozen=True, slots=True)
class Kept:
    """An update of a view that is not saved, and the number that it keeps as it grows."""

    update: ViewUpdate
    number: int

    @staticmethod
    def of(update: ViewUpdate) -> "Kept":
        """An update with a number of its own."""
        return Kept(update, next(_numbers))

    @property
    def position(self) -> ViewPosition:
        """Where the view is for those who read what is kept."""
        before, update = self.update.expected, self.update
        return replace(
            before, position=update.position, updates=before.updates + 1, event=update.event
        )

    @property
    def can_wait(self) -> bool:
        """Whether it may be kept: it leads over few positions, and has rows alone."""
        update = self.update
        moved = update.position - update.expected.position
        return 0 < moved <= FEW and not update.stuck and not update.freed

    @property
    def is_little(self) -> bool:
        """Whether saving it is not worth a question's time yet."""
        return self.update.position - self.update.expected.position < LITTLE

    def followed_by(self, update: ViewUpdate) -> "Kept":
        """This update and the next one as one."""
        before = self.update
        changes = (*before.changes, *update.changes)
        return Kept(replace(update, expected=before.expected, changes=changes), self.number)


def saved_rows(wanted: Selection, at_least: int, cursor: Cursor) -> list[Any]:
    """The values of the wanted rows in the file.

    Raises `ViewBehind` where they do not reflect a position.
    """
    if at_least:
        cursor.execute(_SAVED, (wanted.table.view,))
        (position,) = cursor.fetchone() or (0,)
        if position < at_least:
            raise ViewBehind(wanted.table.view, position, at_least)
    return all_rows(cursor, *wanted.query(f"main.{wanted.table.name}"))


def merged_rows(
    wanted: Selection, kept: Kept, at_least: int, encoded: Encoded, write: Write, cursor: Cursor
) -> list[Any]:
    """The values of the wanted rows after what is kept, on the connection with its tables.

    Those of the file where the view is not where the update expects it any more; raises
    as `saved_rows`.
    """
    table, update = wanted.table, kept.update
    _create(cursor, table)
    cursor.execute(_THERE, (table.view,))
    found: Sequence[Any] = cursor.fetchone() or [None] * 6
    *saved, number, there = found
    before = update.expected
    expected = [before.fold_version, before.position, before.updates, before.event]
    if saved != expected or update.position < at_least:
        return saved_rows(wanted, at_least, cursor)
    if number != kept.number:
        there = 0  # what is in them is of another update
        for name in _names(table):
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608
    if there < len(update.changes):
        write(encoded(update.changes[there:]), _Writer(cursor, table.view, end=_KEPT))
        cursor.execute(
            "INSERT OR REPLACE INTO temp.kept VALUES (?, ?, ?)",
            (table.view, kept.number, len(update.changes)),
        )
    return all_rows(cursor, *_both(wanted))


def _both(wanted: Selection) -> tuple[str, Sequence[Any]]:
    """The query of the file's rows that count still, and of those that are kept."""
    table = wanted.table
    same = " AND ".join(f"k.{name} = t.{name}" for name in table.key)
    counts = (
        f"NOT EXISTS (SELECT 1 FROM temp.{table.name}{_REPLACED} k WHERE {same})"  # noqa: S608
        f" AND NOT EXISTS (SELECT 1 FROM temp.{table.name}{_LEFT} k WHERE k.plan_id = t.plan_id)"
    )
    of_file, values = wanted.query(f"main.{table.name}", counts)
    of_kept, _ = wanted.query(f"temp.{table.name}{_KEPT}")
    return (
        f"SELECT * FROM ({of_file}) UNION ALL SELECT * FROM ({of_kept})"  # noqa: S608
        f" ORDER BY {ordering(wanted.keys)} LIMIT ?"
    ), (*values, *values, wanted.limit)


def _names(table: Table[Any]) -> Sequence[str]:
    """The temporary tables of a view."""
    names = (f"{name}{_KEPT}" for name in view_tables(table.view))
    return [f"temp.{name}" for name in (*names, table.name + _REPLACED, table.name + _LEFT)]


def _create(cursor: Cursor, table: Table[Any]) -> None:
    """Create the temporary tables of a view where this connection lacks them."""
    left = f"{table.name}{_LEFT}"
    cursor.execute("SELECT 1 FROM temp.sqlite_master WHERE name = ?", (left,))
    if cursor.fetchone():
        return
    cursor.execute(_CONTENT)
    for name, definition in view_tables(table.view).items():
        cursor.execute(definition.format(table=f"temp.{name}{_KEPT}"))
    keys = ", ".join(table.key)
    replaced = f"{table.name}{_REPLACED} ({keys}, PRIMARY KEY ({keys})) WITHOUT ROWID"
    cursor.execute(f"CREATE TEMP TABLE {replaced}")
    cursor.execute(f"CREATE TEMP TABLE {left} (plan_id PRIMARY KEY) WITHOUT ROWID")


class _Writer(SqliteRowWriter):
    """Writes rows into the temporary tables, and notes what they replace in the file."""

    @override
    def upsert(self, rows: Sequence[Sequence[Any]]) -> None:
        super().upsert(rows)
        names = [column.name for column in self._table.columns]
        places = [names.index(name) for name in self._table.key]
        self._replace([row[place] for place in places] for row in rows)

    @override
    def delete(self, deletes: Sequence[tuple[str, str | None]]) -> None:
        super().delete(deletes)
        self._replace(one for one in deletes if one[1] is not None)
        self._cursor.executemany(
            f"INSERT OR IGNORE INTO temp.{self._table.name}{_LEFT} VALUES (?)",  # noqa: S608
            [(plan_id,) for plan_id, task_id in deletes if task_id is None],
        )

    @override
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        """Plans are found by their texts only once these are saved."""

    def _replace(self, keys: Any) -> None:
        places = ", ".join("?" * len(self._table.key))
        self._cursor.executemany(
            f"INSERT OR IGNORE INTO temp.{self._table.name}{_REPLACED} VALUES ({places})",  # noqa: S608
            keys,
        )
