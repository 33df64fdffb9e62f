"""Work of all plans is handed out in the documented order, whatever the views know of it."""

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application import plan_queries
from plangate.application.errors import StoreUnavailable
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.application.stream_cache import Stream
from plangate.domain.errors import InvalidInput
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.verdict import may_continue, takeable
from plangate.infrastructure.memory.events import memory_event_store
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.clocks import DAWN, registry_on
from tests.support.properties import repeatable

PLANS = [f"p{number}" for number in range(6)]
PRIORITIES = [None, None, -1, 0, 5]


@repeatable
@given(chance=st.randoms(use_true_random=False))
def test_by_the_views_as_by_looking_at_every_plan(chance: random.Random) -> None:
    now = [DAWN]
    registry = registry_on(memory_event_store(), clock=lambda: now[0])
    for plan_id in PLANS:
        tasks = [
            {
                "id": f"t{n}",
                "title": "T",
                "priority": chance.choice(PRIORITIES),
                "labels": ["a"] * (n == 0 and chance.random() < 0.5),
            }
            for n in range(3)
        ]
        labels = ["a"] * chance.randint(0, 1)
        hold = chance.choice(["hold", "advise"])
        priority = chance.randint(0, 2)
        registry.create(
            "g", tasks, plan_id=plan_id, priority=priority, labels=labels, policy={"gate": hold}
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_queries, "FEW_PLANS", 0)
        patch.setattr(plan_queries, "WORK_PAGE", 2)
        for _ in range(12):
            with suppress(InvalidInput):  # as of a task that is in progress
                _change(registry, chance)
            now[0] += timedelta(seconds=chance.choice([0, 5, 60]))
            labels = chance.choice([[], ["a"]])
            expected = _first_by_hand(registry, frozenset(labels))
            task = registry.next_task(labels=labels, lease=chance.choice([None, 10, 90]))
            assert (task and (task.plan_id, task.id)) == expected


def _change(registry: PlanRegistry, chance: random.Random) -> None:
    plan_id, task_id = chance.choice(PLANS), f"t{chance.randint(0, 2)}"
    match chance.randint(0, 6):
        case 0:
            registry.pause(plan_id, "not now")
        case 1:
            registry.resume(plan_id, "now")
        case 2:
            registry.mark_task(plan_id, task_id, "pending")
            until = registry._executor.handler.now() + timedelta(seconds=30)
            registry.defer_task(plan_id, task_id, "later", until=chance.choice([None, until]))
        case 3:
            registry.score_output(plan_id, task_id, chance.choice([0.2, 0.9]))
        case 4:
            registry.release(plan_id, task_id)
        case 5:
            registry.undefer_task(plan_id, task_id)
        case _:
            registry.approve(plan_id, "as it is")


def _first_by_hand(registry: PlanRegistry, labels: frozenset[str]) -> tuple[str, str] | None:
    now = registry._executor.handler.now()
    plans = [registry.get(plan.plan_id) for plan in registry.list_plans()]

    def priority(one: tuple[Plan, Task]) -> int:
        plan, task = one
        return plan.priority if task.priority is None else task.priority

    found = [
        (plan, task)
        for plan in plans
        if may_continue(plan, now)
        for task in takeable(plan, now)
        if labels <= {*plan.labels, *task.labels}
    ]
    if not found:
        return None
    plan, task = max(found, key=priority)
    return plan.plan_id, task.id


def test_only_plans_that_may_be_first_are_read(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 5)
    for number in range(40):
        registry.create("g", TASKS, plan_id=f"p{number}", priority=number % 4)
    registry.next_task()
    looked_at, current = list[str](), registry._streams.current

    def look(plan_id: str) -> Stream:
        looked_at.append(plan_id)
        return current(plan_id)

    monkeypatch.setattr(registry._streams, "current", look)
    assert (task := registry.next_task())
    assert (task.plan_id, task.id) == ("p3", "b")
    assert looked_at == ["p3"]


def test_a_plan_that_moves_while_pages_are_read_is_met(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 0)
    monkeypatch.setattr(plan_queries, "WORK_PAGE", 1)
    registry, other = stores.open(), stores.open()
    for plan_id in ("p0", "p1"):
        registry.create("g", TASKS, plan_id=plan_id, priority=5)
    registry.create("g", [{"id": "late", "title": "L"}], plan_id="p2")
    candidates = registry._plans.with_work(registry._executor.handler.now())
    assert next(candidates).plan_id == "p0"
    urgent = [{"op": "add", "task": {"id": "first", "title": "F", "priority": 9}}]
    other.revise("p2", "it burns", urgent)
    other.views.plans()
    assert [candidate.plan_id for candidate in candidates] == ["p1", "p2"]


def test_a_stuck_plan_is_looked_at_before_the_others(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 0)
    registry = stores.open()
    for plan_id, priority in (("p0", 0), ("p1", 7)):
        registry.create("g", TASKS, plan_id=plan_id, priority=priority)
    whole = stores.spoil("p1", 1)
    reader = stores.open()
    reader.views.plans()
    stores.spoil("p1", 1, whole)
    monkeypatch.setattr(reader._plans.runner._stuck_plans, "retry", lambda *_: False)
    assert [plan.plan_id for plan in reader.views.plans().plans] == ["p0"]
    assert (task := reader.next_task())
    assert task.plan_id == "p1"


def test_a_stuck_plan_without_a_beginning_is_left_to_others(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 0)
    registry = stores.open()
    for plan_id in ("p0", "p1"):
        registry.create("g", TASKS, plan_id=plan_id)
    read_stored = stores.log.read_stored
    stores.spoil("p0", 1)

    def without_p0(plan_id: str, **bounds: Any) -> Sequence[StoredEntry]:
        return () if plan_id == "p0" else read_stored(plan_id, **bounds)

    monkeypatch.setattr(stores.log, "read_stored", without_p0)
    found = stores.open()._plans.with_work(registry._executor.handler.now())
    assert [candidate.plan_id for candidate in found] == ["p1"]


def test_a_plan_that_was_tried_is_not_tried_again_without_the_views(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = registry_on(memory_event_store())
    for plan_id in PLANS:
        registry.create("g", TASKS, plan_id=plan_id)
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 0)
    monkeypatch.setattr(plan_queries, "WORK_PAGE", 1)
    candidates = registry._plans.with_work(DAWN)
    first = next(candidates)

    def unavailable(*_: object) -> None:
        raise StoreUnavailable("plans.db is locked")

    monkeypatch.setattr(registry._view_store, "plans_with_work", unavailable)

    assert [first.plan_id, *(one.plan_id for one in candidates)] == PLANS
