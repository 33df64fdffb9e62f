"""How long a question over all plans takes beside a busy writer, compared with a quiet store.

    python benchmarks/questions.py [--seconds 4] [--rounds 3] [TARGET …]

A question is `views.plans(limit=1)`: the newest events are in its answer. The writer
records `score_output` without pause in the same store, as a process of its own or as a
thread of the one that asks. A target is a PostgreSQL URL; without any, the store is a
SQLite file. Quiet and busy rounds take turns; the ratio is that of the medians of their p95.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event as Signal
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter
from typing import NamedTuple

import plangate
from plangate.application.registry import PlanRegistry

PLANS = 50
TASKS = [{"id": f"t{n}", "title": f"Migrate part {n}"} for n in range(20)]
SCHEMA = "questions"


class Row(NamedTuple):
    """The p95 of a question in milliseconds."""

    target: str
    writer: str
    quiet: float
    busy: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes beside the writer."""
        return self.busy / self.quiet


def main() -> None:
    """Ask, and print the rows."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("targets", nargs="*", metavar="TARGET")
    arguments.add_argument("--seconds", type=float, default=4.0)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for target in chosen.targets or [str(Path(folder) / "plans.db")]:
            for row in questions(target, chosen.seconds, chosen.rounds):
                print(
                    f"{row.target:10.10} p95 quiet {row.quiet:.2f} ms, beside a writing"
                    f" {row.writer} {row.busy:.2f} ms: {row.ratio:.1f} times as long"
                )


def questions(target: str, seconds: float, rounds: int) -> Iterator[Row]:
    """A row for a writing process and one for a writing thread."""
    with _connected(target) as registry:
        for _ in range(PLANS):
            registry.create("Move a service", TASKS)
    for writer, beside in (("process", _beside_process), ("thread", _beside_thread)):
        quiet, busy = [], []
        for _ in range(rounds):
            with _connected(target) as registry:
                registry.views.plans(limit=1)
                quiet.append(_p95(registry, seconds))
                with beside(target, registry):
                    busy.append(_p95(registry, seconds))
        yield Row(target, writer, median(quiet), median(busy))


def _p95(registry: PlanRegistry, seconds: float) -> float:
    """Ask for so many seconds; the 95th percentile in milliseconds."""
    taken = []
    end = perf_counter() + seconds
    while (start := perf_counter()) < end:
        registry.views.plans(limit=1)
        taken.append(perf_counter() - start)
    taken.sort()
    at = {share: taken[len(taken) * share // 100] * 1e3 for share in (50, 95, 99)}
    percentiles = ", ".join(f"p{share} {each:.2f}" for share, each in at.items())
    print(
        f"{len(taken):6} questions, {percentiles}, longest {taken[-1] * 1e3:.2f} ms",
        file=sys.stderr,
    )
    return at[95]


@contextmanager
def _beside_process(target: str, _registry: PlanRegistry) -> Iterator[None]:
    context = get_context("spawn")
    begun, ended = context.Event(), context.Event()
    writer = context.Process(target=_write_in_process, args=(target, begun, ended))
    writer.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        writer.join()


@contextmanager
def _beside_thread(_target: str, registry: PlanRegistry) -> Iterator[None]:
    begun, ended = Event(), Event()
    writer = Thread(target=_write, args=(registry, begun.set, ended.is_set))
    writer.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        writer.join()


def _write_in_process(target: str, begun: Signal, ended: Signal) -> None:
    with _connected(target) as registry:
        _write(registry, begun.set, ended.is_set)


def _write(
    registry: PlanRegistry, begin: Callable[[], object], is_over: Callable[[], bool]
) -> None:
    plan_id = registry.create("Move another service", TASKS).plan_id
    begin()
    written, start = 0, perf_counter()
    while not is_over():
        registry.score_output(plan_id, f"t{written % 20}", 0.75 + written % 20 / 100)
        written += 1
    print(f"{written / (perf_counter() - start):,.0f} commands/s", file=sys.stderr)


def _connected(target: str) -> PlanRegistry:
    if target.startswith("postgres"):
        return plangate.connect(target, schema=SCHEMA)
    return plangate.connect(target)


if __name__ == "__main__":
    main()
