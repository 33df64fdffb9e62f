"""How far views have come, as both engines store it.

Every function works inside the caller's transaction.
"""

from typing import Final

from plangate.application.views.view_store import StuckPlan, ViewPosition, ViewTables, ViewUpdate
from plangate.infrastructure.sql.database import Cursor

POSITION_TABLES: Final = ("view_marks", "view_stuck")
"""The tables of the positions, and of the plans that a view is stuck on."""

_NUMBERS: Final = 3


NOTED_EVENT: Final = "ALTER TABLE {table} ADD COLUMN event text"
"""Adds to a position the event that is there; `{table}` is `view_marks`."""


class Overtaken(Exception):
    """Another process updated the view first; nothing is written."""


def stored_positions(cursor: Cursor) -> dict[ViewTables, ViewPosition]:
    """The position of every view and of every rebuild."""
    stuck: dict[ViewTables, dict[str, StuckPlan]] = {}
    fields = list(StuckPlan.model_fields)
    cursor.execute(f"SELECT view, rebuilt, {', '.join(fields)} FROM view_stuck ORDER BY position")  # noqa: S608
    for view, rebuilt, *values in cursor.fetchall():
        plan = StuckPlan.model_validate(dict(zip(fields, values, strict=True)))
        stuck.setdefault(ViewTables(view, bool(rebuilt)), {})[plan.plan_id] = plan
    # A file that is only examined may have an older layout, without the column `event`.
    cursor.execute("SELECT * FROM view_marks")
    found = {}
    for view, rebuilt, *numbers in cursor.fetchall():
        event = numbers.pop() if len(numbers) > _NUMBERS else None
        fold_version, position, updates = numbers[-_NUMBERS:]
        tables = ViewTables(view, bool(rebuilt))
        found[tables] = ViewPosition(fold_version, position, updates, stuck.get(tables, {}), event)
    return found


def advance(cursor: Cursor, update: ViewUpdate) -> None:
    """Move a view to the update's position; raises `Overtaken` if it is elsewhere."""
    tables, before = update.tables, update.expected
    cursor.execute(
        "UPDATE view_marks SET position = ?, event = ?, updates = updates + 1"
        " WHERE view = ? AND rebuilt = ? AND fold_version = ? AND position = ? AND updates = ?",
        (
            *(update.position, update.event, tables.view, tables.rebuilt),
            *(before.fold_version, before.position, before.updates),
        ),
    )
    if not cursor.rowcount:
        raise Overtaken


def note_stuck_plans(cursor: Cursor, update: ViewUpdate) -> None:
    """Record the plans that the view is stuck on from now on, and remove those freed."""
    tables = (update.tables.view, update.tables.rebuilt)
    cursor.executemany(
        "DELETE FROM view_stuck WHERE view = ? AND rebuilt = ? AND plan_id = ?",
        [(*tables, plan_id) for plan_id in update.freed],
    )
    cursor.executemany(
        "INSERT INTO view_stuck VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(*tables, plan.plan_id, plan.version, plan.position),
                _storable(plan.why),
                plan.since.isoformat(),
            )
            for plan in update.stuck
        ],
    )


def _storable(text: str) -> str:
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()


def forget(cursor: Cursor, tables: ViewTables) -> None:
    """Remove the position of a view or a rebuild, and the plans it is stuck on."""
    for name in POSITION_TABLES:
        cursor.execute(
            f"DELETE FROM {name} WHERE view = ? AND rebuilt = ?",  # noqa: S608
            (tables.view, tables.rebuilt),
        )
