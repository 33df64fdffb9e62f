"""What a plan says, and what leads on, while results wait for more judges."""

from collections.abc import Callable
from typing import Any

import pytest

from plangate.application.history.event_text import what, why
from plangate.application.registry import PlanRegistry
from plangate.domain.vocabulary import TaskStatus, Verdict

TASKS: list[dict[str, Any]] = [
    {"id": "a", "title": "A"},
    {"id": "b", "title": "B", "depends_on": ["a"]},
]


@pytest.fixture
def plan(registry: PlanRegistry) -> str:
    """A plan of two tasks, the first of which waits for a second judge."""
    registry.create("g", TASKS, plan_id="p", policy={"min_judges": 2, "judges": "mean"})
    task = registry.next_task("p", worker="w7", lease=60)
    assert task is not None
    registry.score_output("p", "a", 0.9, scorer="ann", token=task.claim.token)  # type: ignore[union-attr]
    return "p"


def test_the_gate_says_what_it_waits_for(registry: PlanRegistry, plan: str) -> None:
    decision, status = registry.gate(plan), registry.get_status(plan)
    assert decision.verdict is status.verdict is Verdict.WAIT
    assert decision.reason == (
        "No task can be taken now: 1 in progress, 1 waiting for others; 'a' waits for 1 more judge."
    )
    assert (
        decision.advice
        == status.advice
        == (
            "have another judge score it, with score_output: 'a'",
            "or settle it without one: approve with accept, or mark_task with status done: 'a'",
        )
    )
    assert decision.changes_at is None
    assert decision.evidence.sentence == "no evidence yet, 1 waits for more judges"
    assert (status.evidence.scored, status.evidence.awaits_judges) == (0, 1)
    assert [(one.kind, one.task_ids) for one in status.obstacles] == [
        ("unmet_dependencies", ("b",)),
        ("awaits_judges", ("a",)),
    ]
    task = status.tasks[0]
    assert (task.status, task.output_score, task.missing_judges) == ("in_progress", None, 1)
    assert task.claim is not None
    assert (task.claim.worker, task.claim.until) == ("w7", None)


def test_other_work_goes_on_meanwhile(registry: PlanRegistry) -> None:
    tasks = [{"id": task, "title": task} for task in "abcdefg"]
    registry.create("g", tasks, plan_id="p", policy={"min_judges": 3})
    registry.score_output("p", "a", 0.1, scorer="ann")
    assert registry.gate("p").reason == "The task 'b' can be taken; 'a' waits for 2 more judges."
    registry.score_output("p", "b", 0.1, scorer="ann")
    registry.score_output("p", "b", 0.1, scorer="ben")
    registry.score_output("p", "c", 0.1, scorer="ben")
    assert registry.gate("p").reason == (
        "The task 'd' can be taken; 'b' waits for 1 more judge, 'a', 'c' wait for 2 more judges."
    )
    assert registry.gate("p").evidence.sentence == "no evidence yet, 3 wait for more judges"
    summary = registry.views.plans().plans[0]
    assert (summary.awaits_judges, summary.scored, summary.in_progress) == (3, 0, 3)


LEADS_ON: dict[str, tuple[Callable[[PlanRegistry], Any], TaskStatus]] = {
    "another judge": (lambda r: r.score_output("p", "a", 0.7, scorer="ben"), TaskStatus.DONE),
    "a judge who disagrees": (
        lambda r: r.score_output("p", "a", 0.1, scorer="ben"),
        TaskStatus.REPLANNING,
    ),
    "a mark": (lambda r: r.mark_task("p", "a", "done", reason="seen"), TaskStatus.DONE),
    "a bad mark": (lambda r: r.mark_task("p", "a", "failed", reason="seen"), TaskStatus.FAILED),
    "an approval": (lambda r: r.approve("p", "no one else", accept=["a"]), TaskStatus.DONE),
    "a release": (lambda r: r.release("p", "a"), TaskStatus.PENDING),
}


@pytest.mark.parametrize("way", LEADS_ON)
def test_a_judge_that_failed_leaves_ways_on(registry: PlanRegistry, plan: str, way: str) -> None:
    registry.record_scoring_failure(plan, "a", "output", "out of quota", scorer="ben")
    status = registry.get_status(plan)
    assert status.tasks[0].missing_judges == 1
    assert status.evidence.sentence == (
        "no evidence yet, the judge failed on 1, 1 waits for more judges"
    )
    act, ends_as = LEADS_ON[way]
    act(registry)
    assert registry.get_status(plan).tasks[0].status is ends_as


def test_the_history_says_why_a_pending_task_is_in_progress(registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p", policy={"min_judges": 2})
    registry.score_output("p", "a", 0.9, scorer="ann")
    moved = registry.history.of("p")[-1].event
    assert what(moved) == "a: pending → in progress"
    assert why(moved, "p@2") == "scored, and waits for more judges"


def test_what_if_more_judges_had_been_asked_for(registry: PlanRegistry) -> None:
    """Judged by one alone, no result is settled: b, which waits for a, is not handed out."""
    registry.create("g", TASKS, plan_id="p")
    registry.score_output("p", "a", 0.9, scorer="ann")
    registry.score_output("p", "a", 0.5, scorer="ben")
    one = registry.replay.what_if("p", policy={"min_judges": 3}).plans[0]
    mean = registry.replay.what_if("p", policy={"judges": "mean", "confidence_threshold": 0.7})
    assert (one.recorded.replan_count, one.replayed.replan_count) == (1, 0)
    assert one.replayed.rolling_confidence == 1.0
    assert mean.plans[0].replayed.rolling_confidence == pytest.approx(0.7)
    assert mean.plans[0].replayed.replan_count == 0
    assert registry.replay.check(["p"]).mismatches == ()
    points = registry.replay.sweep({"min_judges": [1, 2, 3], "judges": ["min"]}).points
    assert [point.totals.replans for point in points] == [1, 1, 0]


def test_a_second_judge_that_was_asked_for_is_not_reported(
    registry: PlanRegistry,
) -> None:
    registry.create("g", TASKS, plan_id="p", policy={"min_judges": 2, "judges": "mean"})
    for judge, score in (("ann", 0.6), ("ben", 0.9)):
        registry.score_output("p", "a", score, scorer=judge, rationale="read it", actor="ci")
    assert registry.get_status("p").tasks[0].status is TaskStatus.DONE
    assert registry.evidence.findings(["p"]).findings == ()
