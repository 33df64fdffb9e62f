"""Several followers in one thread: how they take turns, pause, leave and look."""

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest

from plangate.application.errors import StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.application.views import follower, follower_thread, runner
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.views.from_scratch import same_views

NEVER = 3_600.0
SECONDS = 30
"""How long a test waits for the thread."""


@pytest.fixture
def others() -> Iterator[SharedStores]:
    """Another log, with views of its own."""
    stores = SharedStores(memory_event_store(), memory_view_store())
    yield stores
    stores.views.close()


@pytest.fixture
def pair(registry: PlanRegistry, others: SharedStores) -> Iterator[list[PlanRegistry]]:
    """Two registries of different logs with one thread; the first one owns it."""
    yield [registry, others.open(registry._follower_thread)]
    registry._follower_thread.close()


def test_one_that_has_much_to_catch_up_with_takes_turns(
    pair: list[PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    monkeypatch.setattr(follower_thread, "TURN", 0.0)
    monkeypatch.setattr(runner, "BATCH", 1)
    busy, other = pair
    for n in range(20):
        busy.create("g", TASKS, plan_id=f"p{n}")
    turns = SimpleQueue[None]()
    catch_up = busy._follower._runner.catch_up

    def noted(*args: Any, **options: Any) -> None:
        turns.put(None)
        catch_up(*args, **options)

    monkeypatch.setattr(busy._follower._runner, "catch_up", noted)
    other.views.follow()
    busy.views.follow()
    assert len(busy.views.plans(at_least=20).plans) == 20
    assert turns.qsize() >= 7  # at most three steps each
    other.create("g", TASKS, plan_id="p")
    assert other.views.plans(at_least=1).plans
    for registry in pair:
        same_views(registry)


def test_one_that_fails_pauses_longer_and_longer_and_no_command_shortens_it(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, catch_up = registry._follower, registry._follower._runner.catch_up

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(one, "_following", True)
    pauses = []
    with monkeypatch.context() as patch:
        patch.setattr(one._runner, "catch_up", fail)
        for _ in range(8):
            one.look(lambda: True)
            due = one.due
            one.call()
            assert one.due == due
            pauses.append(one._pause)
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert one.failure == "StoreUnavailable: locked"
    monkeypatch.setattr(one._runner, "catch_up", catch_up)
    one.look(lambda: True)
    assert [one.failure, one._pause] == [None, 0.25]
    one.call()
    assert one.due == one._looked_at + follower.TOGETHER
    one._hurried = True
    one.call()
    assert one.due == 0


def test_stopping_waits_for_the_look_that_is_under_way(
    pair: list[PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, tenant = pair
    begun, ended = SimpleQueue[None](), SimpleQueue[None]()

    def long(proceed: Any, **_: object) -> None:
        begun.put(None)
        while proceed():
            pass
        ended.put(None)

    monkeypatch.setattr(tenant._follower._runner, "catch_up", long)
    owner.views.follow()
    tenant.views.follow()
    begun.get(timeout=SECONDS)
    tenant._follower.stop()
    assert ended.qsize() == begun.qsize() + 1
    with monkeypatch.context() as patch:
        patch.setattr(tenant._follower, "_looking", True)
        patch.setattr(follower, "PATIENCE", 0.0)
        tenant._follower.stop()  # waits no longer than that
    owner.create("g", TASKS, plan_id="p")
    assert owner.views.plans(at_least=1).plans


def test_one_whose_stopping_was_interrupted_is_followed_no_longer(
    pair: list[PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, tenant = pair
    monkeypatch.setattr(tenant._follower, "_following", False)
    monkeypatch.setattr(tenant._follower._runner, "catch_up", None)  # calling it fails
    tenant._follower.look(lambda: True)
    assert tenant._follower.due > 0
    assert tenant._follower.failure is None
    assert not owner._follower_thread._followers


def test_one_that_never_followed_leaves_nothing_behind(pair: list[PlanRegistry]) -> None:
    owner, tenant = pair
    tenant.create("g", TASKS, plan_id="p")
    tenant._follower.stop()
    assert owner._follower_thread._woken.empty()
    assert owner._follower_thread._thread is None


def test_the_thread_ends_with_the_last_follower_and_starts_with_the_next(
    pair: list[PlanRegistry],
) -> None:
    owner, tenant = pair
    for _ in range(2):
        tenant.views.follow()
        thread = owner._follower_thread._thread
        assert thread is not None
        tenant._follower.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert owner._follower_thread._thread is None


def test_closing_the_owner_lets_no_question_wait(
    pair: list[PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, tenant = pair
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    tenant.create("g", TASKS, plan_id="p")
    tenant.views.follow()
    tenant.views.plans(at_least=1)
    asked, refusals = Event(), list[Exception]()

    def ask() -> None:
        asked.set()
        try:
            tenant.views.plans(at_least=2)
        except Exception as refusal:  # noqa: BLE001  (looked at in the main thread)
            refusals.append(refusal)

    waiting = Thread(target=ask)
    waiting.start()
    assert asked.wait(SECONDS)
    owner.close()
    waiting.join(SECONDS)
    assert not waiting.is_alive()
    assert "not yet at 2" in str(refusals[0])
    tenant.views.follow()
    assert owner._follower_thread._thread is None


def test_a_log_where_nothing_happened_is_asked_once(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = registry.views._runner
    for n in range(3):
        assert not views.is_current()
        for _ in range(2):  # the second one finds nothing new
            views.catch_up(saved=True)
        with monkeypatch.context() as patch:
            for name in ("last_position", "read", "read_stored"):
                patch.setattr(stores.log, name, None)  # calling it fails
            patch.setattr(stores.views, "positions", None)
            assert views.is_current()
        stores.open().create("g", TASKS, plan_id=f"p{n}")
    assert not views.is_current()
    for _ in range(2):
        views.catch_up()
    assert not views.is_current()  # something may be unsaved
