"""How fast the core is, compared with the library below it, in the same run.

    python benchmarks/core.py [--commands 2000] [--plans 200]

Writing: durable commands through the registry, beside plain `sqlite3` committing one
row at a time. Replaying: plans rebuilt from their stored events, beside the
`eventsourcing` library's own aggregates rebuilding as many. Machines differ and are
noisy; the ratios are what counts.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import plangate

ROUNDS = 5


class LibraryPlan(Aggregate):
    """A plan as in the library's documentation."""

    @event("Created")
    def __init__(self, tasks: list[str]) -> None:
        self.scores: dict[str, float] = {}
        self.tasks = tasks

    @event("TaskScored")
    def score(self, task_id: str, score: float) -> None:
        """Keep the newest score."""
        self.scores[task_id] = score


def main() -> None:
    """Run both comparisons and print their rates and ratios."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--commands", type=int, default=2_000)
    arguments.add_argument("--plans", type=int, default=200)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        writing(Path(folder), chosen.commands)
        replaying(Path(folder), chosen.plans)


def writing(folder: Path, commands: int) -> None:
    """Durable commands a second."""
    with plangate.connect(folder / "plans.db") as registry:
        plan_id = registry.create("g", [{"id": "a", "title": "A"}]).plan_id
        raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")

        def ours() -> None:
            for number in range(commands):
                registry.score_prompt(plan_id, "a", number % 2)

        def theirs() -> None:
            for _ in range(commands):
                raw.execute("INSERT INTO rows (body) VALUES (?)", ("x" * 200,))

        compare("durable commands", commands, ours, "plain sqlite3 commits", theirs)
        raw.close()


def replaying(folder: Path, plans: int) -> None:
    """Events folded a second, plans of twelve tasks, scored once each."""
    path = folder / "replay.db"
    tasks = [{"id": f"t{n}", "title": "T"} for n in range(12)]
    sqlite = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "l.db")}
    library = Application(env=sqlite)
    ids, theirs_ids = [], []
    with plangate.connect(path) as registry:
        for _ in range(plans):
            plan_id = registry.create("g", tasks).plan_id
            ids.append(plan_id)
            other = LibraryPlan(tasks=[task["id"] for task in tasks])
            for task in tasks:
                registry.score_output(plan_id, task["id"], 0.9, mark_done=False)
                other.score(task["id"], 0.9)
            library.save(other)
            theirs_ids.append(other.id)

    def ours() -> None:
        with plangate.connect(path) as fresh:
            for plan_id in ids:
                fresh.get(plan_id)

    def theirs() -> None:
        for plan_id in theirs_ids:
            library.repository.get(plan_id)

    events = plans * (len(tasks) + 1)
    compare("events replayed", events, ours, "the library's aggregates", theirs)


def compare(
    what: str, count: int, ours: Callable[[], None], beside: str, theirs: Callable[[], None]
) -> None:
    """Run both in turn, several times; print the medians and the median ratio."""
    rates = [(count / took(ours), count / took(theirs)) for _ in range(ROUNDS)]
    mine, other = (median(column) for column in zip(*rates, strict=True))
    ratio = median(a / b for a, b in rates)
    print(f"{what}: {mine:,.0f}/s; {beside}: {other:,.0f}/s; ratio {ratio:.2f}")


def took(work: Callable[[], None]) -> float:
    """Seconds of one run."""
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    main()
