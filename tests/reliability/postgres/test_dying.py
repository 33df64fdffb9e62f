"""Clients, backends and the whole server are killed under load.

Every acknowledged command is stored, and the background reader has updated the views.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random
from signal import SIGKILL
from threading import Event

import pytest

from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises, wait_for_promises
from tests.support.reliability.crowd import crowd
from tests.support.reliability.postgres import (
    Persistent,
    audit_postgres,
    kill_a_backend,
    led_to_the_end,
    missed_or_disordered,
    some_time,
    tail,
)
from tests.support.reliability.workers import run_errands
from tests.support.servers.postgres import PostgresServer, postgres_server
from tests.support.soak import Say, short_and_long
from tests.support.views.from_scratch import same_views

WORKERS = 4
PLANS = ["p0", "p1"]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server to kill. What it wrote outlives its processes without waiting for the disk."""
    with postgres_server(fsync="off") as server:
        yield server


@short_and_long("deaths", 4, 200)
def test_no_death_of_the_server_loses_or_doubles_a_command_or_stops_the_registry(
    server: PostgresServer, tmp_path: Path, say: Say, deaths: int
) -> None:
    logs = [tmp_path / f"{n}.acks" for n in range(WORKERS)]
    done, written, rng = Event(), Event(), Random(1)
    with connect(server.url) as registry, ThreadPoolExecutor(WORKERS + 1) as threads:
        registry.views.follow()
        reading = threads.submit(tail, registry, written)
        workers = [Persistent(registry, AckLog(log)) for log in logs]
        working = [
            threads.submit(worker.work, PLANS, seed, done) for seed, worker in enumerate(workers)
        ]
        try:
            for death, _ in enumerate(islice(some_time(rng), deaths)):
                if death % 2:
                    server.kill()
                    server.start()
                else:
                    kill_a_backend(server)
                    server.wait()
            wait_for_promises(tmp_path, "*.acks", deaths + 1)
        finally:
            done.set()
            for thread in working:
                thread.result()
            written.set()
        seen = reading.result()
        led_to_the_end(registry)
        same_views(registry)

    findings = audit_postgres(server.url, Promises.in_logs(logs))
    sent_again = sum(worker.sent_again for worker in workers)
    say("kill -9 of PostgreSQL", findings, deaths=deaths, sent_again=sent_again)
    assert findings.faults == {}
    assert findings.acknowledged > deaths
    assert len(seen) == findings.events
    assert missed_or_disordered(seen) == []


@short_and_long("kills", 8, 1_000)
def test_no_death_of_a_client_loses_doubles_or_halves_a_command(
    server: PostgresServer, tmp_path: Path, say: Say, kills: int
) -> None:
    rng, written = Random(2), Event()
    with connect(server.url) as registry, ThreadPoolExecutor(1) as thread:
        reading = thread.submit(tail, registry, written)
        try:
            for number in range(kills // WORKERS):
                with crowd() as writers:
                    for writer in range(WORKERS):
                        log, seed = tmp_path / f"{number}-{writer}.acks", number * WORKERS + writer
                        plans = [f"r{number}-{n}" for n in range(2)]
                        writers.start(run_errands, server.url, log, plans, seed, None)
                    wait_for_promises(tmp_path, f"{number}-*.acks", 2 * WORKERS)
                    next(some_time(rng))
                    writers.kill()
                    assert {process.exitcode for process in writers.members} == {-SIGKILL}
            promises = Promises.in_logs(tmp_path.glob("*.acks"))
            again = Persistent(registry, AckLog(tmp_path / "again.acks"))
            for errand in promises.open:
                again.handle(errand)
        finally:
            written.set()
        seen = reading.result()

    findings = audit_postgres(server.url, Promises.in_logs(tmp_path.glob("*.acks")))
    say("kill -9 of clients", findings, kills=kills, sent_again=len(promises.open))
    assert findings.faults == {}
    assert findings.acknowledged > kills
    assert missed_or_disordered(seen) == []
    assert len(seen) == findings.events
