"""A plan that an earlier version imported is known again, and only what it left out is added."""

from copy import deepcopy
from typing import Any

import pytest

from plangate.application.importing.results import ImportedPlan
from plangate.application.registry import PlanRegistry

KEY = f"import-taskmaster-{'0' * 32}"
"""What the keys of earlier versions were like: the digest of the data or of the commands."""

HOUSE: dict[str, Any] = {
    "house": {
        "tasks": [
            {"id": 1, "title": "Dig", "status": "done", "priority": "high"},
            {
                "id": 2,
                "title": "Wall",
                "status": "pending",
                "priority": "critical",
                "dependencies": [1, "77"],
                "subtasks": [
                    {"id": 1, "title": "North", "status": "review"},
                    {
                        "id": 2,
                        "title": "South",
                        "dependencies": [1],
                        "subtasks": [{"id": 1, "title": "Stones"}],
                    },
                    {"id": 3, "title": "East", "status": "cancelled"},
                ],
            },
            {"id": 3, "title": "Pool", "status": "cancelled", "dependencies": [1]},
            {"id": 4, "title": "Roof", "status": "Someday", "dependencies": [2, 3]},
            {"id": 5, "title": "Party", "status": "deferred", "dependencies": [4]},
            {"id": 6, "title": "Sleep", "dependencies": [5]},
        ]
    }
}
"""Task Master's data in which much is read otherwise than earlier versions did."""

FORMER: list[dict[str, Any]] = [
    {"id": "1", "title": "Dig", "priority": 1},
    {
        "id": "2.1",
        "title": "North",
        "depends_on": ["1"],
        "metadata": {"taskmaster_status": "review"},
    },
    {"id": "2.2", "title": "South", "depends_on": ["2.1", "1"]},
    {"id": "2", "title": "Wall", "depends_on": ["1", "2.1", "2.2"]},
    {
        "id": "4",
        "title": "Roof",
        "depends_on": ["2"],
        "metadata": {"taskmaster_status": "Someday"},
    },
    {"id": "6", "title": "Sleep"},
]
"""The tasks that they made of it."""


def house(**of_tasks: dict[str, Any]) -> dict[str, Any]:
    """The data with other values in some tasks; the keys are `t` and their numbers."""
    data = deepcopy(HOUSE)
    for task in data["house"]["tasks"]:
        task.update(of_tasks.get(f"t{task['id']}", {}))
    return data


@pytest.fixture
def former(registry: PlanRegistry) -> PlanRegistry:
    """A registry with the plan as an earlier version imported it."""
    registry.create("Task Master: house", FORMER, plan_id="house", idempotency_key=f"{KEY}-0")
    registry.mark_task("house", "1", "done", idempotency_key=f"{KEY}-1")
    registry.mark_task("house", "2.1", "in_progress", idempotency_key=f"{KEY}-2")
    return registry


def imported(registry: PlanRegistry, data: dict[str, Any], **options: Any) -> ImportedPlan:
    options = {"source": "tasks.json", **options}
    (plan,) = registry.bundles.import_plans(data, "taskmaster", **options).plans
    return plan


def changes(plan: ImportedPlan) -> list[tuple[str, str]]:
    return [(one.task_id, one.change) for one in plan.changes]


def test_what_was_left_out_is_added_and_nothing_else_changes(former: PlanRegistry) -> None:
    before = {task.id: task for task in former.get_status("house").tasks}

    first = imported(former, house())

    assert changes(first) == [
        ("2.2.1", "added"),
        ("2.2", "changed"),
        ("5", "added"),
        ("6", "changed"),
    ]
    after = {task.id: task for task in former.get_status("house").tasks}
    for task_id, task in before.items():
        added = {"2.2": ("2.2.1",), "6": ("5",)}.get(task_id, ())
        assert after[task_id] == task.model_copy(
            update={"depends_on": (*task.depends_on, *added)}
        ), task_id
    assert after["5"].deferred is not None
    version = former.get_status("house").version
    assert imported(former, house()).outcome == "already_there"
    assert former.get_status("house").version == version


def test_what_was_added_is_dropped_here_and_stays_so(former: PlanRegistry) -> None:
    imported(former, house())
    former.revise("house", "no party", [{"op": "drop", "task_id": "5"}])

    again = imported(former, house())

    assert (again.outcome, again.changes) == ("already_there", ())


@pytest.mark.parametrize(
    "task, expected",
    [
        ({"t5": {"status": "pending"}}, ("5", "no longer deferred")),
        ({"t5": {"title": "Feast"}}, ("5", "changed")),
        ({"t5": {"dependencies": []}}, ("5", "changed")),
        ({"t4": {"description": "Of slate"}}, ("4", "changed")),
        ({"t4": {"status": "done"}}, ("4", "done")),
        ({"t4": {"title": "Tiles"}}, ("4", "changed")),
        ({"t1": {"priority": "low"}}, ("1", "changed")),
    ],
)
def test_a_source_that_went_on_updates_the_plan(
    former: PlanRegistry, task: dict[str, Any], expected: tuple[str, str]
) -> None:
    imported(former, house())

    plan = imported(former, house(**task))

    assert plan.outcome == "updated"
    assert expected in changes(plan)


def test_tasks_that_are_gone_or_new_in_the_source_are_an_update(former: PlanRegistry) -> None:
    fewer = house()
    del fewer["house"]["tasks"][3]
    assert ("4", "dropped") in changes(imported(former, fewer))
    more = house()
    more["house"]["tasks"].append({"id": 7, "title": "Garden", "status": "pending"})
    assert ("7", "added") in changes(imported(former, more))


def test_the_same_is_known_after_an_erasure(former: PlanRegistry) -> None:
    data = house()
    del data["house"]["tasks"][4], data["house"]["tasks"][1]["subtasks"][1]["subtasks"]
    data["house"]["tasks"][4]["dependencies"] = []
    former.erase("house")

    plan = imported(former, data)

    assert (plan.outcome, plan.changes) == ("already_there", ())


def test_another_project_with_the_same_tag_leaves_the_plan_alone(former: PlanRegistry) -> None:
    other = {"house": {"tasks": [{"id": n, "title": f"Page {n}"} for n in range(1, 6)]}}
    before = former.get_status("house")

    assert imported(former, other).outcome == "taken"
    assert former.get_status("house") == before
    assert imported(former, other, plan_id="house", dry_run=True).outcome == "updated"


def test_each_plan_of_loopllm_is_known_again_by_its_file(registry: PlanRegistry) -> None:
    saved = [
        {"plan_id": name, "goal": name, "tasks": [{"id": "t", "title": "T"}]}
        for name in ("one", "two")
    ]
    for expected in ("imported", "already_there"):
        report = registry.bundles.import_plans(saved, "loopllm", source="plans.json")
        assert [(p.plan_id, p.outcome) for p in report.plans] == [
            ("one", expected),
            ("two", expected),
        ]
    (two,) = registry.bundles.import_plans(saved, "loopllm", source="plans.json", tag="two").plans
    assert (two.plan_id, two.outcome) == ("two", "already_there")
