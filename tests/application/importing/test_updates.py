"""A source that went on revises its plan; what was done here stays."""

from dataclasses import replace
from typing import Any

import pytest

from plangate.application.command_handler import ATTEMPTS
from plangate.application.errors import (
    ConcurrentChange,
    IdempotencyKeyReused,
    TransactionConflict,
)
from plangate.application.importing import sound_tasks
from plangate.application.importing.foreign import LocatedProblem
from plangate.application.importing.results import ImportedPlan
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    slug,
)
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanExists
from plangate.domain.policy import Policy

HOLDING = Policy.model_validate({"gate": "hold"})


def source(*tasks: ListedTask, goal: str = "Ship") -> tuple[TaskList]:
    return (TaskList(plan_id="ship", goal=goal, tasks=tasks),)


def task(task_id: str, title: str | None = None, **facts: Any) -> ListedTask:
    return ListedTask(id=task_id, title=title or task_id.upper(), at=EntryLocation(), **facts)


def brought(registry: PlanRegistry, lists: tuple[TaskList, ...], **options: Any) -> ImportedPlan:
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
        task("zero", status=ListedStatus.IN_PROGRESS),
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
        "zero": "in_progress",
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
    registry.defer_task("ship", "a", "here too")
    assert brought(registry, deferred).outcome == "already_there"
    assert brought(registry, deferred).outcome == "already_there"


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


def test_parts_of_what_is_deferred_are_deferred_too(registry: PlanRegistry) -> None:
    whole = task("a", status=ListedStatus.DEFERRED, why="later", depends_on=("b",))
    brought(registry, source(task("b", part_of="a"), whole))
    assert statuses(registry) == {"b": "deferred", "a": "deferred"}


def test_ids_and_priorities_that_cannot_be_are_replaced(registry: PlanRegistry) -> None:
    plan = brought(
        registry,
        source(task("", "One"), task(" ", "Two"), task("task-2"), task("p", priority=9999)),
    )
    assert list(statuses(registry)) == ["task-3", "task-4", "task-2", "p"]
    assert [one.pointer for one in plan.not_carried] == ["/id", "/id", "/priority"]


def test_a_plan_with_too_many_tasks_is_refused(registry: PlanRegistry) -> None:
    many = source(*(task(str(n)) for n in range(10_001)))
    with pytest.raises(InvalidInput, match="tasks: must hold at most 10000"):
        brought(registry, many)


def test_an_id_made_of_a_title_is_not_too_long() -> None:
    assert slug("A title of many words that goes on and on and on, without an end") == (
        "a-title-of-many-words-that-goes-on-and-on-and-on"
    )
    assert len(slug("x" * 99)) == 48


