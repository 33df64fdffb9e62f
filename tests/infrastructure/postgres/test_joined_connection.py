"""Transactions on connections of psycopg."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, ConnectionPool

import plangate
from plangate import StoreUnavailable, TransactionConflict, TransactionRefused
from tests.support.host import Host, in_a_thread, postgres_host, refuse_to_join
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def on_postgres(postgres: PostgresServer) -> Iterator[Host]:
    """A host on PostgreSQL."""
    host = postgres_host(postgres.url)
    with host.registry:
        host.registry.create("g", TASKS, plan_id="p")
        yield host


def test_connections_of_psycopg_that_cannot_be_used_are_refused(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        refuse_to_join(on_postgres, connection, "commits each statement by itself")
        with (
            connection.transaction(),
            on_postgres.registry.in_transaction(connection) as inside,
        ):
            inside.score_prompt("p", "a", 0.5)
    with psycopg.connect(postgres.url) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        refuse_to_join(on_postgres, connection, "failed: roll it back")
        connection.rollback()
        with connection.pipeline():
            refuse_to_join(on_postgres, connection, "pipeline")
    with psycopg.connect(postgres.url, client_encoding="latin1") as connection:
        refuse_to_join(on_postgres, connection, "client encoding iso8859-1")

    assert on_postgres.registry.get_status("p").version == 2


def test_a_connection_that_another_thread_is_using_is_said_to_be_busy(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    with psycopg.connect(postgres.url) as connection, psycopg.connect(postgres.url) as holder:
        holder.execute("SELECT pg_advisory_lock(1)")
        with on_postgres.registry.in_transaction(connection) as inside:
            inside.score_prompt("p", "a", 0.5)
            waiting = Thread(target=connection.execute, args=("SELECT pg_advisory_lock(1)",))
            waiting.start()
            while connection.info.transaction_status != TransactionStatus.ACTIVE:
                waiting.join(0.01)
            with pytest.raises(TransactionRefused, match="busy with another statement"):
                inside.get_status("p")
            holder.execute("SELECT pg_advisory_unlock(1)")
            waiting.join()
            assert inside.get_status("p").version == 2


def test_a_connection_to_another_database_is_refused(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE DATABASE other")
    try:
        other = postgres.url.replace("/postgres", "/other")
        with plangate.connect(other), psycopg.connect(other) as connection:
            refuse_to_join(
                on_postgres, connection, "does not lead to the PostgreSQL database postgres"
            )
    finally:
        postgres.execute("DROP DATABASE other WITH (FORCE)")


def test_a_missing_right_of_the_host_is_named_and_leaves_its_transaction_usable(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE ROLE stranger")
    try:
        with psycopg.connect(postgres.url) as connection:
            connection.execute("SET ROLE stranger")
            with (
                pytest.raises(plangate.StoreForbidden, match="may not USE the schema plangate"),
                on_postgres.registry.in_transaction(connection),
            ):
                pass
            connection.execute("RESET ROLE")
            connection.execute("GRANT USAGE ON SCHEMA plangate TO stranger")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA plangate TO stranger")
            connection.execute("SET ROLE stranger")
            with on_postgres.registry.in_transaction(connection) as inside:
                with pytest.raises(
                    plangate.StoreForbidden, match=r"may not INSERT into plangate\.stored_events"
                ):
                    inside.score_prompt("p", "a", 0.5)
                connection.execute("RESET ROLE")
                inside.score_prompt("p", "a", 0.6)
        assert on_postgres.registry.get_status("p").version == 2
    finally:
        postgres.execute("DROP OWNED BY stranger; DROP ROLE stranger")


def test_a_schema_of_a_newer_plangate_is_refused(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    postgres.execute("UPDATE plangate.plangate_layout SET version = 99")
    with (
        psycopg.connect(postgres.url) as connection,
        pytest.raises(plangate.StoreTooNew, match="layout 99"),
        on_postgres.registry.in_transaction(connection),
    ):
        pass


@pytest.mark.parametrize(
    "level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE]
)
def test_a_higher_isolation_that_misses_another_writer_must_begin_again(
    on_postgres: Host, level: psycopg.IsolationLevel
) -> None:
    connection = on_postgres.connect()
    connection.isolation_level = level
    connection.execute("SELECT 1")
    with on_postgres.registry.in_transaction(connection) as inside:
        assert inside.score_prompt("p", "a", 0.5).version == 2
    connection.commit()
    connection.execute("SELECT 1 FROM host")
    on_postgres.registry.score_prompt("p", "b", 0.5)
    with (
        pytest.raises(TransactionConflict),
        on_postgres.registry.in_transaction(connection) as inside,
    ):
        inside.score_prompt("p", "a", 0.6)
    connection.rollback()
    with on_postgres.registry.in_transaction(connection) as inside:
        assert inside.score_prompt("p", "a", 0.6).version == 4
    connection.commit()
    connection.close()


def test_another_writer_between_reading_and_recording_is_read_again(on_postgres: Host) -> None:
    connection = on_postgres.connect()
    with on_postgres.registry.in_transaction(connection) as inside:
        clock = inside._executor.handler._clock

        def slow_clock() -> datetime:  # it is asked between reading and recording
            inside._executor.handler._clock = clock
            in_a_thread(lambda: on_postgres.registry.score_prompt("p", "b", 0.5))
            return datetime.now(UTC)

        inside._executor.handler._clock = slow_clock
        assert inside.score_prompt("p", "a", 0.5).version == 3
    connection.commit()
    connection.close()


def test_a_connection_that_is_lost_inside_says_so_each_time(
    on_postgres: Host, postgres: PostgresServer
) -> None:
    connection = on_postgres.connect()
    with on_postgres.registry.in_transaction(connection) as inside:
        inside.score_prompt("p", "a", 0.5)
        postgres.execute("SELECT pg_terminate_backend(%s)", connection.info.backend_pid)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                inside.score_prompt("p", "a", 0.6)
    connection.close()

    assert on_postgres.registry.get_status("p").version == 1


def test_a_server_that_was_started_again_is_recognised(postgres: PostgresServer) -> None:
    host = postgres_host(postgres.url)
    with host.registry:
        host.registry.create("g", TASKS, plan_id="p")
        with host.connect() as connection, host.registry.in_transaction(connection):
            pass
        postgres.stop()
        postgres.start()
        with (
            host.connect() as connection,
            host.registry.in_transaction(connection) as inside,
        ):
            inside.score_prompt("p", "a", 0.5)
        assert host.registry.get_status("p").version == 2


def test_a_connection_of_the_pool_that_the_registry_was_given_is_accepted(
    postgres: PostgresServer,
) -> None:
    with (
        ConnectionPool(postgres.url, min_size=1, max_size=3) as pool,
        plangate.connect(pool) as registry,
    ):
        registry.create("g", TASKS, plan_id="p")
        with pool.connection() as connection, registry.in_transaction(connection) as inside:
            inside.score_prompt("p", "a", 0.5)
        assert registry.get_status("p").version == 2
        with (
            pool.connection() as connection,
            connection.transaction(force_rollback=True),
            registry.in_transaction(connection) as inside,
        ):
            inside.score_prompt("p", "a", 0.6)
        assert registry.get_status("p").version == 2


def test_the_only_connection_of_a_pool_is_enough(postgres: PostgresServer) -> None:
    with (
        ConnectionPool(postgres.url, min_size=1, max_size=1, timeout=10) as pool,
        plangate.connect(pool) as registry,
    ):
        for one in (registry, registry.for_schema("tenant")):
            with pool.connection() as connection, one.in_transaction(connection) as inside:
                inside.create("g", TASKS, plan_id="p")
            assert one.get_status("p").version == 1
        with (
            psycopg.connect(postgres.url) as connection,
            registry.in_transaction(connection) as inside,
        ):
            inside.score_prompt("p", "a", 0.5)


def test_a_transaction_of_django_is_joined(postgres: PostgresServer) -> None:
    host = postgres_host(postgres.url)
    program = """
