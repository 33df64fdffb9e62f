"""After the gate says "replan": what a revision, a retry and an approval do and answer."""

from typing import Any

import pytest

from plangate.application.errors import IdempotencyKeyReused
from plangate.application.registry import PlanRegistry
from plangate.domain.commands import DropTask
from plangate.domain.errors import InvalidInput, PlanHeld, TaskGone
from plangate.domain.vocabulary import PlanState, TaskStatus


@pytest.fixture
def failing(registry: PlanRegistry, plan_id: str) -> str:
    """A plan whose first task scored so low that the gate fired."""
    registry.next_task(plan_id)
    registry.score_output(plan_id, "a", 0.2)
    return plan_id


def test_a_revision_answers_a_due_replan_and_starts_another_attempt(
    registry: PlanRegistry, failing: str
) -> None:
    before = registry.get_status(failing)
    assert before.replan_due
    assert before.advice[0] == (
        "a replan is due: revise, retry or approve; work may go on meanwhile"
    )
    status = registry.revise(
        failing,
        "the goal was too wide",
        [
            {"op": "change", "task_id": "a", "description": "only the schema"},
            {"op": "split", "task_id": "b", "into": [{"id": "b1", "title": "B1"}, {"title": "B2"}]},
            {"op": "change", "task_id": "c", "depends_on": ["b1", "a"]},
            {"op": "add", "task": {"title": "Review", "depends_on": ["c"]}, "after": "c"},
        ],
    )
    assert not status.replan_due
    assert status.needs_replan, "the confidence stays low until new scores come"
    assert [task.id for task in status.tasks] == ["a", "b1", "00000001", "c", "00000002"]
    assert [task.split_from for task in status.tasks] == [None, "b", "b", None, None]
    first = status.tasks[0]
    assert (first.status, first.attempt, first.confidence) == (TaskStatus.PENDING, 2, 0.2)
    status = registry.score_prompt(failing, "a", 0.9)
    assert (status.tasks[0].prompt_score, status.tasks[0].output_score) == (0.9, None)
    assert status.rolling_confidence == 0.9


def test_a_refused_revision_changes_nothing_at_all(registry: PlanRegistry, failing: str) -> None:
    before = registry.get_status(failing)
    with pytest.raises(InvalidInput, match="a circle: 'b' depends on 'c' depends on 'b'"):
        registry.revise(
            failing,
            "why not",
            [
                {"op": "drop", "task_id": "a"},
                {"op": "change", "task_id": "b", "depends_on": ["c"]},
                {"op": "change", "task_id": "c", "depends_on": ["b"]},
            ],
        )
    assert registry.get_status(failing) == before


def test_dependants_of_a_dropped_task_are_reported(registry: PlanRegistry, failing: str) -> None:
    registry.revise(failing, "r", [{"op": "change", "task_id": "c", "depends_on": ["a", "b"]}])
    status = registry.revise(failing, "not needed", [DropTask(task_id="b")])
    assert status.warnings == ("'b' was dropped; no longer waiting for it: 'c'",)
    assert [(task.id, task.depends_on) for task in status.tasks] == [("a", ()), ("c", ("a",))]
    with pytest.raises(TaskGone, match="no longer in the plan 'billing': dropped"):
        registry.score_output(failing, "b", 1.0)


def test_a_retried_revision_makes_no_second_set_of_tasks(
    registry: PlanRegistry, failing: str
) -> None:
    changes = [{"op": "replace", "task_id": "a", "by": {"title": "Another way"}}]
    first = registry.revise(failing, "r", changes, idempotency_key="k")
    assert registry.revise(failing, "r", changes, idempotency_key="k") == first
    assert first.tasks[0].replaces == "a"
    with pytest.raises(IdempotencyKeyReused):
        registry.revise(failing, "another reason", changes, idempotency_key="k")


@pytest.mark.parametrize(
    "changes, message",
    [
        ([], "changes: must hold at least 1"),
        ("drop a", "changes: must be a list"),
        (None, "changes: must be a list"),
        (["drop a"], r"changes\[0\]: must be an object with an op"),
        (
            [{"op": "burn", "task_id": "a"}],
            r"changes\[0\]: the op 'burn' is not known; ",
        ),
        ([{"task_id": "a"}], r"changes\[0\]: must have an op"),
        ([{"op": "drop"}], r"changes\[0\].task_id: is required"),
        ([{"op": "drop", "task_id": "a", "why": 1}], r"changes\[0\].why: is not known here; "),
        ([{"op": "add", "task": {"titel": 1}}], r"changes\[0\].task.title: is required"),
        (
            [{"op": "add", "task": 7}],
            r"changes\[0\].task: must be a title, or an object with title",
        ),
        ([{"op": "split", "task_id": "a", "into": [{"title": "x"}]}], "changes.*at least 2"),
        ([{"op": "move", "task_id": "a", "before": "b", "after": "c"}], "changes.*not both"),
    ],
)
def test_changes_that_cannot_be_are_refused_in_the_callers_terms(
    registry: PlanRegistry, failing: str, changes: Any, message: str
) -> None:
    version = registry.get_status(failing).version
    with pytest.raises(InvalidInput, match=f"^{message}"):
        registry.revise(failing, "r", changes)
    assert registry.get_status(failing).version == version


