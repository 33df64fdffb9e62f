"""How far views have come, as it is written down: the same on every engine.

Every function works inside a transaction of its caller.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from plangate.application.views.view_store import StuckPlan, ViewPosition, ViewTables, ViewUpdate


class Cursor(Protocol):
    """What is used of a cursor. Placeholders are written `?`."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    def execute(self, text: str, values: Sequence[Any] = ..., /) -> Any:
        """Carry out one statement."""
        ...

    def executemany(self, text: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Carry out one statement for each row of values."""
        ...

    def fetchall(self) -> list[Any]:
        """What the last statement found."""
        ...


class Overtaken(Exception):
    """Somebody else was faster; nothing is written."""


def positions_in(cursor: Cursor) -> dict[ViewTables, ViewPosition]:
    """How far every view and every rebuild has come."""
    stuck: dict[ViewTables, dict[str, StuckPlan]] = {}
    cursor.execute(
        "SELECT view, rebuilt, plan_id, version, position, why, since FROM view_stuck"
        " ORDER BY position"
    )
    for view, rebuilt, plan_id, version, position, why, since in cursor.fetchall():
        plans = stuck.setdefault(ViewTables(view, bool(rebuilt)), {})
        plans[plan_id] = StuckPlan.model_validate(
            {
                "plan_id": plan_id,
                "version": version,
                "position": position,
                "why": why,
                "since": since,
            }
        )
    cursor.execute("SELECT view, rebuilt, fold_version, position, updates FROM view_marks")
    targets = {ViewTables(view, bool(rebuilt)): mark for view, rebuilt, *mark in cursor.fetchall()}
    return {
        target: ViewPosition(fold_version, position, updates, stuck.get(target, {}))
        for target, (fold_version, position, updates) in targets.items()
    }


def move(cursor: Cursor, update: ViewUpdate) -> None:
    """Lead a view on from where it stands; raises `Overtaken` if it stands elsewhere."""
    target, mark = update.tables, update.expected
    cursor.execute(
        "UPDATE view_marks SET position = ?, updates = updates + 1 WHERE view = ? AND rebuilt = ?"
        " AND fold_version = ? AND position = ? AND updates = ?",
        (
            update.position,
            target.view,
            target.rebuilt,
            mark.fold_version,
            mark.position,
            mark.updates,
        ),
    )
    if not cursor.rowcount:
        raise Overtaken


def note_stuck_plans(cursor: Cursor, update: ViewUpdate) -> None:
    """Write down which plans the view is stuck on from now on, and which no longer."""
    target = update.tables
    cursor.executemany(
        "DELETE FROM view_stuck WHERE view = ? AND rebuilt = ? AND plan_id = ?",
        [(target.view, target.rebuilt, plan_id) for plan_id in update.freed],
    )
    cursor.executemany(
        "INSERT INTO view_stuck VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                target.view,
                target.rebuilt,
                plan.plan_id,
                plan.version,
                plan.position,
                plan.why.replace("\0", "\N{REPLACEMENT CHARACTER}"),
                plan.since.isoformat(),
            )
            for plan in update.stuck
        ],
    )
