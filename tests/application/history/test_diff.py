"""`diff` compares two points and names the event of each change."""

import random
from typing import Any

import pytest

from plangate.application.history.diff import PlanChange, PlanDiff
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.event_ids import version_of
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork


def texts(diff: PlanDiff) -> list[str]:
    return [f"{change.text} ({change.event_id})" for change in diff.changes]


def test_scores_statuses_and_confidences_are_described(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.next_task(plan_id, worker="ada")
    registry.update(plan_id, "a", prompt_score=0.9, output_score=0.2)

    diff = registry.history.diff(plan_id, 1)

    assert (diff.plan_id, diff.goal, diff.events) == (plan_id, "Move billing", 5)
    assert (diff.a.event_id, diff.b.event_id) == ("billing@1", "billing@6")
    assert texts(diff) == [
        "a replan is due (billing@6)",
        "replan count 0 → 1 (billing@6)",
        "rolling confidence none → 0.445 (billing@4)",
        "the confidence fell below the threshold (billing@4)",
        "a: status pending → replanning (billing@5)",
        "a: prompt score none → 0.900 (billing@3)",
        "a: output score none → 0.200 (billing@4)",
        "a: confidence none → 0.445 (billing@4)",
        "a: replan count 0 → 1 (billing@6)",
    ]


def test_a_recovery_is_described(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.2)
    registry.retry(plan_id, "a", "once more")
    registry.score_output(plan_id, "a", 0.9)

    found = texts(registry.history.diff(plan_id, 4))

    assert "no replan is due any more (billing@5)" in found
    assert "the confidence reached the threshold (billing@7)" in found
    assert "a: attempt 1 → 2 (billing@5)" in found


def test_claims_are_described_by_worker_or_by_number(registry: PlanRegistry, plan_id: str) -> None:
    registry.next_task(plan_id, worker="ada")
    registry.next_task(plan_id)
    found = texts(registry.history.diff(plan_id, 1))
    registry.release(plan_id, "a")

    assert "a: claim none → of ada (billing@2)" in found
    assert "b: claim none → number 3 (billing@3)" in found
    assert "a: claim of ada → none (billing@4)" in texts(registry.history.diff(plan_id, 3))


def test_a_revision_is_described_task_by_task(registry: PlanRegistry, plan_id: str) -> None:
    parts = [{"id": "b1", "title": "B1"}, {"id": "b2", "title": "B2"}]
    registry.revise(
        plan_id,
        "another way",
        [
            {"op": "move", "task_id": "a"},
            {"op": "split", "task_id": "b", "into": parts},
            {"op": "add", "task": {"id": "e", "title": "E"}},
            {
                "op": "change",
                "task_id": "a",
                "title": "New",
                "description": "long",
                "depends_on": ["e", "c"],
                "priority": 5,
                "labels": ["x"],
                "metadata": {"k": 1},
            },
        ],
    )
    registry.score_output(plan_id, "b1", 0.9)

    diff = registry.history.diff(plan_id, 1, 6)

    assert texts(diff) == [
        "b1: split from b (billing@4)",
        "b2: split from b (billing@4)",
        "a: place 0 → 3 (billing@3)",
        "a: title A → New (billing@6)",
        "a: another description (billing@6)",
        "a: depends on none → e, c (billing@6)",
        "a: priority none → 5 (billing@6)",
        "a: labels none → x (billing@6)",
        "a: another metadata (billing@6)",
        "e: added (billing@5)",
        "b: split into b1, b2 (billing@4)",
    ]
    places = {
        (str(c.kind), c.task_id): (c.before, c.after) for c in diff.changes if c.field == "place"
    }
    assert places["task_came", "b1"] == (None, 0)
    assert places["task_moved", "a"] == (0, 3)
    assert places["task_left", "b"] == (1, None)
    assert "b1: status pending → done (billing@8)" in texts(registry.history.diff(plan_id, 1))


def test_a_replacement_is_described_for_both_tasks(registry: PlanRegistry, plan_id: str) -> None:
    by = {"id": "d", "title": "D"}
    registry.revise(plan_id, "it won't do", [{"op": "replace", "task_id": "c", "by": by}])

    assert texts(registry.history.diff(plan_id, 1)) == [
        "d: replaces c (billing@3)",
        "c: replaced by d (billing@3)",
    ]


def test_a_task_moved_back_has_not_moved(registry: PlanRegistry, plan_id: str) -> None:
    registry.revise(plan_id, "there", [{"op": "move", "task_id": "a"}])
    registry.revise(plan_id, "and back", [{"op": "move", "task_id": "a", "before": "b"}])

    assert registry.history.diff(plan_id, 1).changes == ()
    assert texts(registry.history.diff(plan_id, 1, 3)) == ["a: place 0 → 2 (billing@3)"]


def test_a_dropped_dependency_is_a_change() -> None:
    with registry_on(memory_event_store()) as registry:
        waiting = {"id": "b", "title": "B", "depends_on": ["a"]}
        registry.create("g", [{"id": "a", "title": "A"}, waiting], plan_id="p")
        registry.revise("p", "not needed", [{"op": "drop", "task_id": "a"}])

        found = texts(registry.history.diff("p", 1))

    assert found == ["b: depends on a → none (p@3)", "a: dropped (p@3)"]


def test_changes_of_a_gate_with_memory_are_described() -> None:
    with registry_on(memory_event_store()) as registry:
        tasks = [{"id": task, "title": task} for task in "ab"]
        registry.create("g", tasks, plan_id="p", policy={"latch": True, "max_replans": 0})
        registry.score_output("p", "a", 0.5)
        registry.approve("p", "go on")

        tripped = texts(registry.history.diff("p", 1, 4))
        opened = texts(registry.history.diff("p", 4))

    assert "the gate has tripped (p@4)" in tripped
    assert "no more replans are allowed (p@4)" in tripped
    assert "the gate is open again (p@5)" in opened
    assert "replans are allowed again (p@5)" in opened


def test_the_state_of_a_plan_is_described(registry: PlanRegistry, plan_id: str) -> None:
    registry.pause(plan_id, "lunch")
    registry.delete(plan_id)

    assert texts(registry.history.diff(plan_id, 1)) == ["state active → deleted (billing@3)"]
    assert texts(registry.history.diff(plan_id, 1, 2)) == ["state active → paused (billing@2)"]


def test_from_a_point_to_itself_nothing_is_different(registry: PlanRegistry, plan_id: str) -> None:
    diff = registry.history.diff(plan_id, 1, 1)

    assert (diff.events, diff.changes, diff.a) == (0, (), diff.b)


def test_points_may_be_moments(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_prompt(plan_id, "a", 0.5)
    first, second = (entry.envelope.recorded_at for entry in registry.history.of(plan_id))

    assert registry.history.diff(plan_id, first, second) == registry.history.diff(plan_id, 1, 2)


@pytest.mark.parametrize(
    "points, problem",
    [
        ((2, 1), "a: that is version 2, which comes after version 1"),
        ((1, 3), "b: the history of 'billing' ends at version 2"),
        (("x", 1), "a: must be a version, a whole number from 1 on"),
        ((1, 0), "b: must be a version, a whole number from 1 on"),
    ],
)
def test_points_that_make_no_way_are_refused(
    registry: PlanRegistry, plan_id: str, points: tuple[Any, Any], problem: str
) -> None:
    registry.score_prompt(plan_id, "a", 0.5)

    with pytest.raises(InvalidInput) as caught:
        registry.history.diff(plan_id, *points)

    assert str(caught.value) == problem


def test_an_unknown_plan_has_no_differences(registry: PlanRegistry) -> None:
    with pytest.raises(PlanNotFound):
        registry.history.diff("nowhere", 1)


# --- whatever happened ---------------------------------------------------------

SEEN = (
    *("status", "prompt_score", "output_score", "attempt", "replan_count", "claim"),
    *("title", "description", "depends_on", "priority", "labels", "metadata"),
)


def test_changes_are_complete_and_name_their_events() -> None:
    with registry_on(memory_event_store()) as registry:
        chance = random.Random(5)
        work = RandomWork(registry, chance)
        work.go_on(120)
        for plan in work._plans:
            last = len(registry.history.of(plan.plan_id))
            for _ in range(4):
                a, b = sorted(chance.choices(range(1, last + 1), k=2))
                then = registry.history.as_of(plan.plan_id, version=a)
                now = registry.history.as_of(plan.plan_id, version=b)
                diff = registry.history.diff(plan.plan_id, a, b)
                leads_on(then, now, diff)
                for change in diff.changes:
                    made_by_its_event(registry, now, change)


def leads_on(then: PlanStatus, now: PlanStatus, diff: PlanDiff) -> None:
    """The changes are exactly the differences of the two statuses."""
    of_plan = {(c.field, c.before, c.after) for c in diff.changes if c.task_id is None}
    fields = ("state", "replan_due", "replan_count", "rolling_confidence", "needs_replan")
    before, after = ({field: getattr(s, field) for field in fields} for s in (then, now))
    of_gate = {"gate_tripped", "gate_exhausted"}
    assert {one for one in of_plan if one[0] not in of_gate} == {
        (f, before[f], after[f]) for f in fields if before[f] != after[f]
    }
    were, are = ({task.id: task for task in status.tasks} for status in (then, now))
    kinds = {(c.kind, c.task_id) for c in diff.changes}
    assert {one for kind, one in kinds if kind == "task_came"} == are.keys() - were.keys()
    assert {one for kind, one in kinds if kind == "task_left"} == were.keys() - are.keys()
    for task_id in were.keys() & are.keys():
        found = {c.field for c in diff.changes if c.task_id == task_id} & set(SEEN)
        assert found == {f for f in SEEN if seen(were[task_id], f) != seen(are[task_id], f)}


def made_by_its_event(registry: PlanRegistry, now: PlanStatus, change: PlanChange) -> None:
    """The named event changed the value to the later one."""
    version = version_of(change.event_id or "")
    assert version is not None
    if change.field not in SEEN or change.task_id is None or change.task_id not in tasks(now):
        return
    before = tasks(registry.history.as_of(now.plan_id, version=version - 1)).get(change.task_id)
    after = tasks(registry.history.as_of(now.plan_id, version=version))[change.task_id]
    assert before is None or seen(before, change.field) != seen(after, change.field)
    assert seen(after, change.field) == seen(tasks(now)[change.task_id], change.field)


def tasks(status: PlanStatus) -> dict[str, TaskView]:
    return {task.id: task for task in status.tasks}


def seen(task: TaskView, field: str) -> object:
    return getattr(task, field)
