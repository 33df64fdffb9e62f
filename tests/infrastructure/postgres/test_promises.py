"""Acknowledgements of PostgreSQL, and the waiting of writers for each other."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Thread

import psycopg
import pytest

from plangate.application.errors import ConcurrentChange, StoreError, StoreUnavailable
from plangate.infrastructure.postgres import events as adapter
from tests.contracts.test_event_store import entry
from tests.support.servers.postgres import PostgresServer, postgres_server
from tests.support.stores import postgres_event_store


def test_a_commit_that_fails_is_not_acknowledged(url: str) -> None:
    with (
        closing(postgres_event_store(url)) as store,
        psycopg.connect(url, autocommit=True) as owner,
    ):
        owner.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''too late''; END';
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON plangate.stored_events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
        """)
        with pytest.raises(StoreError, match="too late"):
            store.append([entry("p", 1)])
        owner.execute("DROP TRIGGER late ON plangate.stored_events")
        store.append([entry("p", 1)])
        assert [r.envelope.position for r in store.read("p")] == [1]


def test_a_commit_waits_for_the_disk_even_where_the_server_would_not(url: str) -> None:
    with (
        closing(postgres_event_store(f"{url}?options=-csynchronous_commit%3Doff")) as store,
        psycopg.connect(url, autocommit=True) as owner,
    ):
        owner.execute("""
            CREATE TABLE seen AS SELECT ''::text AS setting LIMIT 0;
            CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO seen SELECT current_setting(''synchronous_commit'');
                 RETURN NULL; END';
            CREATE TRIGGER look AFTER INSERT ON plangate.stored_events
                FOR EACH ROW EXECUTE FUNCTION look()
        """)
        store.append([entry("p", 1)])
        assert owner.execute("SELECT setting FROM seen").fetchall() == [("on",)]


def test_what_the_standby_did_not_confirm_is_not_acknowledged() -> None:
    waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with (
        postgres_server(fsync="off") as server,
        ThreadPoolExecutor(1) as thread,
        closing(postgres_event_store(server.url)) as store,
    ):
        store.append([entry("p", 1)])
        server.execute("ALTER SYSTEM SET synchronous_standby_names = 'elsewhere'")
        server.kill()
        server.start()
        writing = thread.submit(store.append, [entry("p", 2)])
        while not server.execute(waiting):
            assert not writing.done()
        with pytest.raises(StoreUnavailable, match="standby did not confirm"):
            writing.result()


def test_a_writer_waits_for_another_only_so_long(url: str) -> None:
    with closing(postgres_event_store(f"{url}?options=-clock_timeout%3D50")) as store:
        recorder = store._recorder
        assert isinstance(recorder, adapter._Log)
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s, %s)", recorder.datastore.lock())
            with pytest.raises(StoreUnavailable, match="locked by another writer"):
                store.append([entry("p", 1)])
        store.append([entry("p", 1)])


def test_writers_and_vacuum_do_not_wait_for_each_other(url: str) -> None:
    with (
        closing(postgres_event_store(f"{url}?options=-clock_timeout%3D50")) as store,
        psycopg.connect(url) as vacuum,
    ):
        vacuum.execute("LOCK TABLE plangate.stored_events IN SHARE UPDATE EXCLUSIVE MODE")
        store.append([entry("p", 1)])


def test_a_turn_waits_for_its_plan_and_for_no_other(url: str) -> None:
    done: list[str] = []

    def take_turn(plan_id: str) -> None:
        store.turn(plan_id, lambda: done.append(plan_id))

    def meanwhile() -> Thread:
        waiting, free = (Thread(target=take_turn, args=(name,)) for name in ("p", "q"))
        waiting.start()
        free.start()
        free.join(5)
        assert done == ["q"]
        return waiting

    with closing(postgres_event_store(url)) as store:
        store.turn("p", meanwhile).join(5)
        assert done == ["q", "p"]


def test_a_turn_that_failed_or_brought_nothing_about_leaves_nothing_behind(url: str) -> None:
    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1)])
        with pytest.raises(ConcurrentChange):
            store.turn("p", lambda: store.append([entry("p", 1)]))
        assert store.turn("p", lambda: len(store.read("p"))) == 1
        store.append([entry("p", 2)])


def test_a_connection_that_died_unused_is_not_noticed(postgres: PostgresServer, url: str) -> None:
    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1)])
        for version in (2, 3):
            _end_connections(postgres, url)
            store.append([entry("p", version)])
            _end_connections(postgres, url)
            assert len(store.read("p")) == version


def test_a_listener_is_notified_of_new_events(url: str) -> None:
    with closing(postgres_event_store(url)) as store, psycopg.connect(url, autocommit=True) as ear:
        ear.execute('LISTEN "plangate:plangate"')
        store.append([entry("p", 1)])
        assert list(ear.notifies(timeout=5, stop_after=1))


def _end_connections(postgres: PostgresServer, url: str) -> None:
    postgres.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = %s AND pid <> pg_backend_pid()",
        url.rpartition("/")[2],
    )


def test_events_are_appended_after_work_that_was_rolled_back(url: str) -> None:
    """psycopg, if it had prepared something, would deallocate all statements at a ROLLBACK."""

    def fail() -> None:
        raise ConcurrentChange("p")

    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1)])
        for _ in range(10):
            store.read("p")
        with pytest.raises(ConcurrentChange):
            store.turn("p", fail)
        assert store.append([entry("p", 2)]).position == 2
