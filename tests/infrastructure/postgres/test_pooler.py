"""A pooler that hands out the server's sessions for one transaction each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

import plangate
from plangate.application.operations.reports import Health
from plangate.infrastructure.postgres import events as adapter
from tests.contracts.test_event_store import entry
from tests.support.servers.pgbouncer import needs_pgbouncer, pgbouncer
from tests.support.servers.postgres import PostgresServer
from tests.support.stores import postgres_event_store

TASKS = [{"id": "a", "title": "A"}]
pytestmark = needs_pgbouncer


@pytest.fixture
def pooler(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database behind a pooler."""
    with pgbouncer(postgres) as address:
        yield address


@pytest.fixture
def pooled(pooler: str) -> str:
    """The same, with the parameter that names the pooler."""
    return f"{pooler}?pooling=transaction"


def test_commands_views_ledger_and_erasure_work_through_a_pooler(pooled: str, url: str) -> None:
    def work(number: int) -> None:
        for i in range(10):
            registry.score_prompt("p", "a", 0.5, idempotency_key=f"{number}-{i}")

    with plangate.connect(pooled) as registry, ThreadPoolExecutor(6) as threads:
        registry.create("a secret goal", TASKS, plan_id="p")
        list(threads.map(work, range(6)))
        assert [one.envelope.version for one in registry.history.of("p")] == list(range(1, 62))
        assert [plan.plan_id for plan in registry.views.plans(text="secret").plans] == ["p"]
        registry.views.rebuild()
        assert registry.ledger.checkpoint().size == 61
        assert registry.erase("p").complete
        assert registry.ledger.verify().finding_count == 0
    assert plangate.doctor(pooled).health is not Health.PROBLEM
    with plangate.connect(url) as direct:
        assert direct.get_status("p").goal is None


def test_a_pooler_is_named_where_the_address_does_not(pooler: str) -> None:
    with pytest.raises(plangate.NotAStore, match="add the parameter pooling=transaction"):
        plangate.connect(pooler)
    [problem] = [one for one in plangate.doctor(pooler).observations if one.check == "server"]
    assert "pooling=transaction" in problem.found


def test_a_pooler_that_drops_the_settings_of_a_session_is_noticed(postgres: PostgresServer) -> None:
    with (
        pgbouncer(postgres, ignore_startup_parameters="options") as address,
        pytest.raises(plangate.NotAStore, match="add the parameter pooling=transaction"),
    ):
        plangate.connect(address)


@pytest.mark.parametrize(
    "query", ["pooling=session", "pooling=", "pooling", "p%6Foling=Transaction"]
)
def test_another_kind_of_pooling_is_refused(url: str, query: str) -> None:
    with pytest.raises(plangate.NotAStore, match="the only one is pooling=transaction"):
        plangate.connect(f"{url}?connect_timeout=3&{query}")


def test_options_other_than_settings_cannot_pass_a_pooler(pooled: str) -> None:
    with pytest.raises(plangate.NotAStore, match="-c name=value"):
        plangate.connect(f"{pooled}&options=-e")


def test_settings_are_in_force_and_go_no_further_than_the_transaction(
    pooler: str, pooled: str, url: str
) -> None:
    address = f"{pooled}&options=-clock_timeout%3D50%20--work-mem%3D2MB"
    with closing(postgres_event_store(address)) as store:
        recorder = store._recorder
        assert isinstance(recorder, adapter._Log)
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s, %s)", recorder.datastore.lock())
            with pytest.raises(plangate.StoreUnavailable, match="locked by another writer"):
                store.append([entry("p", 1)])
        store.append([entry("p", 1)])
    [found] = [o.found for o in plangate.doctor(address).observations if o.check == "settings"]
    assert found == (
        "lock_timeout 50ms, statement_timeout 30s, idle_in_transaction_session_timeout 10s,"
        " work_mem 2MB"
    )
    with psycopg.connect(pooler, autocommit=True, prepare_threshold=None) as other:
        assert other.execute("SHOW lock_timeout").fetchone() == ("0",)
