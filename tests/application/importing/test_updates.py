"""A source that went on revises its plan; what was done here stays."""

from typing import Any

import pytest

from plangate.application.importing.intake import ImportedPlan
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
)
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput


def source(*tasks: ListedTask, goal: str = "Ship") -> tuple[TaskList]:
    return (TaskList(plan_id="ship", goal=goal, tasks=tasks),)


def task(task_id: str, title: str | None = None, **facts: Any) -> ListedTask:
    return ListedTask(id=task_id, title=title or task_id.upper(), at=EntryLocation(), **facts)


def brought(registry: PlanRegistry, lists: tuple[TaskList], **options: Any) -> ImportedPlan:
    options = {"source": "tasks.md", **options}
    (plan,) = registry.bundles.import_plans(lists, "markdown", **options).plans
    return plan


def changes(plan: ImportedPlan) -> list[tuple[str, str]]:
    return [(one.task_id, one.change) for one in plan.changes]


def statuses(registry: PlanRegistry, plan_id: str = "ship") -> dict[str, str]:
    return {
        one.id: "deferred" if one.deferred else one.status.value
        for one in registry.get_status(plan_id).tasks
    }


def test_what_was_added_changed_dropped_and_done_is_revised_for_a_reason(
    registry: PlanRegistry,
) -> None:
    first = brought(registry, source(task("a"), task("b"), task("c", depends_on=("b",))))
    assert (first.outcome, first.changes) == ("imported", ())
    went_on = source(
        task("zero"),
        task("a", status=ListedStatus.DONE),
        task("c", "Another", description="More", labels=("x",), priority=2),
        task("d", depends_on=("c",), status=ListedStatus.DEFERRED),
    )
    tried = brought(registry, went_on, dry_run=True)
    before = registry.history.last_position()
    second = brought(registry, went_on)
    assert (tried.changes, before < registry.history.last_position()) == (second.changes, True)
    assert second.outcome == "updated"
    assert changes(second) == [
        ("b", "dropped"),
        ("zero", "added"),
        ("a", "done"),
        ("c", "changed"),
        ("d", "added"),
    ]
    assert second.changes[3].fields == ("title", "description", "priority", "labels")
    assert statuses(registry) == {
        "zero": "pending",
        "a": "done",
        "c": "pending",
        "d": "deferred",
    }
    status = registry.get_status("ship")
    assert [(one.id, one.title, one.depends_on) for one in status.tasks][2:] == [
        ("c", "Another", ()),
        ("d", "D", ("c",)),
    ]
    revised = [e.event for e in registry.history.of("ship") if e.kind == "plan-revised"]
    assert [one.reason for one in revised] == [second.reason]  # type: ignore[union-attr]
    assert second.reason == (
        "the source (tasks.md) has gone on: 1 dropped, 2 added, 1 done, 1 changed"
    )
    assert brought(registry, went_on).outcome == "already_there"


def test_what_was_scored_or_changed_here_stays(registry: PlanRegistry) -> None:
    brought(registry, source(task("a"), task("b"), task("c"), task("d")))
    registry.score_output("ship", "a", 0.1)
    registry.score_output("ship", "b", 0.9)
    registry.next_task("ship")
    registry.revise("ship", "here", [{"op": "change", "task_id": "d", "title": "Ours"}])
    plan = brought(registry, source(task("a", status=ListedStatus.DONE), task("d"), task("e")))
    assert changes(plan) == [("e", "added")]
    assert [one.why for one in plan.not_carried] == [
        "b: it is gone from the source, but was worked on here: it stays",
        "c: it is gone from the source, but was worked on here: it stays",
        "a: it was scored here",
    ]
    assert statuses(registry)["a"] == "replanning"
    assert registry.get_status("ship").tasks[3].title == "Ours"


def test_what_was_taken_out_here_stays_out(registry: PlanRegistry) -> None:
    brought(registry, source(task("a"), task("b"), task("c", depends_on=("a",))))
    registry.revise("ship", "not needed", [{"op": "drop", "task_id": "a"}])
    plan = brought(registry, source(task("a"), task("b", "New"), task("c", depends_on=("a",))))
    assert changes(plan) == [("b", "changed")]
    assert [one.why for one in plan.not_carried] == ["a: it was taken out of the plan here"]


def test_a_task_that_comes_back_has_another_id_and_keeps_it(registry: PlanRegistry) -> None:
    brought(registry, source(task("a"), task("b")))
    brought(registry, source(task("a")))
    back = source(task("a"), task("b"), task("c", depends_on=("b",)))
    assert changes(brought(registry, back)) == [("b-2", "added"), ("c", "added")]
    assert registry.get_status("ship").tasks[2].depends_on == ("b-2",)
    assert brought(registry, back).outcome == "already_there"


def test_a_deferral_of_the_source_begins_and_ends(registry: PlanRegistry) -> None:
    brought(registry, source(task("a")))
    deferred = source(task("a", status=ListedStatus.DEFERRED, why="legal"))
    assert changes(brought(registry, deferred)) == [("a", "deferred")]
    assert changes(brought(registry, source(task("a")))) == [("a", "no longer deferred")]
    assert statuses(registry) == {"a": "pending"}


