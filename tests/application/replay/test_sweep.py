"""`sweep` gives for each policy of a grid the totals of a what-if under it."""

import random
from collections import Counter
from typing import Any

import pytest

from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.replay.policy_grid import Grid
from plangate.application.replay.totals import Totals
from plangate.application.rerun.policies import Given
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.examples import HAS_PAUSED, MORNING
from tests.support.model.random_work import RandomWork
from tests.support.stores import plant


def test_every_point_has_the_totals_of_a_replay(registry: PlanRegistry) -> None:
    RandomWork(registry, random.Random(7)).go_on(400)
    grid: Grid = {"confidence_threshold": [0.3, 0.9], "gate": ["advise", "hold"], "decay": [0.5]}
    base = {"attempt_scores": "reset"}

    sweep = registry.replay.sweep(grid, policy=base)

    assert sweep.fields == ("confidence_threshold", "gate", "decay")
    assert [tuple(point.changes.values()) for point in sweep.points] == [
        (0.3, "advise", 0.5),
        (0.3, "hold", 0.5),
        (0.9, "advise", 0.5),
        (0.9, "hold", 0.5),
    ]
    for point in sweep.points:
        answer = registry.replay.what_if(policy=base | point.changes)
        assert (point.totals, point.unfit) == (answer.replayed, len(answer.unfit))
    assert sweep.recorded == registry.replay.what_if(policy={}).recorded
    assert sweep.points[1].totals.refused > 0


def test_the_totals_add_up(registry: PlanRegistry) -> None:
    RandomWork(registry, random.Random(9)).go_on(400)
    answer = registry.replay.what_if(policy={"confidence_threshold": 0.4})
    for totals, of in ((answer.recorded, "recorded"), (answer.replayed, "replayed")):
        outcomes = [getattr(plan, of) for plan in answer.plans]
        assert totals.plans == len(answer.plans) == sum(totals.states.values())
        assert totals.replans == sum(outcome.replan_count for outcome in outcomes)
        assert totals.flips == sum(outcome.flips for outcome in outcomes)
        assert totals.flips_per_plan == totals.flips / totals.plans
        assert totals.replanned == totals.false_alarms + totals.warned + totals.late
        assert totals.with_failures == totals.missed + totals.warned + totals.late
        leads = [outcome.lead for outcome in outcomes if outcome.lead is not None]
        assert totals.warned == sum(lead >= 0 for lead in leads)
        assert totals.late == sum(lead < 0 for lead in leads)
    refused = sum(lost.error is not None for plan in answer.plans for lost in plan.lost)
    assert answer.replayed.refused == refused > 0


# --- lead time -----------------------------------------------------------------


def totals(registry: PlanRegistry, **policy: Any) -> Totals:
    return registry.replay.what_if(policy=policy).replayed


def test_the_lead_counts_output_scores_from_the_first_firing_to_the_first_failure(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.8)
    registry.score_prompt(plan_id, "b", 0.1)  # the gate speaks at outputs alone
    registry.score_output(plan_id, "b", 0.75, mark_done=False)
    registry.mark_task(plan_id, "c", "failed")
    registry.score_output(plan_id, "c", 0.1)

    early = registry.replay.what_if(policy={"confidence_threshold": 0.9}).plans[0]
    assert (early.first_failure, early.replayed.lead) == ("billing@8", 1)
    assert totals(registry, confidence_threshold=0.9).lead == 1.0
    assert totals(registry, confidence_threshold=0.9).warned == 1

    assert (
        registry.replay.what_if(policy={"confidence_threshold": 0.5}).plans[0].replayed.lead == -1
    )
    late = totals(registry, confidence_threshold=0.5)
    assert (late.late, late.missed, late.lead) == (1, 0, None)

    never = totals(registry, confidence_threshold=0.0)
    assert (never.with_failures, never.warned, never.late, never.missed) == (1, 0, 0, 1)


@pytest.mark.parametrize("mark_done", [True, False])
def test_a_task_that_its_own_score_settles_below_the_threshold_has_failed(
    registry: PlanRegistry, plan_id: str, *, mark_done: bool
) -> None:
    registry.score_output(plan_id, "a", 0.71, mark_done=mark_done)
    plan = registry.replay.what_if(policy={}).plans[0]
    assert plan.first_failure == ("billing@2" if mark_done else None)
    assert plan.replayed.lead == (0 if mark_done else None)
    assert totals(registry).false_alarms == (0 if mark_done else 1)


def test_a_task_whose_result_is_rejected_has_failed_however_it_was_judged(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.9)
    registry.record_outcome(plan_id, "a", "accepted", source="ci")
    assert registry.replay.what_if(policy={}).plans[0].first_failure is None
    registry.record_outcome(plan_id, "a", "rejected", source="customer")
    plan = registry.replay.what_if(policy={"confidence_threshold": 1.0}).plans[0]
    assert (plan.first_failure, plan.replayed.lead) == ("billing@5", 0)


