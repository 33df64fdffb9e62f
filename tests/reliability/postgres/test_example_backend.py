"""The service in examples/backend, while its feed and its database are killed under load.

Every replan is delivered exactly once, no task is claimed twice, and its own tables agree
with the log.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic, sleep

import pytest

import plangate
from tests.support.backend.books import Books
from tests.support.backend.customers import Customer, latencies
from tests.support.backend.programs import backend
from tests.support.servers.postgres import PostgresServer, postgres_server
from tests.support.soak import Say, short_and_long

SERVERS, WORKERS, CUSTOMERS = 2, 3, 8
PATIENCE = 60.0


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    """A server to kill. What it wrote outlives its processes without waiting for the disk."""
    with postgres_server(fsync="off") as server:
        yield server


@short_and_long("kills", 1, 60)
def test_no_death_of_feed_or_database_loses_or_doubles_anything_of_the_example_backend(
    database: PostgresServer, tmp_path: Path, say: Say, kills: int
) -> None:
    done, rng = Event(), Random(13)
    with (
        ThreadPoolExecutor(CUSTOMERS) as threads,  # outside: customers end with the servers
        backend(database, tmp_path, servers=SERVERS, workers=WORKERS) as programs,
    ):
        customers = [
            Customer(programs.urls[n % SERVERS], f"customer-{n}") for n in range(CUSTOMERS)
        ]
        working = [threads.submit(customer.work, done) for customer in customers]
        for number in range(kills):
            wait_for_notice(database, delivered(database))
            sleep(rng.uniform(0, 0.2))
            if number % 5 == 1:
                database.kill()
            programs.kill_feed()
            database.start_if_down()
            programs.start_feed()
        done.set()
        for thread in working:
            thread.result(PATIENCE)
        with plangate.connect(database.url) as registry:
            books = Books(database, registry)
            wait_for_notice(database, books.replans.total() - 1)
            programs.kill_feed()
            faults = books.faults(customers, programs.log)

    say(
        "the example backend",
        feed_killed=kills,
        database_killed=(kills + 3) // 5,
        tickets=sum(len(customer.opened) for customer in customers),
        decisions=sum(len(customer.decided) for customer in customers),
        sent_again=sum(customer.unavailable for customer in customers),
        events=books.events,
        claims=len(books.claims),
        replans=books.replans.total(),
        latencies=latencies(customers),
    )
    assert faults == {}
    assert books.replans.total() >= kills


def wait_for_notice(database: PostgresServer, seen: int) -> None:
    """Wait until the feed has delivered more than it had."""
    deadline = monotonic() + PATIENCE
    while delivered(database) <= seen:
        assert monotonic() < deadline, "the feed delivers nothing"
        sleep(0.02)


def delivered(database: PostgresServer) -> int:
    """How many notices there are."""
    [(count,)] = database.execute("SELECT count(*) FROM notices")
    return int(count)
