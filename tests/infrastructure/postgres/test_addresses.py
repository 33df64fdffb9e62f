"""Every way to say which PostgreSQL is meant, and no password in what is said back."""

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

import plangate
from plangate.infrastructure.operations import migrate
from plangate.infrastructure.settings import Settings
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.umadb import umadb_server

TASKS = [{"id": "a", "title": "A"}]


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://plangate@127.0.0.1:{port}/{database}",
        "postgres://plangate@127.0.0.1:{port}/{database}?connect_timeout=3",
        "postgresql:///{database}?host={folder}&port={port}&user=plangate",
        "postgresql://plangate@%2Fno%2Fsuch,127.0.0.1:{port},{port}/{database}",
        "postgresql://plangate@127.0.0.1:{port}/{database}?options=-csearch_path%3Dpg_catalog",
    ],
)
def test_every_url_of_libpq_leads_to_the_database(
    postgres: PostgresServer, url: str, form: str
) -> None:
    database = url.rpartition("/")[2]
    target = form.format(port=postgres.port, database=database, folder=postgres.data.parent)
    with plangate.connect(target) as registry:
        registry.create("g", TASKS, plan_id="p")
    with plangate.connect(url) as registry:
        assert registry.get_status("p").goal == "g"


def test_the_environment_names_the_database_and_the_schema(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_DB", url)
    monkeypatch.setenv("PLANGATE_SCHEMA", "Plans of Ä")
    with plangate.connect() as registry:
        registry.create("g", TASKS, plan_id="p")
    with plangate.connect(url, schema="Plans of Ä") as registry:
        assert registry.get_status("p").version == 1


def test_two_schemas_are_two_stores(url: str) -> None:
    with plangate.connect(url, schema="one") as one, plangate.connect(url, schema="two") as two:
        one.create("first", TASKS, plan_id="p")
        two.create("second", TASKS, plan_id="p")
        assert one.get_status("p").goal == "first"
        assert [recorded.envelope.position for recorded in two.history.events()] == [1]


@pytest.fixture
def pool(url: str) -> Iterator[ConnectionPool[Any]]:
    """A pool as a larger application may have set it up: with habits of its own."""
    habits = {"row_factory": dict_row, "options": "-c default_transaction_isolation=serializable"}
    with ConnectionPool(url, min_size=1, max_size=2, kwargs=habits, open=True) as pool:
        yield pool


def test_a_pool_can_be_lent_and_comes_back_as_it_was(pool: ConnectionPool[Any]) -> None:
    with plangate.connect(pool) as registry:
        registry.create("g", TASKS, plan_id="p")
        assert registry.next_task("p")
        assert len(registry.history.of("p")) == 2
    with pytest.raises(plangate.StoreUnavailable, match="is closed"):
        registry.history.of("p")
    with pool.connection() as connection:
        assert not connection.autocommit
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def test_a_lent_pool_that_is_closed_or_used_up_is_unavailable(pool: ConnectionPool[Any]) -> None:
    with plangate.connect(pool) as registry:
        pool.timeout = 0.05
        with (
            pool.connection(),
            pool.connection(),
            pytest.raises(plangate.StoreUnavailable, match="no connection free"),
        ):
            registry.history.of("p")
        pool.close()
        with pytest.raises(plangate.StoreUnavailable, match="closed"):
            registry.history.of("p")


def test_what_is_neither_an_address_nor_a_pool_is_refused() -> None:
    with pytest.raises(plangate.NotAStore, match="int is not an address"):
        plangate.connect(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("schema", ["ä" * 32, "pg_mine", "a\0b"])
def test_a_schema_that_cannot_be_is_refused(url: str, schema: str) -> None:
    with pytest.raises(plangate.NotAStore, match="schema"):
        plangate.connect(url, schema=schema)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cret@127.0.0.1:{port}/nowhere",
        "postgresql://me:s3cret@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=s3cret",
        "postgresql://me:s3@cret@127.0.0.1/db",
        "postgresql://me:s3/cret@127.0.0.1/db",
        "postgresql://me:s3?cret@127.0.0.1/db",
        "postgresql://me:s3cret@127.0.0.1/db?no_such=option",
        "postgresql://me:s3cret@[::1/db",
        "postgresql://me:s3cret%zz@127.0.0.1/db",
        "postgresql://me:s3%40cret@no.such.host.invalid/db",
        "postgresql://127.0.0.1/db?connect_timeout=s3cret",
    ],
)
def test_no_password_is_shown_or_logged(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(plangate.StoreError) as refusal:
        plangate.connect(address.format(port=postgres.port))
    shown = "".join(traceback.format_exception(refusal.value))
    for part in ("s3", "cret"):
        assert part not in shown.replace("s3cret@127.0.0.1:{port}", "")
        assert part not in caplog.text


def test_the_settings_do_not_show_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_DB", "postgresql://me:s3cret@host/db")
    assert "s3cret" not in repr(Settings())


def test_a_missing_psycopg_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plangate.infrastructure.postgres.schema", None)
    with pytest.raises(plangate.StoreError, match=r"pip install 'plangate\[postgres\]'"):
        plangate.connect("postgresql://host/db")


def test_migrate_makes_the_tables_and_can_be_repeated(url: str) -> None:
    migrate(url)
    migrate(url)
    with plangate.connect(url) as registry:
        assert not registry.list_plans().plans


def test_another_engine_of_the_library_is_chosen_as_its_users_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with umadb_server(tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(f"PLANGATE_{name}", value)
        with plangate.connect() as registry:
            registry.create("g", TASKS, plan_id="p")
            assert registry.next_task("p")
        with plangate.connect() as registry:
            assert registry.get_status("p").version == 2
    with plangate.connect("memory:") as registry:
        assert not registry.list_plans().plans


@pytest.mark.parametrize("module", ["eventsourcing.postgres", "eventsourcing.sqlite", "no.such"])
def test_an_engine_with_its_own_adapter_or_a_missing_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setenv("PLANGATE_PERSISTENCE_MODULE", module)
    with pytest.raises(plangate.StoreError, match=module):
        plangate.connect()
