"""In the background: one reader for all views, woken by commands, waited for on a condition."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest

from plangate.application.errors import StoreTooNew, StoreUnavailable, ViewBehind
from plangate.application.registry import PlanRegistry
from plangate.application.views import follower
from plangate.application.views.view_store import ViewTables
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.views.from_scratch import same_views

NEVER = 3_600.0


@pytest.fixture
def server(stores: SharedStores) -> Iterator[PlanRegistry]:
    """A registry that follows the log in the background."""
    registry = stores.open()
    registry.views.follow()
    yield registry
    registry._follower.stop()


def test_a_question_waits_for_the_position_it_names(
    server: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)  # only commands wake the reader
    for n in range(20):
        server.create("g", TASKS, plan_id=f"p{n}")
        (newest,) = server.views.plans(
            order="newest", limit=1, at_least=server.history.last_position()
        ).plans
        assert newest.plan_id == f"p{n}"


def test_what_other_processes_write_is_seen_after_a_while(
    stores: SharedStores, server: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", 0.01)
    other = stores.open()
    other.create("g", TASKS, plan_id="p")
    assert server.views.plans(at_least=other.history.last_position()).plans


def test_a_question_does_not_wait_where_the_view_is_at_the_end_of_the_log(
    server: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.create("g", TASKS, plan_id="p")
    server.views.plans()
    monkeypatch.setattr(server.views._runner, "catch_up", None)  # calling it fails now
    assert len(server.views.plans().plans) == 1


def test_a_question_that_names_the_beginning_takes_what_the_views_have(
    stores: SharedStores, server: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    server.create("g", TASKS, plan_id="p")
    server.views.plans()
    stores.open().create("g", TASKS, plan_id="q")
    assert len(server.views.plans(at_least=0).plans) == 1
    assert len(server.views.plans().plans) == 2


def test_a_question_does_not_wait_where_the_view_got_there_in_between(
    server: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    positions = iter([0, 5, 5])
    with monkeypatch.context() as patch:
        patch.setattr(follower, "wait", None)  # calling it fails
        patch.setattr(server._follower._runner, "position", lambda _view: next(positions))
        server._follower.require("plans", 5)
    assert list(positions) == []


@pytest.mark.parametrize("follows", [True, False])
def test_a_position_that_the_view_does_not_come_to_is_refused(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch, *, follows: bool
) -> None:
    monkeypatch.setattr(follower, "PATIENCE", 0.01)
    registry = stores.open()
    registry.create("g", TASKS, plan_id="p")
    if follows:
        registry.views.follow()
    with pytest.raises(ViewBehind, match=r"'plans' is at [01], not yet at 2") as refusal:
        registry.views.plans(at_least=2)
    assert (refusal.value.view, refusal.value.required) == ("plans", 2)
    registry._follower.stop()


def test_a_failure_is_reported_and_the_follower_tries_again(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", 0.001)
    registry = stores.open()
    registry.create("g", TASKS, plan_id="p")
    positions, failed = stores.views.positions, Event()

    def locked() -> dict[ViewTables, object]:
        failed.set()
        raise StoreUnavailable("plans.db is locked")

    with monkeypatch.context() as patch:
        patch.setattr(stores.views, "positions", locked)
        registry.views.follow()
        assert failed.wait(5)
        with pytest.raises(StoreUnavailable, match=r"plans\.db is locked"):
            registry.views.plans()
        patch.setattr(stores.views, "positions", positions)
    same_views(registry)
    registry.close()


def test_the_report_says_why_the_follower_failed(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    stores.views.begin("plans", 99, afresh=False)
    registry.create("g", TASKS, plan_id="p")
    registry.views.follow()
    with pytest.raises(StoreTooNew, match="made by version 99"):
        registry.views.plans()
    registry._follower.stop()
    failure = registry.views.report().failure
    assert failure is not None
    assert failure.startswith("StoreTooNew: the view 'plans' was made by version 99")


def test_starting_twice_is_one_thread_and_stopping_twice_is_harmless(
    server: PlanRegistry,
) -> None:
    thread = server._follower_thread._thread
    server.views.follow()
    assert server._follower_thread._thread is thread
    server.close()
    server.close()
    assert thread is not None
    assert not thread.is_alive()


def test_many_threads_ask_and_write_at_once(stores: SharedStores) -> None:
    registry = stores.open()
    failures: list[BaseException] = []

    def work(author: int) -> None:
        try:
            for n in range(10):
                plan_id = registry.create("g", TASKS, plan_id=f"{author}-{n}").plan_id
                found = registry.views.plans(order="newest", limit=100, text="g").plans
                assert plan_id in {plan.plan_id for plan in found}
        except BaseException as failure:  # noqa: BLE001  (raised in the main thread)
            failures.append(failure)

    threads = [Thread(target=work, args=(author,)) for author in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    same_views(registry)
