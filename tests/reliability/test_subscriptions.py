"""Subscribers beside writers of other registries: nothing is missed, nothing comes twice."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

import plangate
from plangate.infrastructure.postgres import notifications
from tests.reliability.postgres.test_forks import _ended, _forked
from tests.support.servers.pgbouncer import needs_pgbouncer, pgbouncer
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

TASKS = [{"id": "a", "title": "A"}]
PATIENCE = 60.0
WRITERS = 3
LISTENS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
END_LISTENING = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"

pytestmark = pytest.mark.xdist_group("subscriptions")


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store."""
    if request.param == "sqlite":
        return str(tmp_path / "plans.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url


@short_and_long("commands", 60, 5_000)
def test_every_subscriber_gets_each_event_once_and_in_order(
    target: str, commands: int, say: Say
) -> None:
    """Half of the subscribers share the registry of a writer, half have one of their own."""
    total, begin = WRITERS * commands, Barrier(WRITERS + 4)
    with ThreadPoolExecutor(WRITERS + 4) as threads, plangate.connect(target) as shared:

        def write(number: int) -> None:
            with plangate.connect(target) as own:
                registry = own if number else shared
                begin.wait(PATIENCE)
                for n in range(commands):
                    registry.create("g", TASKS, plan_id=f"{number}-{n}")

        def read(number: int) -> list[int | None]:
            with plangate.connect(target) as own:
                events = (own if number % 2 else shared).subscribe(timeout=PATIENCE)
                begin.wait(PATIENCE)
                return [next(events).envelope.position for _ in range(total)]

        readers = [threads.submit(read, number) for number in range(4)]
        for writer in [threads.submit(write, number) for number in range(WRITERS)]:
            writer.result()
        found = [reader.result() for reader in readers]
        assert found == [list(range(1, total + 1))] * 4
    say("subscriptions", commands=total, subscribers=4, missed=0, doubled=0)


def test_an_interrupted_subscriber_continues_after_what_it_handled(target: str) -> None:
    with plangate.connect(target) as registry:
        for n in range(20):
            registry.create("g", TASKS, plan_id=f"p{n}")
        handled: list[int | None] = []
        while len(handled) < 20:
            events = registry.subscribe(after=handled[-1] or 0 if handled else 0, timeout=0)
            try:
                for number, event in enumerate(events):
                    if number == 3:
                        signal.raise_signal(signal.SIGINT)
                    handled.append(event.envelope.position)
            except KeyboardInterrupt:
                continue
        assert handled == list(range(1, 21))


def test_a_child_process_subscribes_and_its_parent_goes_on(target: str) -> None:
    with plangate.connect(target) as registry:
        registry.create("g", TASKS, plan_id="p")
        events = registry.subscribe(timeout=PATIENCE)
        next(events)

        def work() -> None:
            own = registry.subscribe(after=1, timeout=PATIENCE)
            registry.create("g", TASKS, plan_id="child")
            assert next(own).envelope.position == 2
            assert next(events).envelope.position == 2

        assert _ended(_forked(work)) == 0
        assert next(events).envelope.plan_id == "child"


# --- PostgreSQL ---


def _recorded_soon_after(
    server: PostgresServer,
    source: str | ConnectionPool[Any],
    act: Callable[[], object],
    schema: str = "plangate",
) -> None:
    """What is recorded after `act` wakes a subscriber who waits."""
    with (
        plangate.connect(source, schema=schema) as registry,
        plangate.connect(server.url, schema=schema) as other,
    ):
        arrived, got = Event(), list[int | None]()

        def read() -> None:
            for event in registry.subscribe(timeout=PATIENCE):
                got.append(event.envelope.position)
                arrived.set()
                if len(got) == 2:
                    return

        reading = Thread(target=read)
        reading.start()
        other.create("g", TASKS)
        assert arrived.wait(PATIENCE)
        act()
        other.create("g", TASKS)
        reading.join(PATIENCE)
        assert got == [1, 2]


def _until_listening(server: PostgresServer) -> None:
    while server.execute(LISTENS) != [(1,)]:
        pass


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only notifications wake a subscriber."""
    monkeypatch.setattr("plangate.application.log_watch._CHECK", 3_600.0)
    monkeypatch.setattr(notifications, "LOOK_EVERY", 3_600.0)
    return iter(())


@pytest.mark.usefixtures("deaf")
def test_a_notification_wakes_subscribers(postgres: PostgresServer) -> None:
    _recorded_soon_after(postgres, postgres.url, lambda: _until_listening(postgres))


@pytest.mark.usefixtures("deaf")
def test_a_lent_pool_keeps_its_connections(postgres: PostgresServer) -> None:
    with ConnectionPool(postgres.url, min_size=1, max_size=1) as pool:
        _recorded_soon_after(postgres, pool, lambda: _until_listening(postgres))
    with ConnectionPool(lambda: postgres.url, kwargs=dict, min_size=1, max_size=1) as pool:
        pool.wait()
        with plangate.connect(pool, schema="other") as registry:
            registry.create("g", TASKS)
            assert next(registry.subscribe(after=0)).envelope.position == 1


def test_a_lost_connection_is_found_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("plangate.application.log_watch._CHECK", 3_600.0)

    def lose() -> None:
        _until_listening(postgres)
        postgres.execute(END_LISTENING)
        _until_listening(postgres)

    _recorded_soon_after(postgres, postgres.url, lose)
    assert "the connection that listens was lost" in caplog.text


def test_a_refused_connection_is_tried_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notifications, "LOOK_EVERY", 0.01)
    with closing(plangate.connect(postgres.url)) as registry:
        connections = registry._store._recorder.datastore.connections  # type: ignore[attr-defined]
        session = connections.session

        def refuse() -> None:
            connections.session = session
            raise psycopg.OperationalError("too many clients")

        connections.session = refuse
        registry.create("g", TASKS)
        events = registry.subscribe(timeout=PATIENCE)
        next(events)
        _until_listening(postgres)
        assert "cannot listen: too many clients" in caplog.text


@needs_pgbouncer
def test_behind_a_pooler_subscribers_look_by_themselves(postgres: PostgresServer) -> None:
    with pgbouncer(postgres) as url:
        _recorded_soon_after(postgres, f"{url}?pooling=transaction", lambda: None)
        with ConnectionPool(url, min_size=1, kwargs={"prepare_threshold": None}) as pool:
            _recorded_soon_after(postgres, pool, lambda: None, schema="other")
    assert postgres.execute(LISTENS) == [(0,)]


def test_a_schema_with_a_long_name_has_a_channel_of_its_own() -> None:
    names = ["plangate", "s" * 63, "s" * 62 + "t", "é" * 31]
    channels = [notifications.channel_of(name) for name in names]
    assert channels[0] == "plangate:plangate"
    assert len(set(channels)) == 4
    assert all(len(channel.encode()) < 64 for channel in channels)


def test_the_connection_that_listens_is_closed_with_the_last_subscriber(
    postgres: PostgresServer,
) -> None:
    with plangate.connect(postgres.url) as registry:
        registry.create("g", TASKS)
        events = registry.subscribe(timeout=PATIENCE)
        next(events)
        _until_listening(postgres)
        del events
        while postgres.execute(LISTENS) != [(0,)]:
            pass
