"""Files of Task Master as people and models write them: what can be meant comes in."""

import json
from pathlib import Path
from typing import Any

import pytest

from plangate.application.importing.results import PlansImport
from plangate.application.registry import PlanRegistry

FILES = Path(__file__).parents[2] / "data" / "taskmaster"

Task = tuple[str, str, tuple[str, ...]]


def imported(registry: PlanRegistry, name: str, **options: Any) -> PlansImport:
    data = json.loads((FILES / f"{name}.json").read_text())
    report = registry.bundles.import_plans(data, "taskmaster", **options)
    again = registry.bundles.import_plans(data, "taskmaster", **options)
    assert {plan.outcome for plan in again.plans} == {"already_there"}
    return report


def tasks(registry: PlanRegistry, plan_id: str = "master") -> list[Task]:
    return [
        (task.id, "deferred" if task.deferred else task.status.value, task.depends_on)
        for task in registry.get_status(plan_id).tasks
    ]


def listed(report: PlansImport) -> list[tuple[str, Any, Any]]:
    return [(one.pointer, one.theirs, one.ours) for one in report.plans[0].not_carried]


EXPECTED: dict[str, tuple[list[Task], list[tuple[str, Any, Any]], list[str]]] = {
    "duplicate-subtask-ids": (
        [
            ("7.1", "done", ()),
            ("7.2", "pending", ()),
            ("7", "pending", ("7.1", "7.2")),
            ("8", "pending", ()),
        ],
        [("/master/tasks/0/subtasks/1/id", 1, "7.2")],
        ["7.2", "8"],
    ),
    "circle-among-done": (
        [
            ("3", "done", ()),
            ("12.1", "done", ("12.4",)),
            ("12.2", "done", ()),
            ("12.4", "done", ()),
            ("12", "done", ("12.1", "12.2", "12.4")),
            ("13", "pending", ()),
        ],
        [("/master/tasks/1/subtasks/2/dependencies", "12.1", None)],
        ["13"],
    ),
    "decimal-ids": (
        [("3.1", "pending", ()), ("3.2", "pending", ()), ("3", "pending", ("3.1", "3.2"))],
        [],
        ["3.1", "3.2"],
    ),
    "details-as-list": ([("1", "pending", ())], [], ["1"]),
    "tag-is-a-list": ([("1", "pending", ()), ("2", "pending", ("1",))], [], ["1"]),
    "null-status": ([("1", "pending", ())], [], ["1"]),
    "dependency-spellings": (
        [("1", "pending", ()), ("2", "pending", ("1",)), ("3", "pending", ("1", "2"))],
        [],
        ["1"],
    ),
    "dotted-text-ids": (
        [
            ("1.1", "done", ()),
            ("1.2", "pending", ("1.1",)),
            ("1", "pending", ("1.1", "1.2")),
            ("2", "pending", ("1.2",)),
        ],
        [],
        ["1.2"],
    ),
    "whole-done-parts-not": (
        [
            ("1.1", "done", ()),
            ("1.2", "done", ()),
            ("1", "done", ("1.1", "1.2")),
            ("2", "pending", ("1",)),
        ],
        [
            ("/master/tasks/0/subtasks/0/status", "pending", "done"),
            ("/master/tasks/0/subtasks/1/status", "pending", "done"),
        ],
        ["2"],
    ),
    "deferred-prerequisite": (
        [("1", "deferred", ()), ("2", "pending", ("1",)), ("4", "pending", ())],
        [("/master/tasks/2", "cancelled", None)],
        ["4"],
    ),
    "status-spellings": (
        [
            ("1", "done", ()),
            ("2", "in_progress", ()),
            ("3", "done", ()),
            ("4", "done", ()),
            ("5", "deferred", ()),
            ("7", "done", ()),
            ("8", "pending", ()),
        ],
        [
            ("/master/tasks/2/status", "complete", "done"),
            ("/master/tasks/3/status", "closed", "done"),
            ("/master/tasks/4/status", "blocked", "deferred"),
            ("/master/tasks/5/status", "deprecated", "cancelled"),
            ("/master/tasks/7/status", "to-do", "pending"),
            ("/master/tasks/5", "cancelled", None),
        ],
        ["8"],
    ),
    "parts-of-parts": (
        [
            ("1.1.1", "done", ()),
            ("1.1.2", "done", ()),
            ("1.1", "done", ("1.1.1", "1.1.2")),
            ("1", "pending", ("1.1",)),
        ],
        [("/master/tasks/0/subtasks/0/subtasks/1/status", "pending", "done")],
        ["1"],
    ),
    "priority-critical": (
        [("1", "pending", ()), ("2", "pending", ()), ("3", "pending", ())],
        [],
        ["1", "2", "3"],
    ),
    "facts-beside-tags": ([("1", "pending", ())], [], ["1"]),
    "legacy-and-tags": ([("1", "pending", ())], [], ["1"]),
    "long-details": (
        [("1", "pending", ()), ("2", "pending", ())],
        [("/master/tasks/0/description", "22503 characters", "20000 characters")],
        ["1", "2"],
    ),
}


