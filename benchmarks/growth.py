"""The throughput of one store, compared with the bare database in the same run.

    python benchmarks/growth.py TRACE [--postgres URL] [--events 1000000] [--commands 2000]

TRACE is a file for `plangate apply`, which gives the size of an event. Commands are recorded
one by one, by one client and by eight, and compared with bare transactions of one row; in
PostgreSQL also by eight clients on four stores, as with partitions. A long log is then
copied, backed up, restored and examined, each in a process of its own whose memory is shown.
Machines differ and are noisy: compare the ratios.
"""

import argparse
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg
from views import write_log

import plangate

ROUNDS = 3
CLIENTS = 8
PARTITIONS = 4
BODY = "x" * 400
"""About as long as a stored event."""

Work = Callable[[int], None]
"""Performs a number of commands as one client."""


def main() -> None:
    """Measure what the arguments name."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("trace", type=Path)
    arguments.add_argument("--postgres", metavar="URL")
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--commands", type=int, default=2_000)
    arguments.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.alone:
        alone(*chosen.alone)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size_of_an_event(folder / "trace.db", chosen.trace)
        raw = folder / "raw.db"
        with closing(sqlite3.connect(raw)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")
        compare(
            "SQLite", chosen.commands, lambda: commands(folder / "c.db"), lambda: bare_sqlite(raw)
        )
        if chosen.postgres:
            with psycopg.connect(chosen.postgres, autocommit=True) as connection:
                connection.execute("CREATE TABLE rows (id serial PRIMARY KEY, body text)")
            compare(
                "PostgreSQL",
                chosen.commands // 4,
                lambda: commands(chosen.postgres),
                lambda: bare_postgres(chosen.postgres),
            )
            partitions(chosen.postgres, chosen.commands // 4)
        long_log(folder, chosen.events, chosen.postgres)


def size_of_an_event(path: Path, trace: Path) -> None:
    """Bytes that an event takes in the file, alone and with its share of the views."""
    program = Path(sys.executable).with_name("plangate")
    subprocess.run(  # noqa: S603
        [program, "--db", path, "apply", trace, "--json"], check=True, stdout=subprocess.DEVNULL
    )
    alone = path.stat().st_size
    with plangate.connect(path) as registry:
        events = registry.history.last_position()
        registry.views.plans()
    whole = path.stat().st_size
    print(f"{events:,} events of the trace: {alone / events:,.0f} bytes each in the file,")
    print(f"  {whole / events:,.0f} with the views")


def commands(target: str | Path, schema: str | None = None) -> Work:
    """Durable commands of a client with a plan of its own."""
    registry = plangate.connect(target, schema=schema)
    plan_id = registry.create("g", [{"id": "a", "title": "A"}]).plan_id

    def work(times: int) -> None:
        for number in range(times):
            registry.score_prompt(plan_id, "a", number % 2)

    return work


def bare_sqlite(path: Path) -> Work:
    """Transactions of one row, as durable."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")

    def work(times: int) -> None:
        for _ in range(times):
            connection.execute("INSERT INTO rows (body) VALUES (?)", (BODY,))

    return work


def bare_postgres(url: str) -> Work:
    """Transactions of one row, each of which waits for the disk."""
    connection = psycopg.connect(url, autocommit=True)

    def work(times: int) -> None:
        for _ in range(times):
            connection.execute("INSERT INTO rows (body) VALUES (%s)", (BODY,))

    return work


def compare(engine: str, times: int, ours: Callable[[], Work], theirs: Callable[[], Work]) -> None:
    """Run both in turn, by one client and by many; print medians and the median ratio."""
    for clients in (1, CLIENTS):
        mine, others = [ours() for _ in range(clients)], [theirs() for _ in range(clients)]
        rates = [(rate(mine, times), rate(others, times)) for _ in range(ROUNDS)]
        a, b = (median(column) for column in zip(*rates, strict=True))
        ratio = median(one / other for one, other in rates)
        print(
            f"{engine}, clients: {clients}; durable commands: {a:,.0f}/s; "
            f"bare transactions: {b:,.0f}/s; ratio {ratio:.2f}"
        )


def partitions(url: str, times: int) -> None:
    """The same clients on one store, and on several in the same server."""
    one = [commands(url, "part_0") for _ in range(CLIENTS)]
    many = [commands(url, f"part_{number % PARTITIONS}") for number in range(CLIENTS)]
    rates = [(rate(one, times), rate(many, times)) for _ in range(ROUNDS)]
    a, b = (median(column) for column in zip(*rates, strict=True))
    ratio = median(spread / together for together, spread in rates)
    print(f"on one store: {a:,.0f}/s; on {PARTITIONS}: {b:,.0f}/s; ratio {ratio:.2f}")


def rate(clients: list[Work], times: int) -> float:
    """Commands a second of all clients together, `times` in all."""
    share = times // len(clients)
    start = perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(work, share) for work in clients]:
            done.result()
    return share * len(clients) / (perf_counter() - start)


def long_log(folder: Path, events: int, url: str | None) -> None:
    """Measure operations on whole stores."""
    path = folder / "long.db"
    write_log(path, events)
    size = path.stat().st_size
    print(f"a log of {events:,} events in {size / 2**20:,.0f} MiB")
    errands = [
        ("copy", str(path), str(folder / "copy.db")),
        ("backup", str(path), str(folder / "backup.db")),
        ("restore", str(folder / "backup.db"), str(folder / "restored.db")),
        ("doctor", str(path), ""),
    ]
    if url:
        errands += [
            ("copy", str(path), url),
            ("doctor", url, ""),
            ("copy", url, str(folder / "b.db")),
        ]
    for errand in errands:
        itself = [sys.executable, __file__, "-", "--alone", *errand]
        seconds, memory = map(float, subprocess.check_output(itself, text=True).split())  # noqa: S603
        what, source, target = (place.rpartition("://")[0] or Path(place).name for place in errand)
        rate_of_it = f"{seconds:.1f} s, {events / seconds:,.0f} events/s, at most {memory:,.0f} MiB"
        print(f"{what} {source} {target}: {rate_of_it}", flush=True)


def alone(errand: str, source: str, target: str) -> None:
    """Run one operation in this process; print its seconds and its peak memory in MiB."""
    start = perf_counter()
    if errand == "copy":
        with plangate.connect(source) as ours, plangate.connect(target) as theirs:
            ours.bundles.copy_to(theirs)
    elif errand == "backup":
        plangate.backup(target, source)
    elif errand == "restore":
        plangate.restore_backup(source, target)
    elif plangate.doctor(source).health != "ok":
        raise SystemExit(1)
    print(perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