def test_an_import_is_tried_again_while_others_change_the_plan(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, refusals = registry._store.append, [ConcurrentChange("ship"), ConcurrentChange("ship")]

    def contended(*events: Any, **options: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return append(*events, **options)

    monkeypatch.setattr(registry._store, "append", contended)
    assert brought(registry, source(task("a"))).outcome == "imported"
    refusals.append(TransactionConflict("ship"))
    with pytest.raises(TransactionConflict):
        brought(registry, source(task("a"), task("b")))
    refusals += [ConcurrentChange("ship")] * ATTEMPTS
    with pytest.raises(ConcurrentChange):
        brought(registry, source(task("a"), task("b")))
    assert brought(registry, source(task("a"), task("b"))).outcome == "updated"


@pytest.mark.parametrize(
    "now, moved",
    [
        ("b a c d", 1),
        ("d a b c", 1),
        ("c d a b", 2),
        ("d c b a", 3),
        ("a x c b", 1),
        ("x b c a", 1),
    ],
)
def test_another_order_of_the_source_is_the_order_here(
    registry: PlanRegistry, now: str, moved: int
) -> None:
    brought(registry, source(*map(task, "abcd")))
    again = source(*map(task, now.split()))
    plan = brought(registry, again)
    assert [change for _, change in changes(plan)].count("moved") == moved
    assert [one.id for one in registry.get_status("ship").tasks] == now.split()
    assert brought(registry, again).outcome == "already_there"


def test_an_order_of_here_stays_until_the_source_has_another(registry: PlanRegistry) -> None:
    def order() -> str:
        return "".join(one.id for one in registry.get_status("ship").tasks)

    brought(registry, source(*map(task, "abc")))
    added = {"op": "add", "task": {"id": "m", "title": "Mine"}, "after": "a"}
    moved = {"op": "move", "task_id": "c", "before": "a"}
    registry.revise("ship", "here", [added, moved])
    brought(registry, source(*map(task, "abcd")))
    assert order() == "cdamb"
    assert brought(registry, source(*map(task, "abcd"))).outcome == "already_there"
    brought(registry, source(*map(task, "badc")))
    assert order() == "badcm"
    registry.revise("ship", "here", [{"op": "move", "task_id": "d", "before": "b"}])
    assert brought(registry, source(*map(task, "badc"))).outcome == "already_there"
    assert order() == "dbacm"


def test_the_order_of_the_source_is_known_among_tasks_that_were_split_and_replaced_here(
    registry: PlanRegistry,
) -> None:
    brought(registry, source(*map(task, "abc")))
    parts = [{"id": one, "title": one} for one in ("a1", "a2")]
    split = {"op": "split", "task_id": "a", "into": parts}
    replaced = {"op": "replace", "task_id": "b", "by": {"id": "b1", "title": "B"}}
    registry.revise("ship", "here", [split, replaced, {"op": "drop", "task_id": "c"}])
    brought(registry, source(*map(task, "abcd")))
    assert brought(registry, source(*map(task, "abcd"))).outcome == "already_there"
    brought(registry, source(*map(task, "eabcd")))
    order = [one.id for one in registry.get_status("ship").tasks]
    assert order.index("e") < order.index("d")
    assert brought(registry, source(*map(task, "eabcd"))).outcome == "already_there"


def test_a_score_of_the_source_for_a_task_that_was_added_here_is_the_sources(
    registry: PlanRegistry,
) -> None:
    brought(registry, source(task("a")))
    registry.revise("ship", "here", [{"op": "add", "task": {"id": "b", "title": "B"}}])
    for score in (0.8, 0.9):
        plan = brought(registry, source(task("a"), task("b", output_score=score)))
        assert (plan.outcome, plan.not_carried) == ("updated", ())
        assert registry.get_status("ship").tasks[1].output_score == score


# --- imported again with a key ---


@pytest.mark.parametrize("path", [None, "tasks.md"])
def test_a_repeat_with_its_key_is_answered_as_the_first_time(
    registry: PlanRegistry, path: str | None
) -> None:
    first, second = source(task("a"), task("b", depends_on=("?",))), source(task("a", "New"))
    keyed: dict[str, Any] = {"source": path, "idempotency_key": "k1"}
    made = brought(registry, first, **keyed)
    updated = brought(registry, second, source=path, idempotency_key="k2")
    position = registry.history.last_position()
    assert (made.outcome, updated.outcome) == ("imported", "updated")
    assert brought(registry, first, **keyed) == made
    assert brought(registry, second, source=path, idempotency_key="k2") == updated
    assert brought(registry, first, **keyed, dry_run=True).outcome == "imported"
    assert registry.history.last_position() == position
    assert brought(registry, first, source=path).outcome == "updated"


@pytest.mark.parametrize("path", [None, "tasks.md"])
@pytest.mark.parametrize("key", ["k1", "k2"])
def test_a_key_is_refused_for_another_source(
    registry: PlanRegistry, path: str | None, key: str
) -> None:
    brought(registry, source(task("a")), source=path, idempotency_key="k1")
    brought(registry, source(task("b")), source=path, idempotency_key="k2")
    position = registry.history.last_position()
    for other in ({"lists": source(task("c"))}, {"lists": source(task("a")), "reason": "why"}):
        with pytest.raises(IdempotencyKeyReused):
            brought(registry, **other, source=path, idempotency_key=key)
    assert registry.history.last_position() == position


def test_only_a_new_plan_is_made_where_that_is_asked(registry: PlanRegistry) -> None:
    first = brought(registry, source(task("a")), only_new=True, idempotency_key="k")
    assert first.outcome == "imported"
    assert brought(registry, source(task("a")), only_new=True, idempotency_key="k") == first
    position = registry.history.last_position()
    for other in (source(task("a")), source(task("b"))):
        with pytest.raises(PlanExists):
            brought(registry, other, only_new=True)
    with pytest.raises(InvalidInput, match="choose the one plan to make: ship, ship"):
        brought(registry, (*source(task("a")), *source(task("b"))), only_new=True)
    assert registry.history.last_position() == position


def test_a_policy_is_that_of_plans_whose_source_has_none(registry: PlanRegistry) -> None:
    own = TaskList(plan_id="own", goal="g", tasks=(task("a"),), policy=HOLDING)
    registry.bundles.import_plans([*source(task("a")), own], "markdown", policy="steady")
    (given,) = (registry.get("ship").policy,)
    assert given.exit_threshold is not None
    assert registry.get("own").policy == HOLDING
    with pytest.raises(InvalidInput, match="policy"):
        registry.bundles.import_plans(source(task("a")), "markdown", policy="odd")


def test_more_dependencies_than_a_plan_can_hold_are_refused_at_once(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_tasks, "MAX_DEPENDENCIES", 4)
    pairs = [task(one, depends_on=("a", "b")) for one in "cd"]
    assert brought(registry, source(task("a"), task("b"), *pairs)).outcome == "imported"
    more = replace(pairs[0], id="e", at=EntryLocation("", 7, 3))
    with pytest.raises(InvalidInput, match="up to 'e' the tasks have more than 4") as refused:
        brought(registry, source(task("a"), task("b"), *pairs, more))
    assert refused.value.problems[0] == LocatedProblem("", refused.value.problems[0].message, 7, 3)
    cancelled = task("x", depends_on=("a", "b"), status=ListedStatus.CANCELLED)
    waiting = [task(one, depends_on=("x",)) for one in "cde"]
    with pytest.raises(InvalidInput, match="more than 4"):
        brought(registry, source(task("a"), task("b"), cancelled, *waiting[:1], *waiting[:2]))
