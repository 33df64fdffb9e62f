"""Commands in the caller's own transaction: committed with its rows, or gone with them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
import sqlalchemy

import plangate
from plangate import TransactionRefused
from plangate.domain.errors import PlanNotFound
from tests.support.host import Host, postgres_host, sqlite_host
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture(params=["sqlite", "postgres"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """Each kind of host in turn, with one plan, `p`."""
    if request.param == "sqlite":
        host = sqlite_host(tmp_path / "plans.db")
    else:
        host = postgres_host(request.getfixturevalue("postgres").url)
    with host.registry:
        host.registry.create("g", TASKS, plan_id="p")
        host.registry.views.plans()
        yield host


@pytest.fixture
def connection(host: Host) -> Iterator[Any]:
    """A connection of the host."""
    connection = host.connect()
    yield connection
    connection.close()


def test_a_commit_keeps_the_rows_of_the_host_and_the_events(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        host.insert(connection, "q")
        inside.create("g", TASKS, plan_id="q")
        assert inside.score_prompt("q", "a", 0.5).tasks[0].prompt_score == 0.5
        with pytest.raises(PlanNotFound):
            host.registry.get("q")
    connection.commit()

    assert host.rows() == ["q"]
    assert host.registry.get_status("q").version == 2
    assert [plan.plan_id for plan in host.registry.views.plans().plans] == ["p", "q"]


def test_a_rollback_leaves_nothing_of_either(host: Host, connection: Any) -> None:
    before = host.registry.history.last_position()
    with host.registry.in_transaction(connection) as inside:
        host.insert(connection, "q")
        inside.create("g", TASKS, plan_id="q")
        inside.score_prompt("p", "a", 0.5)
        assert inside.get_status("p").version == 2
        assert [plan.plan_id for plan in inside.list_plans(state="active").plans] == ["p", "q"]
    connection.rollback()

    assert host.rows() == []
    assert host.registry.history.last_position() == before
    with pytest.raises(PlanNotFound):
        host.registry.get("q")
    assert host.registry.get_status("p").version == 1
    assert host.registry.score_prompt("p", "a", 0.7).version == 2
    assert host.registry.views.plans().plans[0].version == 2


def test_a_part_that_the_host_rolls_back_is_not_remembered(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        inside.score_prompt("p", "a", 0.1)
        connection.execute("SAVEPOINT part")
        inside.score_prompt("p", "b", 0.2, idempotency_key="k")
        connection.execute("ROLLBACK TO SAVEPOINT part")
        assert inside.get_status("p").version == 2
        assert inside.score_prompt("p", "a", 0.3, idempotency_key="k").version == 3
        assert not inside.score_prompt("p", "a", 0.3, idempotency_key="k").warnings
    connection.commit()

    scores = [entry.event for entry in host.registry.history.of("p")][1:]
    assert [getattr(event, "score", None) for event in scores] == [0.1, 0.3]
    assert host.registry.replay.check().mismatch_count == 0


def test_a_refused_command_leaves_the_transaction_usable(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        host.insert(connection, "p")
        with pytest.raises(plangate.TaskNotFound):
            inside.score_prompt("p", "nothing", 0.5)
        with pytest.raises(plangate.PlanExists):
            inside.create("g", TASKS, plan_id="p")
        inside.score_prompt("p", "a", 0.5)
    connection.commit()

    assert host.rows() == ["p"]
    assert host.registry.get_status("p").version == 2


def test_tasks_are_claimed_inside_once_for_each_key(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        one = inside.next_task(worker="w", idempotency_key="k")
        again = inside.next_task(worker="w", idempotency_key="k")
        other = inside.next_task("p", worker="w")
        assert one is not None
        assert other is not None
        assert again == one
        assert (one.id, other.id) == ("a", "b")
        assert inside.next_task(worker="w") is None
    connection.commit()

    tasks = host.registry.get_status("p").tasks
    assert {task.status for task in tasks} == {"in_progress"}


def test_the_thread_inside_may_record_nothing_outside(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        inside.score_prompt("p", "a", 0.5)
        for work in (
            lambda: host.registry.score_prompt("p", "b", 0.5),
            lambda: host.registry.create("g", TASKS * 1, plan_id="q"),
            lambda: host.registry.erase("p"),
            lambda: host.registry.next_task(idempotency_key="k"),
        ):
            with pytest.raises(TransactionRefused, match="this thread is inside"):
                work()
        assert host.registry.get_status("p").version == 1
    connection.commit()

    assert host.registry.score_prompt("p", "b", 0.5).version == 3


def test_another_thread_waits_for_the_host(host: Host, connection: Any) -> None:
    versions = []
    with host.registry.in_transaction(connection) as inside:
        inside.score_prompt("p", "a", 0.5)
        other = Thread(
            target=lambda: versions.append(host.registry.score_prompt("p", "b", 0.5).version)
        )
        other.start()
        other.join(0.2)
        assert other.is_alive()
    connection.commit()
    other.join()

    assert versions == [3]


def test_what_is_remembered_outside_is_followed_by_what_is_read_inside(
    host: Host, connection: Any
) -> None:
    for score in range(3):
        host.registry.score_prompt("p", "a", score / 10)
    with host.registry.in_transaction(connection) as inside:
        assert inside.score_prompt("p", "b", 0.5).version == 5
        assert [entry.envelope.version for entry in inside.history.of("p")] == [1, 2, 3, 4, 5]
    connection.commit()

    assert host.registry.score_prompt("p", "b", 0.6).version == 6


def test_once_the_transaction_is_over_nothing_more_is_done_in_it(
    host: Host, connection: Any
) -> None:
    with host.registry.in_transaction(connection) as inside:
        inside.score_prompt("p", "a", 0.5)
        connection.commit()
        with pytest.raises(TransactionRefused, match="over"):
            inside.score_prompt("p", "a", 0.6)
        assert host.registry.score_prompt("p", "a", 0.7).version == 3
    with (
        host.registry.in_transaction(connection) as later,
        pytest.raises(TransactionRefused, match="over"),
    ):
        inside.get_status("p")
    with pytest.raises(TransactionRefused, match="over"):
        later.get_status("p")


def test_an_error_of_the_host_inside_the_block_comes_out_as_it_is(
    host: Host, connection: Any
) -> None:
    def work() -> None:
        with host.registry.in_transaction(connection) as inside:
            inside.score_prompt("p", "a", 0.5)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        work()
    connection.rollback()

    assert host.registry.score_prompt("p", "a", 0.5).version == 2


def test_what_is_about_committed_events_is_refused_inside(
    host: Host, connection: Any, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.plangate"
    host.registry.bundles.export(bundle)
    with plangate.connect("memory:") as elsewhere:
        elsewhere.create("g", TASKS, plan_id="q")
        elsewhere.bundles.export(tmp_path / "other.plangate")
    before = set(enumerate_threads())
    with host.registry.in_transaction(connection) as inside:
        for name in ("plans", "attention", "report", "rebuild", "follow"):
            with pytest.raises(TransactionRefused, match=r"inside in_transaction\(\)"):
                getattr(inside.views, name)
        for work in (
            lambda: list(inside.each_plan(text="g")),
            lambda: inside.keys,
            inside.subscribe,
            inside.health,
            lambda: inside.ledger,
            lambda: inside.erase("p"),
            lambda: inside.bundles.import_bundle(tmp_path / "other.plangate"),
            lambda: inside.in_transaction(connection).__enter__(),
            lambda: inside.for_schema("tenant"),
        ):
            with pytest.raises(TransactionRefused, match=r"inside in_transaction\(\)"):
                work()
        started = set(enumerate_threads()) - before
        assert not [one for one in started if one.name.startswith("plangate-")]
        inside.score_prompt("p", "a", 0.5)
    connection.commit()

    assert host.registry.get_status("p").version == 2


def test_questions_about_plans_are_answered_inside(host: Host, connection: Any) -> None:
    with host.registry.in_transaction(connection) as inside:
        inside.create("g", TASKS, plan_id="private")
        assert inside.plan_ids("p") == ("p", "private")
        assert [one.plan_id for one in inside.each_plan(order="newest")] == ["private", "p"]
        with pytest.raises(PlanNotFound) as unknown:
            inside.get_status("privat")
        assert inside.near_matches(unknown.value) == ("private",)
        *_, last = inside.replay.what_if_parts(policy={"confidence_threshold": 0.9})
        assert last.recorded.plans == 2
    connection.rollback()

    assert host.registry.plan_ids() == ("p",)


@pytest.mark.parametrize("given", [None, "plans.db", object(), 7])
def test_anything_but_a_connection_of_the_driver_is_named(host: Host, given: object) -> None:
    with (
        pytest.raises(TransactionRefused, match=rf"{type(given).__name__} is not .*driver_conn"),
        host.registry.in_transaction(given),
    ):
        pass


def test_a_closed_connection_is_refused(host: Host) -> None:
    connection = host.connect()
    connection.close()
    with (
        pytest.raises(TransactionRefused, match="closed"),
        host.registry.in_transaction(connection),
    ):
        pass


def test_stores_without_transactions_refuse_to_join_one() -> None:
    with (
        plangate.connect("memory:") as registry,
        pytest.raises(TransactionRefused, match="only a store in a SQLite file"),
        registry.in_transaction(sqlite3.connect(":memory:")),
    ):
        pass


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_transaction_of_sqlalchemy_is_joined(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if engine == "sqlite":
        host, url = sqlite_host(tmp_path / "plans.db"), f"sqlite:///{tmp_path / 'plans.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        host = postgres_host(server.url)
        url = server.url.replace("postgresql://", "postgresql+psycopg://")
    alchemy = sqlalchemy.create_engine(url)
    with host.registry:
        for plan_id, commits in (("p", True), ("q", False)):
            with alchemy.connect() as connection:
                driver_connection = connection.connection.driver_connection
                with host.registry.in_transaction(driver_connection) as inside:
                    inside.create("g", TASKS, plan_id=plan_id)
                    connection.execute(sqlalchemy.text(f"INSERT INTO host VALUES ('{plan_id}')"))
                (connection.commit if commits else connection.rollback)()
        assert host.rows() == ["p"]
        assert [plan.plan_id for plan in host.registry.views.plans().plans] == ["p"]
    alchemy.dispose()
