"""How fast the ledger reads and verifies a log and proves an event, and in how much memory.

    python benchmarks/ledger.py [--events 100000 1000000]

For each size a SQLite file is written as `benchmarks/check.py` does. Then a process of
its own takes it in and signs it, another verifies it against that checkpoint, another
proves an event in the middle, and one more verifies it after that event was altered. Each
prints its rate and the most memory it ever held, beside what it held once the store was
open. The exit code is 1 if anything but the altered event is found.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

from check import most_memory, write_log

import plangate


def main() -> None:
    """Write a file of each size, and work on it."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments.add_argument("--step", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.step:
        step(*chosen.step)
        return
    for events in chosen.events:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PLANGATE_LEDGER_KEY"] = str(Path(folder) / "ledger.pem")
            path = Path(folder) / "plans.db"
            write_log(path, events)
            for what in ("take in", "verify", "prove", "verify altered"):
                subprocess.run([sys.executable, __file__, "--step", what, str(path)], check=True)  # noqa: S603


def step(what: str, path: str) -> None:
    """Run one operation in this process, and print time and memory."""
    note = Path(f"{path}.note")
    middle = _middle(path)
    if what == "verify altered":
        _alter(path, middle)
    with plangate.connect(path) as registry:
        last = registry.history.last_position()
        opened = most_memory()
        started = perf_counter()
        if what == "take in":
            note.write_text(registry.ledger.checkpoint().note, encoding="utf-8")
        elif what == "prove":
            registry.ledger.prove(middle)
        else:
            report = registry.ledger.verify({"kept": note.read_text(encoding="utf-8")})
            found = [(finding.kind.value, finding.event_id) for finding in report.findings]
            expected = [("altered", middle), ("checkpoint", None)] if what != "verify" else []
            if found != expected or report.finding_count != len(expected):
                sys.exit(f"found {found[:9]}, not {expected}")
        took = perf_counter() - started
    print(
        f"{last:,} events: {what}: {took:.1f} s, {last / took:,.0f} events/s; "
        f"memory {opened:.0f} MiB at first, {most_memory():.0f} MiB at most"
    )


def _middle(path: str) -> str:
    """A score in the middle of the log."""
    with closing(sqlite3.connect(path)) as connection:
        plan_id, version = connection.execute(
            "SELECT originator_id, originator_version FROM stored_events"
            " WHERE topic = 'task-scored'"
            " AND notification_id >= (SELECT max(notification_id) / 2 FROM stored_events)"
            " ORDER BY notification_id LIMIT 1"
        ).fetchone()
    return f"{plan_id}@{version}"


def _alter(path: str, event_id: str) -> None:
    plan_id, _, version = event_id.rpartition("@")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE stored_events SET state = json_set(state, '$.event.score', 0.123)"
            " WHERE originator_id = ? AND originator_version = ?",
            (plan_id, int(version)),
        )
        connection.commit()


if __name__ == "__main__":
    main()
