"""Durable commands on PostgreSQL, beside the same rows written by psycopg alone.

python benchmarks/postgres.py URL [PROCESSES ...]

Rounds of both are taken in turn, each by so many processes at once. A row is the number of
processes, commands a second by psycopg and by plangate, and the median of the rounds' ratios.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from os import getpid
from statistics import median
from time import perf_counter
from typing import NamedTuple

import psycopg

import plangate

SCHEMA = "plangate_benchmark"
ROUNDS = 7
COMMANDS = 150
TASKS = 20

_RAW_TABLE = f"""
DROP SCHEMA IF EXISTS {SCHEMA} CASCADE;
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.raw_events (
    notification_id bigint PRIMARY KEY, originator_id text, originator_version bigint,
    topic text, state text, UNIQUE (originator_id, originator_version))
"""
_RAW_INSERT = f"""
INSERT INTO {SCHEMA}.raw_events
SELECT (SELECT coalesce(max(notification_id), 0) FROM {SCHEMA}.raw_events) + place,
    plan, version, name, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (plan, version, name, state, place)
"""  # noqa: S608
_NAMES = ["task-scored", "task-status-changed"]
_STATES = ["x" * 178, "y" * 206]


class Row(NamedTuple):
    """One number of processes: commands a second, and the median ratio of the rounds."""

    processes: int
    raw: float
    plangate: float
    ratio: float


def rows(url: str, numbers: Sequence[int] = (1, 4, 8)) -> Iterator[Row]:
    """Measure each number of processes; the schema of the benchmark is made anew."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_RAW_TABLE.encode())
    plangate.connect(url, schema=SCHEMA).close()
    for number in numbers:
        crowds = {side: [_Worker(side, url) for _ in range(number)] for side in _SIDES}
        speeds: dict[str, list[float]] = {side: [] for side in crowds}
        for _ in range(ROUNDS):
            for side, crowd in crowds.items():
                begin = perf_counter()
                for worker in crowd:
                    worker.start()
                for worker in crowd:
                    worker.wait()
                speeds[side].append(number * COMMANDS / (perf_counter() - begin))
        for crowd in crowds.values():
            for worker in crowd:
                worker.end()
        raw, ours = speeds["raw"], speeds["plangate"]
        ratios = [one / other for one, other in zip(ours, raw, strict=True)]
        yield Row(number, median(raw), median(ours), median(ratios))


class _Worker:
    """A process that executes one round of commands for each line of its input."""

    def __init__(self, side: str, url: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (this very program)
            [sys.executable, __file__, side, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._input, self._output = self._process.stdin, self._process.stdout
        self.wait()

    def start(self) -> None:
        """Begin a round."""
        print("go", file=self._input, flush=True)

    def wait(self) -> None:
        """Wait for the end of the round."""
        if not (self._output and self._output.readline()):
            raise SystemExit("a process of the benchmark failed")

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def _raw(url: str) -> Callable[[int], object]:
    connection, plan_id = psycopg.connect(url, autocommit=True), f"raw-{getpid()}"

    def insert(number: int) -> None:
        versions = [2 * number + 1, 2 * number + 2]
        with connection.pipeline():
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(7)")
            values = [[plan_id] * 2, versions, _NAMES, _STATES]
            connection.execute(_RAW_INSERT.encode(), values)
            connection.execute("COMMIT")

    return insert


def _plangate(url: str) -> Callable[[int], object]:
    registry = plangate.connect(url, schema=SCHEMA)
    tasks = [{"id": f"t{n}", "title": f"Step {n}"} for n in range(TASKS)]
    plan_id = registry.create("Move billing", tasks, plan_id=f"ours-{getpid()}").plan_id

    def score(number: int) -> None:
        value = 0.1 if number // TASKS % 2 else 0.9
        registry.score_output(plan_id, f"t{number * 7 % TASKS}", value)

    return score


_SIDES = {"raw": _raw, "plangate": _plangate}


def _work(side: str, url: str) -> None:
    command, number = _SIDES[side](url), 0
    print("ready", flush=True)
    for _ in sys.stdin:
        for _ in range(COMMANDS):
            command(number)
            number += 1
        print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1] in _SIDES:
        _work(*sys.argv[1:3])
    else:
        for row in rows(sys.argv[1], [int(one) for one in sys.argv[2:]] or (1, 4, 8)):
            print(
                f"{row.processes} processes: psycopg {row.raw:.0f}/s,"
                f" plangate {row.plangate:.0f}/s, ratio {row.ratio:.2f}"
            )