def test_a_score_of_a_task_that_passes_is_not_a_failure_however_low_the_plan(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.1, mark_done=False)
    registry.score_output(plan_id, "b", 0.72)
    registry.mark_task(plan_id, "c", "done")
    plan = registry.replay.what_if(policy={}).plans[0]
    assert (plan.first_failure, plan.recorded.lead) == (None, None)


def test_a_plan_whose_own_policy_contradicts_a_point_is_not_in_its_totals(
    registry: PlanRegistry,
) -> None:
    for name, exit_threshold in (("p1", 0.8), ("p2", None)):
        policy = {"exit_threshold": exit_threshold}
        registry.create("g", [{"title": "T"}], plan_id=name, policy=policy)
    low, high = registry.replay.sweep({"confidence_threshold": [0.8, 0.81]}).points
    assert (low.unfit, low.totals.plans) == (0, 2)
    assert (high.unfit, high.totals.plans) == (1, 1)


def test_a_grid_may_start_from_a_preset(registry: PlanRegistry, plan_id: str) -> None:
    for task in "abc":
        registry.score_output(plan_id, task, 0.1)
    points = registry.replay.sweep({"min_scored": [3, 4]}, policy="steady").points
    assert [point.totals.replans for point in points] == [1, 1]  # a plan of three has no fourth
    points = registry.replay.sweep({"consecutive_lows": [3, 4]}, policy={"preset": "steady"}).points
    assert [point.totals.replans for point in points] == [1, 0]


def test_there_are_totals_for_no_plans(registry: PlanRegistry) -> None:
    answer = registry.replay.sweep({"decay": [1.0]}).recorded
    assert (answer.plans, answer.flips_per_plan, answer.lead) == (0, 0.0, None)
    assert (answer.states, answer.tasks) == ({}, {})


def test_states_and_tasks_are_counted_as_they_end(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.5)
    registry.next_task(plan_id)
    found = totals(registry, confidence_threshold=0.4)
    assert found.states == {PlanState.ACTIVE: 1}
    assert found.tasks == {
        TaskStatus.PENDING: 1,
        TaskStatus.IN_PROGRESS: 1,
        TaskStatus.DONE: 1,
    }


# --- the grid ------------------------------------------------------------------


@pytest.mark.parametrize(
    "grid, problem",
    [
        ({}, "grid: must name fields of a policy, each with values"),
        ([("decay", [1.0])], "grid: must name fields of a policy, each with values"),
        ({"decay": []}, "grid.decay: must be a list of values to try"),
        ({"gate": "hold"}, "grid.gate: must be a list of values to try"),
        ({"decay": 0.5}, "grid.decay: must be a list of values to try"),
        ({"decay": [0.5, 2.0]}, "decay: must be at most 1.0"),
        ({"speed": [1]}, "speed: is not known here"),
        ({"decay": [1.0] * 100, "gate": ["hold"] * 11}, "has 1,100 policies; at most 1,000"),
    ],
)
def test_an_invalid_grid_is_refused(registry: PlanRegistry, grid: Any, problem: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        registry.replay.sweep(grid)
    assert problem in str(refusal.value)


def test_an_invalid_base_policy_is_refused(registry: PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="policy: must be a policy"):
        registry.replay.sweep({"decay": [1.0]}, policy=7)  # type: ignore[arg-type]


def test_one_weight_leaves_the_rest_to_the_other_whatever_the_base(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.update(plan_id, "a", prompt_score=1.0, output_score=0.0)
    bases: list[Given] = [{}, Policy(decay=0.5), {"prompt_weight": 0.1, "output_weight": 0.9}]
    for base in bases:
        points = registry.replay.sweep({"prompt_weight": [0.25, 0.8]}, policy=base).points
        assert [point.totals.replans for point in points] == [1, 0]


def test_the_history_is_read_once(registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    RandomWork(registry, random.Random(9)).go_on(50)
    read, reads = registry._store.read, Counter[int]()

    def counted(*about: Any, **which: Any) -> Any:
        reads[policies] += 1
        return read(*about, **which)

    monkeypatch.setattr(registry._store, "read", counted)
    for policies in (1, 5):
        registry.replay.sweep({"decay": [1.0] * policies})
    assert reads[1] == reads[5] > 0


def test_plans_that_cannot_be_read_are_named_and_others_chosen() -> None:
    registry = registry_on(memory_event_store())
    for name in ("p1", "p2"):
        registry.create("g", [{"title": "T"}], plan_id=name)
    beyond = Envelope(plan_id="p2", version=5, recorded_at=MORNING)
    plant(registry._store, [RecordedEvent(HAS_PAUSED, beyond)])
    sweep = registry.replay.sweep({"decay": [1.0]})
    assert [(plan.plan_id, plan.version) for plan in sweep.unreadable] == [("p2", 2)]
    assert (sweep.recorded.plans, sweep.points[0].totals.plans) == (1, 1)
    result: list[tuple[int, int]] = []
    registry.replay.sweep({"decay": [1.0]}, "p1", progress=lambda *how_far: result.append(how_far))
    assert result == [(0, 1), (1, 1)]
    with pytest.raises(PlanNotFound):
        registry.replay.sweep({"decay": [1.0]}, ["nowhere"])