def test_every_file_has_an_expectation() -> None:
    assert set(EXPECTED) == {path.stem for path in FILES.glob("*.json")}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_comes_in_with_what_is_left_behind_listed(registry: PlanRegistry, name: str) -> None:
    report = imported(registry, name)
    assert (tasks(registry), listed(report), list(registry.graph("master").ready)) == EXPECTED[name]


def test_what_a_text_cannot_hold_is_in_the_metadata(registry: PlanRegistry) -> None:
    imported(registry, "long-details")
    task = registry.get_status("master").tasks[0]
    assert (task.description or "").endswith(" …")
    assert len(task.metadata["whole_description"]) == 22_503


def test_a_list_is_lines_of_text(registry: PlanRegistry) -> None:
    imported(registry, "details-as-list")
    assert registry.get_status("master").tasks[0].description == "x\n\nfirst\nsecond"


def test_the_most_urgent_priorities_are_above_high(registry: PlanRegistry) -> None:
    imported(registry, "priority-critical")
    assert [task.priority for task in registry.get_status("master").tasks] == [-1, 1, 2]


def test_what_is_beside_the_tags_is_listed_and_one_tag_can_be_chosen(
    registry: PlanRegistry,
) -> None:
    report = imported(registry, "facts-beside-tags")
    assert [one.pointer for one in report.not_carried] == ["/version", "/name"]
    both = imported(registry, "legacy-and-tags", tag="feature-x")
    assert [plan.plan_id for plan in both.plans] == ["feature-x"]
    assert len(registry.get_status("feature-x").tasks) == 2


def test_what_is_not_a_task_keeps_no_other_out(registry: PlanRegistry) -> None:
    tag = {
        "tasks": [
            7,
            {"title": "Without an id"},
            {"id": 2, "title": " ", "dependencies": {"on": 1}, "subtasks": "none"},
            {"id": 3, "title": "Waits for itself", "dependencies": [3, None, "nothing here"]},
            {
                "id": 4,
                "title": "Whole",
                "subtasks": [{"id": 1, "title": "Part", "dependencies": [4]}],
            },
            {"id": "a\nb", "title": "No id"},
        ]
    }
    report = registry.bundles.import_plans({"t": tag}, "taskmaster")
    assert tasks(registry, "t") == [
        ("1", "pending", ()),
        ("2", "pending", ("1",)),
        ("3", "deferred", ()),
        ("4.1", "deferred", ()),
        ("4", "pending", ("4.1",)),
        ("task-2", "pending", ()),
    ]
    assert [one.pointer for one in report.plans[0].not_carried] == [
        "/t/tasks/0",
        "/t/tasks/1/id",
        "/t/tasks/2/subtasks",
        "/t/tasks/5/id",
        "/t/tasks/3/dependencies",
        "/t/tasks/3/dependencies",
        "/t/tasks/4/subtasks/0/dependencies",
        "/t/tasks/2/title",
    ]
    assert registry.graph("t").ready == ("1", "task-2")


def test_a_list_alone_is_the_plan_master_and_a_tags_other_facts_are_listed(
    registry: PlanRegistry,
) -> None:
    report = registry.bundles.import_plans([{"id": 1, "title": "A"}], "taskmaster")
    assert [plan.plan_id for plan in report.plans] == ["master"]
    tag = {"tasks": [{"id": 1, "title": "A"}], "owner": ["ada"]}
    report = registry.bundles.import_plans({"t": tag}, "taskmaster")
    assert listed(report) == [("/t/owner", "a list of 1", None)]
