"""Processes that work beside a measurement: `python -m benchmarks.workers WHAT …`.

Each prints a line once it is ready. What is timed answers each line of its input, a number of
commands, with the seconds that they took; what only keeps a store busy works until it is ended.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

import plangate
from benchmarks.logs import score_next, tasks

ROOT: Final = Path(__file__).parents[1]
_TWO_ROWS: Final = (("task-scored", "x" * 178), ("task-status-changed", "y" * 206))
"""The size of what a scored output records."""
RAW_TABLE: Final = """
CREATE TABLE raw_events (
    notification_id bigint PRIMARY KEY, originator_id text COLLATE "C",
    originator_version bigint, topic text, state text,
    UNIQUE (originator_id, originator_version))
"""
_RAW_INSERT: Final = """
INSERT INTO raw_events
SELECT (SELECT coalesce(max(notification_id), 0) FROM raw_events) + place,
    plan, version, name, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (plan, version, name, state, place)
"""


def score(path: str) -> None:
    """Score outputs without a pause."""
    with plangate.connect(path) as registry:
        name = f"busy-{os.getpid()}"
        registry.create("Move billing", tasks(20), plan_id=name)
        print("ready", flush=True)
        for turn in count():
            score_next(registry, name, 20, turn)


def rebuild(path: str) -> None:
    """Build all views again and again."""
    with plangate.connect(path) as registry:
        print("ready", flush=True)
        while True:
            registry.views.rebuild()


def postgres(url: str, name: str) -> None:
    """Score outputs of a plan of one's own."""
    with plangate.connect(url) as registry:
        registry.create("Move billing", tasks(20), plan_id=name)
        turns = count()
        _serve(lambda: score_next(registry, name, 20, next(turns)))


def raw_postgres(url: str, name: str) -> None:
    """Insert the same rows in one round trip, with positions in the order of commits."""
    import psycopg  # noqa: PLC0415  (an extra)

    with psycopg.connect(url, autocommit=True) as connection:
        versions = count(1, 2)

        def insert() -> None:
            version = next(versions)
            topics, states = zip(*_TWO_ROWS, strict=True)
            rows = [[name, name], [version, version + 1], list(topics), list(states)]
            with connection.pipeline():
                connection.execute("BEGIN")
                connection.execute("SELECT pg_advisory_xact_lock(7)")
                connection.execute(_RAW_INSERT, rows)
                connection.execute("COMMIT")

        _serve(insert)


def library_postgres(url: str, _name: str) -> None:
    """Score with the `eventsourcing` library's own aggregates."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415  (an extra)

    from benchmarks.peers import LibraryPlans  # noqa: PLC0415  (only here)
    from benchmarks.raw import StoredRow  # noqa: PLC0415  (only here)

    address = conninfo_to_dict(url)
    names = {"DBNAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}
    env = {f"POSTGRES_{name}": str(address[key]) for name, key in names.items()}
    env |= {"PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_PASSWORD": "none"}
    library = LibraryPlans(env)
    plan = library.create(20)
    command = [StoredRow("", 0, *row) for row in _TWO_ROWS]
    _serve(lambda: library.write(plan, [command]))


def _serve(command: Callable[[], object]) -> None:
    command()
    print("ready", flush=True)
    for line in sys.stdin:
        started = perf_counter()
        for _ in range(int(line)):
            command()
        print(perf_counter() - started, flush=True)


WORKERS: Final[dict[str, Callable[..., None]]] = {
    "score": score,
    "rebuild": rebuild,
    "postgres": postgres,
    "raw-postgres": raw_postgres,
    "library-postgres": library_postgres,
}


@contextmanager
def working(what: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that is ready; it is killed afterwards, which harms no store."""
    command = [sys.executable, "-m", "benchmarks.workers", what, *arguments]
    with subprocess.Popen(  # noqa: S603  (our own program)
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout  # noqa: S101  (a pipe)
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"the worker {what} did not start")
            yield process
        finally:
            process.kill()


def ask_all(processes: Sequence[subprocess.Popen[str]], commands: int) -> None:
    """Let all of them handle so many commands at the same time."""
    for process in processes:
        assert process.stdin  # noqa: S101  (a pipe)
        process.stdin.write(f"{commands}\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout  # noqa: S101  (a pipe)
        float(process.stdout.readline())


def environment() -> dict[str, str]:
    """The variables of a worker: it imports this checkout."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    WORKERS[sys.argv[1]](*sys.argv[2:])