def test_scores_of_the_source_come_along_unless_there_are_own_ones(registry: PlanRegistry) -> None:
    brought(registry, source(task("a", output_score=0.8), task("b", output_score=0.8)))
    registry.score_output("ship", "b", 0.9, mark_done=False)
    plan = brought(registry, source(task("a", output_score=0.7), task("b", output_score=0.7)))
    assert changes(plan) == [("a", "scored")]
    assert [one.why for one in plan.not_carried] == ["b: its output_score was given here"]
    assert [one.output_score for one in registry.get_status("ship").tasks] == [0.7, 0.9]


def test_only_another_text_gives_a_failed_task_another_attempt(registry: PlanRegistry) -> None:
    brought(registry, source(task("a"), task("b")))
    registry.score_output("ship", "a", 0.1)
    plan = brought(registry, source(task("a", labels=("x",)), task("b")))
    assert (changes(plan), statuses(registry)["a"]) == ([], "replanning")
    assert "another attempt" in plan.not_carried[0].why
    plan = brought(registry, source(task("a", "Clearer", labels=("x",)), task("b")))
    assert (changes(plan), statuses(registry)["a"]) == ([("a", "changed")], "pending")


def test_erased_text_stays_erased(registry: PlanRegistry) -> None:
    brought(registry, source(task("a", description="secret")))
    registry.erase("ship")
    plan = brought(registry, source(task("a", description="secret"), task("b")))
    assert changes(plan) == [("b", "added")]
    assert {one.why for one in plan.not_carried} >= {
        "a: its title was erased here, and stays erased",
        "a: its description was erased here, and stays erased",
    }
    assert registry.get_status("ship").tasks[0].description is None


def test_a_plan_is_found_by_its_source_whatever_its_id(registry: PlanRegistry) -> None:
    brought(registry, source(task("a")), plan_id="other")
    assert brought(registry, source(task("a"), task("b"))).plan_id == "other"
    assert registry.get_status("other").metadata["imported_from"] == {
        "format": "markdown",
        "path": "tasks.md",
    }
    assert brought(registry, source(task("a")), source="elsewhere.md").plan_id == "ship"
    assert brought(registry, source(task("a")), source="third.md").outcome == "taken"
    assert brought(registry, source(task("a"), goal="Else"), source=None).outcome == "already_there"
    assert (
        brought(registry, source(task("b")), plan_id="ship", reason="said so").reason == "said so"
    )
    registry.delete("other")
    assert brought(registry, source(task("a"))).plan_id == "ship"


def test_a_plan_that_takes_no_revision_is_refused_and_the_others_come_in(
    registry: PlanRegistry,
) -> None:
    brought(registry, source(task("a")))
    registry.archive("ship", "put away")
    lists = (
        *source(task("a"), task("b")),
        TaskList(plan_id="more", goal=" ", tasks=[task("a", labels=("",))], tag="t"),
    )
    report = registry.bundles.import_plans(lists, "markdown")
    assert [plan.outcome for plan in report.plans] == ["refused", "imported"]
    assert "archived" in report.plans[0].not_carried[0].why
    with pytest.raises(InvalidInput, match="names one plan; choose one with tag: ship, more"):
        registry.bundles.import_plans(lists, "markdown", plan_id="x")
    with pytest.raises(InvalidInput, match="there is no tag 'z'"):
        registry.bundles.import_plans(lists, "markdown", tag="z")
    assert registry.bundles.import_plans(lists, "markdown", tag="t").plans[0].plan_id == "more"


def test_a_dry_run_shows_the_plan_and_records_nothing(registry: PlanRegistry) -> None:
    plan = brought(
        registry, source(task("a"), task("b", status=ListedStatus.DEFERRED, why="w")), dry_run=True
    )
    assert [(one.id, one.deferred) for one in plan.planned] == [("a", None), ("b", "w")]
    assert registry.history.last_position() == 0


def test_what_is_too_large_is_listed(registry: PlanRegistry) -> None:
    big = task("a", "t" * 600, description="x" * 70_000, metadata={"big": "y" * 70_000, "k": 1})
    plan = brought(registry, source(big, goal="g" * 5_000))
    status = registry.get_status("ship")
    assert status.tasks[0].metadata["k"] == 1
    assert [one.why[:40] for one in plan.not_carried] == [
        "longer than 4000 characters; the whole i",
        "longer than 500 characters; the rest is ",
        "longer than 20000 characters; the rest i",
        "the metadata cannot hold it",
    ]


def test_a_low_plan_of_a_source_is_due_for_a_replan(registry: PlanRegistry) -> None:
    brought(registry, source(task("a", output_score=0.1), task("b", output_score=0.95)))
    assert registry.get_status("ship").replan_due
    high = (TaskList(plan_id="high", goal="G", tasks=[
        task("a", output_score=0.1), *(task(f"t{n}", output_score=1.0) for n in range(9))
    ]),)  # fmt: skip
    brought(registry, high, source="high.md")
    assert not registry.get_status("high").replan_due
