"""Issues of beads: what blocks an issue, and its children, come before it."""

from typing import Any

import pytest

from plangate.application.registry import PlanRegistry


def issue(number: int, *edges: tuple[int, str], **facts: Any) -> dict[str, Any]:
    dependencies = [
        {"issue_id": f"bd-{number}", "depends_on_id": f"bd-{on}", "type": kind}
        for on, kind in edges
    ]
    known = {"id": f"bd-{number}", "title": f"Issue {number}", "issue_type": "task"}
    return {**known, "dependencies": dependencies, **facts}


SHAPES: dict[str, tuple[list[Any], dict[str, str], tuple[str, ...], int]] = {
    "what blocks": (
        [issue(1, status="closed"), issue(2, (1, "blocks")), issue(3, (2, "blocks"))],
        {"bd-1": "done", "bd-2": "pending", "bd-3": "pending"},
        ("bd-2",),
        0,
    ),
    "an epic waits for its children, and they for what blocks it": (
        [
            issue(1, (4, "blocks"), issue_type="epic"),
            issue(2, (1, "parent-child")),
            issue(3, (1, "parent-child"), status="in_progress"),
            issue(4),
        ],
        {"bd-2": "pending", "bd-3": "in_progress", "bd-1": "pending", "bd-4": "pending"},
        ("bd-4",),
        0,
    ),
    "what is related does not hold": (
        [issue(1), issue(2, (1, "related"), (1, "discovered-from"))],
        {"bd-1": "pending", "bd-2": "pending"},
        ("bd-1", "bd-2"),
        2,
    ),
    "statuses that are not handed out": (
        [
            issue(1, status="blocked"),
            issue(2, status="deferred"),
            issue(3, status="pinned"),
            issue(4, status="hooked"),
            issue(5, status="tombstone"),
            issue(6, defer_until="2099-01-01T00:00:00Z"),
            issue(7, is_template=True),
            issue(8, status="strange"),
        ],
        {
            "bd-1": "deferred",
            "bd-2": "deferred",
            "bd-3": "deferred",
            "bd-4": "in_progress",
            "bd-6": "deferred",
            "bd-8": "pending",
        },
        ("bd-8",),
        3,
    ),
    "what is not here, and a circle": (
        [issue(1, (99, "blocks")), issue(2, (3, "blocks")), issue(3, (2, "waits-for"))],
        {"bd-1": "deferred", "bd-2": "pending", "bd-3": "deferred"},
        (),
        2,
    ),
    "parents in a circle": (
        [issue(1, (2, "parent-child")), issue(2, (1, "parent-child"))],
        {"bd-1": "pending", "bd-2": "deferred"},
        (),
        1,
    ),
    "lines that hold no issue, and an issue twice": (
        [7, {"title": "No id"}, issue(1, status="open"), issue(1, status="closed")],
        {"bd-1": "done"},
        (),
        3,
    ),
    "dependencies of other shapes": (
        [issue(1), issue(2, dependencies=["bd-1", {}]), issue(3, dependencies="bd-1")],
        {"bd-1": "pending", "bd-2": "pending", "bd-3": "pending"},
        ("bd-1", "bd-3"),
        2,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_issues_come_in_and_only_what_is_ready_is(registry: PlanRegistry, name: str) -> None:
    issues, statuses, ready, left = SHAPES[name]
    (plan,) = registry.bundles.import_plans(issues, "beads").plans
    tasks = registry.get_status("bd").tasks
    found = {one.id: "deferred" if one.deferred else one.status.value for one in tasks}
    assert (found, registry.graph("bd").ready) == (statuses, ready)
    assert len(plan.not_carried) == left
    assert registry.bundles.import_plans(issues, "beads").plans[0].outcome == "already_there"


def test_texts_priorities_and_the_rest_come_along(registry: PlanRegistry) -> None:
    full = issue(
        1,
        description="What",
        design="How",
        notes=["a", {"b": True}],
        priority=0,
        labels=["ui"],
        assignee="ada",
    )
    (plan,) = registry.bundles.import_plans(
        [full, issue(2, priority="P4"), issue(3, priority="high")], "beads"
    ).plans
    first, second, third = registry.get_status("bd").tasks
    assert first.description == "What\n\nDesign: How\n\nNotes: a\nb: true"
    assert (first.priority, second.priority, third.priority) == (2, -2, None)
    assert (first.labels, first.metadata["assignee"]) == (("ui",), "ada")
    assert [one.pointer for one in plan.not_carried] == ["/2/priority"]


def test_a_plan_file_is_a_source_too(registry: PlanRegistry) -> None:
    draft = {"goal": "Ship it", "tasks": ["One", {"title": "!", "id": "b"}, "?"], "priority": 3}
    (plan,) = registry.bundles.import_plans(draft, "plan").plans
    assert (plan.plan_id, plan.outcome) == ("ship-it", "imported")
    status = registry.get_status("ship-it")
    assert ([one.id for one in status.tasks], status.priority) == (["one", "b", "task-3"], 3)
