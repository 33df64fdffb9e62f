"""The row on catching up: a log projected into all four views."""

import json
import shutil
import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

import plangate
from benchmarks.logs import write_log
from benchmarks.measuring import Bench, Case, Contender, measure, timed
from benchmarks.raw import replayed
from benchmarks.results import Role, Row
from benchmarks.rows.commands import LIBRARY, RAW

_VIEWS = ("view_plans", "view_board", "view_timeline", "view_replans")
_SHARE = 2_000
"""Events that the library projects at most; its cost an event stays the same."""


def catch_up(bench: Bench) -> Row:
    """All views of a log that has none, by the number of events."""
    cases = []
    for size in bench.scale.logs:
        bench.progress(f"writing a log of {size:,} events")
        path = bench.folder / f"{size}.db"
        events = write_log(path, size)
        cases.append(
            Case(
                size,
                [
                    _ours(path, events),
                    _raw(path, events),
                    _library(path, bench.folder / f"{size}-library.db", min(events, _SHARE)),
                ],
            )
        )
    return Row(
        name="catch-up",
        title="catch-up of four views",
        operation="event",
        size="events",
        notes=(
            "raw sqlite3 selects, decodes and folds every event, and writes the finished rows of "
            "the four views in one transaction.",
            "eventsourcing writes one row and its tracking record for each event, as its "
            f"documentation does; it gets at most {_SHARE:,} events.",
            "The target compares with earlier code, which a checkout no longer has; so there is "
            "only the cost of an event, and its ratios.",
        ),
        measurements=measure(bench, cases, bench.scale.long_rounds),
    )


def _fresh(path: Path) -> Path:
    copy = path.with_suffix(".copy")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(path, copy)
    return copy


def _ours(path: Path, events: int) -> Contender:
    done = [0]

    def run() -> float:
        with plangate.connect(_fresh(path)) as registry:
            cost = timed(lambda: registry.views.plans(limit=1), events)
            done[0] += min(view.position for view in registry.views.report().views)
            return cost

    return Contender("plangate", Role.PLANGATE, run, rows=lambda: done[0])


def _raw(path: Path, events: int) -> Contender:
    """The rows that plangate made in the same round, written beside the log."""
    done, copy = [0], path.with_suffix(".copy")
    rows: dict[str, list[Any]] = {}

    def prepare() -> None:
        with plangate.connect(copy) as registry:
            registry.views.board(status="done", limit=1)
            registry.views.timeline("work-0", limit=1)
            registry.views.replans(limit=1)
        with closing(sqlite3.connect(copy)) as connection:
            rows.update(
                (view, connection.execute(f"SELECT * FROM {view}").fetchall())  # noqa: S608
                for view in _VIEWS
            )

    def run() -> float:
        fresh = _fresh(path)
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")

            def work() -> None:
                done[0] += replayed(connection).events
                connection.execute("BEGIN IMMEDIATE")
                for view in _VIEWS:
                    _write(connection, f"raw_{view}", rows[view])
                connection.execute("COMMIT")

            return timed(work, events)

    return Contender(RAW, Role.LIMIT, run, prepare, lambda: done[0])


def _write(connection: sqlite3.Connection, table: str, rows: list[Any]) -> None:
    width = len(rows[0]) if rows else 1
    columns = ", ".join(f"c{n}" for n in range(width))
    connection.execute(
        f"CREATE TABLE {table} ({columns}, PRIMARY KEY (c0, c1))"
        if width > 1
        else f"CREATE TABLE {table} (c0)"
    )
    places = ", ".join("?" * width)
    connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)  # noqa: S608


class _ScoresView(SQLiteTrackingRecorder):
    """A materialised view as the library's documentation would write it."""

    def construct_create_table_statements(self) -> list[str]:
        """The tracking table, and one of the newest scores."""
        table = (
            "CREATE TABLE IF NOT EXISTS scores"
            " (plan_id TEXT, task_id TEXT, score REAL, PRIMARY KEY (plan_id, task_id))"
        )
        return [*super().construct_create_table_statements(), table]

    def project(self, position: int, plan_id: str, recorded: dict[str, Any]) -> None:
        """Write an event's row and its tracking record in one transaction."""
        row = (plan_id, recorded.get("task_id"), recorded.get("score"))
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, Tracking("plans", position))
            cursor.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", row)


def _library(log: Path, path: Path, events: int) -> Contender:
    done = [0]

    def run() -> float:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        datastore = SQLiteDatastore(str(path))
        view = _ScoresView(datastore)
        view.create_table()
        query = "SELECT notification_id, originator_id, state FROM stored_events"

        def work() -> None:
            with closing(sqlite3.connect(log)) as connection:
                for position, plan_id, state in islice(connection.execute(query), events):
                    view.project(position, plan_id, json.loads(state)["event"])
                    done[0] += 1

        try:
            return timed(work, events)
        finally:
            datastore.close()

    return Contender(LIBRARY, Role.ALTERNATIVE, run, rows=lambda: done[0])