import sys
import django
from django.conf import settings
from django.db import connection, transaction
import plangate

default = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "USER": "plangate"}
settings.configure(DATABASES={"default": default | {"NAME": "postgres", "PORT": sys.argv[2]}})
django.setup()
with plangate.connect(sys.argv[1]) as registry:
    for plan_id, commits in (("p", True), ("q", False)):
        with transaction.atomic():
            connection.ensure_connection()
            with registry.in_transaction(connection.connection) as inside:
                inside.create("g", [{"title": "A"}], plan_id=plan_id)
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO host VALUES (%s)", [plan_id])
            transaction.set_rollback(not commits)
    connection.ensure_connection()
    try:
        registry.in_transaction(connection.connection).__enter__()
    except plangate.TransactionRefused as refused:
        print(refused)
    try:
        registry.in_transaction(connection).__enter__()
    except plangate.TransactionRefused as refused:
        print(refused)
"""
    command = [sys.executable, "-c", program, postgres.url, str(postgres.port)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    outside_atomic, proxy = shown.splitlines()
    assert "commits each statement by itself" in outside_atomic
    assert "ConnectionProxy is not an open connection of psycopg 3" in proxy
    with host.registry:
        assert host.rows() == ["p"]
        assert [plan.plan_id for plan in host.registry.list_plans().plans] == ["p"]


def test_pools_that_cannot_be_used_are_named(postgres: PostgresServer) -> None:
    pool = AsyncConnectionPool(postgres.url, open=False)
    with pytest.raises(plangate.NotAStore, match=r"AsyncConnectionPool .*coroutines"):
        plangate.connect(pool)  # type: ignore[arg-type]
    closed = ConnectionPool(postgres.url, open=False)
    with pytest.raises(plangate.StoreUnavailable, match="pool"):
        plangate.connect(closed)
