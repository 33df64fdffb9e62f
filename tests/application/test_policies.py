"""Policies through the registry: by name or by numbers, recorded whole; what gates remember."""

from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.results import GateView
from plangate.domain.errors import PlanHeld
from plangate.domain.events import PlanCreated
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import PlanState, Recency

TASKS: list[dict[str, Any]] = [{"id": task_id, "title": task_id} for task_id in "abcde"]


def recorded(registry: PlanRegistry, **given: Any) -> Policy:
    """The policy of a new plan, as its creation records it."""
    plan_id = registry.create("g", TASKS, **given).plan_id
    created = registry.history.of(plan_id)[0].event
    assert isinstance(created, PlanCreated)
    return created.policy


@pytest.mark.parametrize("policy", ["steady", Preset.STEADY, {"preset": "steady"}])
def test_a_preset_is_recorded_whole(registry: PlanRegistry, policy: Any) -> None:
    steady = recorded(registry, policy=policy)

    assert (steady.order, steady.min_scored, steady.latch) == (Recency.SCORED, 4, True)
    assert steady.model_fields_set == set(Policy.model_fields)
    assert steady.digest == recorded(registry, policy=steady).digest


def test_classic_is_recorded_when_no_policy_is_given(registry: PlanRegistry) -> None:
    assert recorded(registry) == recorded(registry, policy="classic") == Policy()


@pytest.mark.parametrize(
    "given, threshold, exit_threshold",
    [
        ({"policy": "steady", "confidence_threshold": 0.8}, 0.8, 0.85),
        ({"policy": {"preset": "steady", "confidence_threshold": 0.8}}, 0.8, 0.85),
        (
            {
                "policy": {"preset": "steady", "confidence_threshold": 0.8},
                "confidence_threshold": 0.8,
            },
            *(0.8, 0.85),
        ),
        ({"policy": "classic", "confidence_threshold": 0.8}, 0.8, None),
        ({"policy": {"exit_threshold": 0.9}, "confidence_threshold": 0.8}, 0.8, 0.9),
        ({"policy": {"exit_threshold": 0.8}, "confidence_threshold": 0.8}, 0.8, 0.8),
    ],
)
def test_a_threshold_beside_a_policy_is_part_of_it(
    registry: PlanRegistry, given: Any, threshold: float, exit_threshold: float | None
) -> None:
    policy = recorded(registry, **given)

    assert (policy.confidence_threshold, policy.exit_threshold) == (threshold, exit_threshold)


def test_a_status_shows_what_the_gate_remembers(registry: PlanRegistry) -> None:
    policy = {"consecutive_lows": 2, "latch": True, "max_replans": 0}
    registry.create("g", TASKS, plan_id="p", policy=policy)
    first = registry.score_output("p", "a", 0.1)
    assert first.gate == GateView(tripped=False, lows=1, replans=0, exhausted=False)
    assert (first.needs_replan, first.replan_due) == (True, False)

    second = registry.score_output("p", "b", 0.1)
    assert second.gate == GateView(tripped=True, lows=2, replans=1, exhausted=True)
    assert second.replan_due


def test_used_up_replans_are_reported_with_the_one_remedy(registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p", policy={"max_replans": 0})
    status = registry.score_output("p", "a", 0.1)
    assert status.state is PlanState.BLOCKED
    assert [o.kind.value for o in status.obstacles] == ["replanning", "replans_exhausted"]
    assert status.advice == (
        "the replans are used up, 1 without an approval: approve; until then no task is handed out",
        "retry or revise what did not pass: 'a'",
        "or accept it: approve with accept, or mark_task with status done: 'a'",
    )

    status = registry.retry("p", "a", "another try")
    assert (status.state, status.replan_due) == (PlanState.BLOCKED, False)
    assert status.advice[0].startswith("the replans are used up")
    with pytest.raises(PlanHeld, match="1 without an approval, 0 allowed; approve the gate"):
        registry.next_task("p")
    assert registry.next_task() is None

    assert registry.approve("p", "I looked at it").state is PlanState.ACTIVE
    assert registry.next_task("p") is not None


def test_low_prompt_scores_of_coming_tasks_are_reported_while_they_keep_the_confidence_down(
    registry: PlanRegistry, plan_id: str
) -> None:
    advice = (
        "low prompt scores of tasks to come keep the confidence down: say better what to do, "
        "and score_prompt again: 'b'"
    )
    registry.score_prompt(plan_id, "a", 0.1)
    registry.mark_task(plan_id, "a", "done")
    assert not any("prompt" in line for line in registry.get_status(plan_id).advice)
    registry.score_prompt(plan_id, "c", 0.9)
    registry.score_prompt(plan_id, "b", 0.1)
    assert advice in registry.get_status(plan_id).advice
    assert advice not in registry.score_output(plan_id, "b", 0.1).advice


def test_a_low_prompt_score_in_a_plan_above_its_threshold_brings_no_advice(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_prompt(plan_id, "a", 0.6)
    registry.score_output(plan_id, "b", 1.0)
    assert registry.get_status(plan_id).advice == ("take the next task with next_task: 'a'",)


def test_changing_the_answer_of_get_changes_no_plan(registry: PlanRegistry) -> None:
    tasks: list[dict[str, Any]] = [TASKS[0] | {"metadata": {"tags": ["x"]}}, {**TASKS[1]}]
    registry.create("g", tasks, plan_id="p", metadata={"team": {"name": "payments"}})
    plan = registry.get("p")
    assert plan is not None
    plan.metadata["team"]["name"] = "spoiled"
    plan.task("a").metadata["tags"].append("spoiled")
    plan.task("b").metadata["spoiled"] = True

    status = registry.get_status("p")
    assert status.metadata == {"team": {"name": "payments"}}
    assert [task.metadata for task in status.tasks] == [{"tags": ["x"]}, {}]
    assert registry.get("p") != plan
