"""How fast the views catch up with a long log, compared with the library's projections.

    python benchmarks/views.py [--events 1000000] [--share 10000]

Ours: a process of its own opens a SQLite file with so many events and makes all four
views of them, as the first question does. Theirs: what the
`eventsourcing` library's ProjectionRunner does, one transaction an event with the
tracking record in it, driven by hand because SQLite has no subscriptions. It gets
the same folds, the same rows and our codec, but only a share of the events; its rate
is taken as if the rest went as fast. It runs before and after ours, as the library
opens SQLite and without waiting for the disk.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import mean
from time import perf_counter

from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore, SQLiteTrackingRecorder

import plangate
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.projector import Projected, ProjectorState, project_events
from plangate.application.views.view_store import ViewPosition, ViewTables, ViewUpdate
from plangate.domain.events import (
    PlanCreated,
    PlanEvent,
    PlannedTask,
    ReplanTriggered,
    TaskScored,
    TaskStatusChanged,
)
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind, Scorer, ScorerKind, StatusCause, TaskStatus
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.view_rows import tables_of, write

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TASKS = 12
AT_WORK = 100
DURABILITY = ("FULL", "OFF")
JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="3")


def main() -> None:
    """Write the log, let both project it, print rates, ratio and memory."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--share", type=int, default=10_000)
    arguments.add_argument("--catch-up", metavar="FILE", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.catch_up:
        catch_up(chosen.catch_up)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plans.db"
        write_log(path, chosen.events)
        path_of = Path(folder) / "library.db"
        before = [library(path, path_of, chosen.share, how) for how in DURABILITY]
        took = float(subprocess.check_output([sys.executable, __file__, "--catch-up", str(path)]))  # noqa: S603
        after = [library(path, path_of, chosen.share, how) for how in DURABILITY]
        ours = chosen.events / took
        print(f"ours: {chosen.events:,} events into four views in {took:.1f} s: {ours:,.0f}/s")
        for how, *rates in zip(DURABILITY, before, after, strict=True):
            theirs = mean(rates)
            print(
                f"one transaction an event, synchronous {how}, twice {chosen.share:,} events: "
                f"{theirs:,.0f}/s; ours is {ours / theirs:.1f} times as fast"
            )


def write_log(path: Path, events: int) -> None:
    """Events of plans that are worked on side by side."""
    store = events_in(SqliteFile(path, {"synchronous": "OFF"}))
    commands = side_by_side()
    written = 0
    while written < events:
        command = next(commands)[: events - written]
        store.append(command)
        written += len(command)
    store.close()


def side_by_side() -> Iterator[list[RecordedEvent]]:
    """Commands of a hundred plans in turn; a finished plan is replaced by another."""
    names = iter(range(10**9))
    at_work = [work(next(names)) for _ in range(AT_WORK)]
    while True:
        for place, plan in enumerate(at_work):
            command = next(plan, None)
            if command is None:
                at_work[place] = work(next(names))
                command = next(at_work[place])
            yield command


def work(number: int) -> Iterator[list[RecordedEvent]]:
    """The commands of one plan: created, then each task claimed and scored; one in nine fails."""
    version = 0

    def recorded(*events: PlanEvent) -> list[RecordedEvent]:
        nonlocal version
        found = []
        for event in events:
            version += 1
            envelope = Envelope(plan_id=f"plan-{number}", version=version, recorded_at=NOW)
            found.append(RecordedEvent(event, envelope))
        return found

    tasks = tuple(PlannedTask(id=f"t{n}", title=f"Migrate part {n}") for n in range(TASKS))
    goal = f"Move service {number} to the new ledger"
    yield recorded(PlanCreated(at=NOW, goal=goal, tasks=tasks, policy=Policy().whole()))
    for n, task in enumerate(tasks):
        yield recorded(moved(task.id, TaskStatus.PENDING, TaskStatus.IN_PROGRESS))
        score = 0.5 if (number + n) % 9 == 0 else 0.9
        prompt = TaskScored(at=NOW, task_id=task.id, kind=ScoreKind.PROMPT, score=0.8, scorer=JUDGE)
        output = prompt.model_copy(
            update={"kind": ScoreKind.OUTPUT, "score": score, "mark_done": True}
        )
        if score < Policy().confidence_threshold:
            end = moved(task.id, TaskStatus.IN_PROGRESS, TaskStatus.REPLANNING)
            fired = ReplanTriggered(at=NOW, task_id=task.id, rolling_confidence=0.6, threshold=0.72)
            yield recorded(prompt, output, end, fired)
        else:
            yield recorded(prompt, output, moved(task.id, TaskStatus.IN_PROGRESS, TaskStatus.DONE))


def moved(task_id: str, old: TaskStatus, new: TaskStatus) -> TaskStatusChanged:
    """A claimed task, or one settled by its score."""
    cause = StatusCause.CLAIMED if new is TaskStatus.IN_PROGRESS else StatusCause.SCORED
    return TaskStatusChanged(at=NOW, task_id=task_id, old=old, new=new, cause=cause)


def catch_up(path: str) -> None:
    """Build the views of a file that has none; print the seconds."""
    with plangate.connect(path) as registry:
        peaks = {0: peak()}
        start = perf_counter()

        def progress(reached: int, last: int) -> None:
            peaks.setdefault(4 * reached // last, peak())

        registry.views.rebuild(progress=progress)
        print(perf_counter() - start)
        quarters = " ".join(f"{memory:.0f}" for memory in peaks.values())
        print(f"peak memory in MB at the start and after each quarter: {quarters}", file=sys.stderr)


def peak() -> float:
    """The most memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def library(log: Path, views: Path, share: int, synchronous: str) -> float:
    """Events a second, each in a transaction of its own with its tracking record."""
    views.unlink(missing_ok=True)
    store = events_in(SqliteFile(log))
    recorder = Projected(SQLiteDatastore(str(views)))
    recorder.create_table()
    states: dict[str, ProjectorState] = {}
    start = perf_counter()
    for recorded in islice(one_by_one(store), share):
        recorder.process(recorded, states, synchronous)
    rate = share / (perf_counter() - start)
    store.close()
    recorder.datastore.close()
    return rate


def one_by_one(store: EventStore) -> Iterator[RecordedEvent]:
    """The log, in pages as the runner pulls them."""
    position = 0
    while page := store.read_all(after=position, limit=50):
        yield from page
        position = page[-1].envelope.position or 0


class Projected(SQLiteTrackingRecorder):
    """A materialised view as the library's documentation would write it."""

    def construct_create_table_statements(self) -> list[str]:
        """The tracking table, and those of our four views."""
        ours = [
            definition.format(table=table)
            for view in VIEWS
            for table, definition in tables_of(view.name)
        ]
        return [*super().construct_create_table_statements(), *ours]

    def process(
        self, recorded: RecordedEvent, states: dict[str, ProjectorState], synchronous: str
    ) -> None:
        """One event: its rows and its tracking record, committed."""
        plan_id = recorded.envelope.plan_id
        before = states.get(plan_id) or ProjectorState(Plan(plan_id))
        states[plan_id], results = project_events(before, VIEWS, (recorded,))
        position = recorded.envelope.position or 0
        with self.datastore.get_connection(commit=True) as connection:
            connection.cursor().execute(f"PRAGMA synchronous = {synchronous}")
            with connection.transaction(commit=True) as cursor:
                self.write(cursor, position, results)

    def write(self, cursor: SQLiteCursor, position: int, results: Mapping[str, Projected]) -> None:
        """What the event changed in each view."""
        self._insert_tracking(cursor, Tracking("plangate", position))
        for view in VIEWS:
            target = ViewTables(view.name)
            changes = results[view.name].changes
            write(cursor.sqlite_cursor, ViewUpdate(target, ViewPosition(1, 0), position, changes))


if __name__ == "__main__":
    main()
