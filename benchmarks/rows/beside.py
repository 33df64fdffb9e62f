"""Rows on what is done beside another process: a command, or a question.

The cost is a high percentile of the latency.
"""

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from time import perf_counter

import plangate
from benchmarks.logs import score_next, tasks, write_log
from benchmarks.measuring import MICROSECONDS, Bench, Case, Contender, measure
from benchmarks.raw import RawLog, Recorded
from benchmarks.results import Role, Row
from benchmarks.workers import working

_QUIET, _RAW_QUIET, _RAW_BESIDE = "plangate, quiet", "raw sqlite3, quiet", "raw sqlite3, beside"


def command_beside_rebuild(bench: Bench) -> Row:
    """The 99th percentile of a command while another process rebuilds the views."""
    size = min(bench.scale.logs[-1], 100_000)
    path = bench.folder / "plans.db"
    write_log(path, size)
    registry = bench.closing(plangate.connect(path))
    registry.create("Move billing", tasks(20), plan_id="plan")
    recorded, turns = Recorded(path), count()
    score_next(registry, "plan", 20, next(turns))
    recorded.look()
    raw = bench.closing(RawLog(bench.folder / "raw.db"))
    versions = count(1)
    sample = recorded.latest[0]

    def ours() -> None:
        score_next(registry, "plan", 20, next(turns))

    def limit() -> None:
        raw.write([[row._replace(version=next(versions)) for row in sample]])

    case = _case(bench, size, ours, limit, ("rebuild", path), 0.99, target="≥ 0.5")
    return Row(
        name="command-beside-rebuild",
        title="p99 of `score_output` while another process rebuilds the views",
        operation="command",
        size="events",
        notes=(
            "Target: at most twice the p99 of a quiet store, so quiet / beside is at least 0.5.",
            "raw sqlite3 writes into a file of its own: it shares processors and disk with the "
            "rebuild, but no lock.",
        ),
        measurements=measure(bench, [case], bench.scale.long_rounds),
    )


def question_beside_writer(bench: Bench) -> Row:
    """The 95th percentile of a question to the views while another process writes."""
    size = min(bench.scale.logs[0], 10_000)
    path = bench.folder / "plans.db"
    write_log(path, size)
    registry = bench.closing(plangate.connect(path))
    registry.views.plans(limit=1)
    connection = bench.closing(sqlite3.connect(path))
    query = "SELECT * FROM view_plans LIMIT 1"

    def limit() -> None:
        connection.execute(query).fetchall()

    case = _case(
        bench,
        size,
        lambda: registry.views.plans(limit=1),
        limit,
        ("score", path),
        0.95,
        target="≥ 0.2",
    )
    return Row(
        name="question-beside-writer",
        title="p95 of `views.plans(limit=1)` while another process writes",
        operation="question",
        size="events",
        notes=(
            "Target: at most five times the p95 of a quiet store, so quiet / beside is at least "
            "0.2. raw sqlite3 selects one row of the view's table; it need not be current.",
        ),
        measurements=measure(bench, [case], bench.scale.long_rounds),
    )


def _case(
    bench: Bench,
    size: int,
    ours: Callable[[], object],
    limit: Callable[[], object],
    worker: tuple[str, Path],
    share: float,
    *,
    target: str,
) -> Case:
    def run(operation: Callable[[], object], *, beside: bool) -> Callable[[], float]:
        def percentile() -> float:
            what, path = worker
            with working(what, str(path)) if beside else nullcontext():
                return _percentile(operation, bench.scale.beside, share)

        return percentile

    return Case(
        size,
        [
            Contender("plangate, beside", Role.PLANGATE, run(ours, beside=True)),
            Contender(_QUIET, Role.ALTERNATIVE, run(ours, beside=False), target=target),
            Contender(_RAW_BESIDE, Role.LIMIT, run(limit, beside=True)),
            Contender(_RAW_QUIET, Role.LIMIT, run(limit, beside=False)),
        ],
    )


def _percentile(operation: Callable[[], object], seconds: float, share: float) -> float:
    """The latency in µs that so large a share of the operations keeps below."""
    latencies: list[float] = []
    end = perf_counter() + seconds
    while (started := perf_counter()) < end or not latencies:
        operation()
        latencies.append(perf_counter() - started)
    latencies.sort()
    return latencies[int(share * (len(latencies) - 1))] * MICROSECONDS