def test_a_retry_is_the_short_form(registry: PlanRegistry, failing: str) -> None:
    status = registry.retry(failing, "a", "the judge wants tests")
    assert (status.tasks[0].status, status.tasks[0].attempt) == (TaskStatus.PENDING, 2)
    assert not status.replan_due
    with pytest.raises(InvalidInput, match="'a' is pending; only a failed or replanning one"):
        registry.retry(failing, "a", "again")


def test_a_held_gate_hands_out_nothing_until_it_is_answered(registry: PlanRegistry) -> None:
    tasks = [{"id": task_id, "title": task_id} for task_id in "ab"]
    registry.create("g", tasks, plan_id="p", policy={"gate": "hold"})
    registry.score_output("p", "a", 0.1)
    status = registry.get_status("p")
    assert status.state is PlanState.BLOCKED
    assert [o.kind.value for o in status.obstacles] == ["replanning", "gate_held"]
    assert "until then no task is handed out" in status.advice[0]
    with pytest.raises(PlanHeld, match="revise it, retry a task or approve the gate"):
        registry.next_task("p")
    status = registry.approve("p", "known flaky judge")
    assert (status.replan_due, status.state) == (False, PlanState.ACTIVE)
    assert registry.approve("p", "again").version == status.version
    assert registry.next_task("p") is not None


def test_an_advising_gate_lets_work_go_on(registry: PlanRegistry, failing: str) -> None:
    assert registry.get_status(failing).replan_due
    task = registry.next_task(failing)
    assert task is not None
    assert task.id == "b"


def test_a_plan_is_paused_resumed_archived_and_restored(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.next_task(plan_id)
    status = registry.pause(plan_id, "budget")
    assert (status.state, status.advice) == (
        PlanState.PAUSED,
        ("resume the plan to hand out work again",),
    )
    with pytest.raises(PlanHeld, match="is paused; resume it"):
        registry.next_task(plan_id)
    assert registry.score_output(plan_id, "a", 0.9).tasks[0].status is TaskStatus.DONE
    status = registry.archive(plan_id, "quarter is over")
    assert status.state is PlanState.ARCHIVED
    with pytest.raises(PlanHeld, match="is archived; restore it"):
        registry.score_output(plan_id, "b", 0.9)
    assert registry.restore(plan_id, "new quarter").state is PlanState.PAUSED
    assert registry.resume(plan_id, "budget is back").state is PlanState.ACTIVE


def test_advice_says_what_to_do_next(registry: PlanRegistry, failing: str) -> None:
    registry.next_task(failing, worker="w7", lease=60)
    registry.revise(failing, "r", [{"op": "change", "task_id": "c", "depends_on": ["b"]}])
    assert registry.get_status(failing).advice == (
        "retry or revise what did not pass: 'a'",
        "or accept it: approve with accept, or mark_task with status done: 'a'",
        "score or release what is in progress: 'b' by w7 until 2026-01-01 08:01:03 UTC",
    )
    registry.revise(failing, "r", [{"op": "drop", "task_id": task} for task in "ac"])
    assert registry.score_output(failing, "b", 0.9).advice == ("nothing is left to do",)


def test_a_long_list_is_cut_short(registry: PlanRegistry) -> None:
    tasks = [{"id": f"t{n}", "title": "T"} for n in range(8)]
    plan_id = registry.create("g", tasks).plan_id
    for n in range(7):
        registry.mark_task(plan_id, f"t{n}", "failed")
    failed = "'t0', 't1', 't2', 't3', 't4' and 2 more"
    assert registry.get_status(plan_id).advice == (
        f"retry or revise what did not pass: {failed}",
        f"or accept it: approve with accept, or mark_task with status done: {failed}",
        "take the next task with next_task: 't7'",
    )


def test_plans_are_found_by_state_gate_and_labels(registry: PlanRegistry) -> None:
    for plan_id, labels in (("p", ["x", "y"]), ("q", ["y"]), ("r", [])):
        registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id, labels=labels)
    registry.score_output("q", "a", 0.1)
    registry.pause("r", "later")

    def found(**wanted: Any) -> list[str]:
        return [plan.plan_id for plan in registry.list_plans(**wanted).plans]

    assert found(state="paused") == ["r"]
    assert found(needs_replan=True) == ["q"]
    assert found(needs_replan=False, state="active") == ["p"]
    assert found(labels=["y"]) == ["p", "q"]
    assert found(labels=["y", "x"]) == ["p"]
    with pytest.raises(InvalidInput, match="state: must be one of 'active', 'waiting'"):
        found(state="sleeping")
