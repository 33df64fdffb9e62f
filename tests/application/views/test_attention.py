"""What needs a person: a line a plan, the most pressing need first."""

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.views import queries
from plangate.application.views.attention import Need
from tests.application.views.conftest import TASKS, SharedStores


def needs(registry: PlanRegistry) -> list[tuple[str, Need, tuple[str, ...]]]:
    return [(one.plan_id, one.need, one.task_ids) for one in registry.views.attention().plans]


def created(registry: PlanRegistry, *plan_ids: str) -> None:
    for plan_id in plan_ids:
        registry.create(f"Goal of {plan_id}", TASKS, plan_id=plan_id)


def test_a_healthy_store_needs_no_one(registry: PlanRegistry) -> None:
    created(registry, "p")
    registry.next_task("p", lease=100_000)

    found = registry.views.attention()

    assert (found.plans, found.plan_count) == ((), 1)


def test_plans_come_in_the_order_of_need(registry: PlanRegistry) -> None:
    created(registry, "left", "failed", "blocked", "due", "replanning", "paused", "gone")
    registry.next_task("left", lease=0.001)
    registry.mark_task("failed", "b", "failed")
    registry.mark_task("blocked", "a", "failed")
    registry.mark_task("blocked", "b", "failed")
    registry.score_output("due", "a", 0.1)
    registry.mark_task("replanning", "a", "replanning")
    registry.mark_task("paused", "a", "failed")
    registry.pause("paused", "later")
    registry.mark_task("gone", "a", "failed")
    registry.delete("gone")

    assert needs(registry) == [
        ("due", Need.REPLAN_DUE, ("a",)),
        ("blocked", Need.BLOCKED, ("a", "b")),
        ("failed", Need.FAILED, ("b",)),
        ("replanning", Need.REPLANNING, ("a",)),
        ("left", Need.LEASE_EXPIRED, ("a",)),
    ]


def test_a_plan_has_one_line_for_its_most_pressing_need(registry: PlanRegistry) -> None:
    registry.create("g", [*TASKS, "C"], plan_id="p")
    registry.mark_task("p", "a", "replanning")
    registry.mark_task("p", "b", "failed")

    (one,) = registry.views.attention().plans

    assert (one.need, one.task_ids, one.goal) == (Need.FAILED, ("b",), "g")
    assert one.since is not None


def test_no_plan_is_left_out_where_there_are_many(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_PAGE", 2)
    plan_ids = [f"p{number}" for number in range(5)]
    created(registry, *plan_ids)
    for plan_id in plan_ids:
        registry.mark_task(plan_id, "a", "failed")

    assert [plan_id for plan_id, _, _ in needs(registry)] == plan_ids


def test_a_lease_is_over_since_its_end(registry: PlanRegistry) -> None:
    created(registry, "p")
    task = registry.next_task("p", lease=0.001)
    assert task is not None
    assert task.claim is not None

    (one,) = registry.views.attention().plans

    assert one.since == task.claim.until


def test_a_plan_that_cannot_be_read_is_stuck(stores: SharedStores, registry: PlanRegistry) -> None:
    created(registry, "p")
    registry.views.plans()
    registry.score_output("p", "a", 0.1)
    stores.spoil("p", 2)

    (one,) = stores.open().views.attention().plans

    assert (one.plan_id, one.need, one.goal) == ("p", Need.STUCK, None)
    assert one.why
