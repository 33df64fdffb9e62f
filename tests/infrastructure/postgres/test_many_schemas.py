"""Many schemas on the connections of one registry, and how many connections there are."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from psycopg_pool import ConnectionPool

import plangate
from plangate.infrastructure.postgres import own_connections
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "A"}]


def connections_of(registry: plangate.PlanRegistry) -> Any:
    """The registry's own set of connections."""
    return registry._store._recorder.datastore.connections  # type: ignore[attr-defined]


@pytest.fixture
def others(postgres: PostgresServer) -> set[int]:
    """The sessions that an earlier test has left."""
    return postgres.sessions()


def test_each_schema_has_its_own_plans_on_the_same_connection(
    postgres: PostgresServer, others: set[int]
) -> None:
    with plangate.connect(postgres.url, max_connections=1) as registry:
        tenants = [registry.for_schema(f"tenant {n}") for n in range(3)]
        for n, tenant in enumerate(tenants):
            tenant.create(f"goal {n}", TASKS, plan_id="p")
            tenant.score_output("p", "a", n / 10)
        registry.create("goal", TASKS, plan_id="q")
        for n, tenant in enumerate(tenants):
            assert [plan.goal for plan in tenant.views.plans().plans] == [f"goal {n}"]
            assert tenant.get_status("p").tasks[0].output_score == n / 10
            assert tenant.replay.check().mismatch_count == 0
        assert [plan.goal for plan in registry.views.plans().plans] == ["goal"]
        assert len(postgres.sessions() - others) == 1


def test_closing_a_schema_leaves_the_connections_to_the_registry_that_opened_them(
    postgres: PostgresServer,
) -> None:
    with plangate.connect(postgres.url) as registry:
        with registry.for_schema("tenant") as tenant:
            tenant.create("g", TASKS, plan_id="p")
        with pytest.raises(plangate.StoreUnavailable, match="closed"):
            tenant.get_status("p")
        registry.create("g", TASKS, plan_id="p")
        other = registry.for_schema("tenant")
        assert other.get_status("p").version == 1
    with pytest.raises(plangate.StoreUnavailable, match="closed"):
        other.get_status("p")


def test_a_session_keeps_a_bounded_number_of_prepared_statements(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_connections, "_PREPARED", 3)
    with plangate.connect(postgres.url, max_connections=1) as registry:
        for n in range(3):
            tenant = registry.for_schema(f"tenant_{n}")
            tenant.create("g", TASKS, plan_id="p")
            tenant.score_prompt("p", "a", 0.5)
            tenant.score_output("p", "a", 0.5)
            assert tenant.get_status("p").version > 3
            [connection] = connections_of(registry)._idle
            assert len(connection.prepared) <= 3


def test_a_pool_of_the_caller_serves_many_schemas(postgres: PostgresServer) -> None:
    with (
        ConnectionPool(postgres.url, min_size=1, max_size=2) as pool,
        plangate.connect(pool, schema="one") as registry,
    ):
        registry.for_schema("two").create("g", TASKS, plan_id="p")
        assert not registry.list_plans()
        with (
            pool.connection() as connection,
            registry.for_schema("two").in_transaction(connection) as inside,
        ):
            inside.score_prompt("p", "a", 0.5)
        assert registry.for_schema("two").get_status("p").version == 2


@pytest.mark.parametrize("name", ["", "pg_mine", "x" * 64, "a\0b", None])
def test_what_is_not_a_name_of_a_schema_is_refused(postgres: PostgresServer, name: Any) -> None:
    with (
        plangate.connect(postgres.url) as registry,
        pytest.raises(plangate.NotAStore, match="not a valid name"),
    ):
        registry.for_schema(name)


def test_other_stores_have_no_schemas() -> None:
    with (
        plangate.connect("memory:") as registry,
        pytest.raises(plangate.NotAStore, match="only a PostgreSQL database has schemas"),
    ):
        registry.for_schema("tenant")


@pytest.mark.parametrize("most", [0, -1, 2.0, True, "3"])
def test_the_most_connections_are_a_whole_number(most: Any) -> None:
    with pytest.raises(plangate.InvalidInput, match="max_connections"):
        plangate.connect("memory:", max_connections=most)


def test_threads_share_no_more_connections_than_were_asked_for(
    postgres: PostgresServer, others: set[int]
) -> None:
    together = Barrier(6)

    def work(n: int) -> None:
        together.wait()
        for score in range(5):
            registry.score_prompt(f"p{n}", "a", score / 10)
            registry.get_status(f"p{n}")

    with plangate.connect(postgres.url, max_connections=2) as registry:
        for n in range(6):
            registry.create("g", TASKS, plan_id=f"p{n}")
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(work, range(6)))
        assert 1 <= len(postgres.sessions() - others) <= 2
        assert registry.history.last_position() == 36


def test_connections_that_were_not_needed_for_long_are_closed(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(own_connections, "monotonic", lambda: now)
    with plangate.connect(postgres.url) as registry:
        ours = connections_of(registry)
        together = Barrier(3)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _: ours.run(lambda _one: together.wait()), range(3)))
        assert len(ours._idle) == 3

        now += own_connections.IDLE
        registry.create("g", TASKS, plan_id="p")
        assert len(ours._idle) == 3

        now += 1
        registry.score_prompt("p", "a", 0.5)
        assert len(ours._idle) == 1
        assert registry.score_prompt("p", "a", 0.6).version == 3


def test_the_url_of_sqlalchemy_is_understood(postgres: PostgresServer) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg://")
    with plangate.connect(url) as registry:
        registry.create("g", TASKS, plan_id="p")
    with plangate.connect(postgres.url) as registry:
        assert registry.get_status("p").version == 1
    for other in ("postgresql+psycopg2", "postgresql+asyncpg"):
        with pytest.raises(plangate.NotAStore, match="there is no engine"):
            plangate.connect(url.replace("postgresql+psycopg", other))


def test_closing_the_first_registry_ends_the_threads_of_the_others(
    postgres: PostgresServer,
) -> None:
    before = set(enumerate_threads())  # other tests keep a server for a while
    with plangate.connect(postgres.url, schema="one") as registry:
        tenants = [registry.for_schema(name) for name in ("two", "three")]
        for tenant in tenants:
            tenant.create("g", TASKS, plan_id="p")
            tenant.views.follow()
        feed = tenants[0].subscribe()
        next(feed)
    assert list(feed) == []
    for tenant in tenants:
        with pytest.raises(plangate.StoreUnavailable, match="is closed"):
            tenant.get_status("p")
    after = set(enumerate_threads()) - before
    assert not [one for one in after if one.name.startswith("plangate-")]
