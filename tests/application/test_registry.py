"""The registry does what each command says, and returns typed results."""

from datetime import timedelta
from typing import Any

import pytest

from plangate.application.drafts import TaskDraft
from plangate.application.errors import NotAStore
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanList, PlanStatus
from plangate.domain.errors import (
    InvalidInput,
    InvalidScore,
    PlanExists,
    PlanGone,
    PlanNotFound,
    ScoreNotFound,
    TaskNotFound,
)
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import OutOfRange, PlanState, ScoreKind, TaskStatus
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on


def statuses(status: PlanStatus) -> list[str]:
    return [task.status.value for task in status.tasks]


def test_the_status_of_a_new_plan_has_the_most_needed_fields_first(registry: PlanRegistry) -> None:
    status = registry.create(
        "Move billing",
        [{"id": "schema", "title": "Design"}, TaskDraft(title="Backfill")],
        confidence_threshold=0.8,
        metadata={"team": "payments"},
    )
    assert list(PlanStatus.model_fields)[:11] == [
        "plan_id",
        "goal",
        "state",
        "verdict",
        "may_continue",
        "version",
        "rolling_confidence",
        "confidence_threshold",
        "evidence",
        "needs_replan",
        "replan_count",
    ]
    assert (status.plan_id, status.goal, status.state) == (
        "000000000001",
        "Move billing",
        PlanState.ACTIVE,
    )
    assert (status.rolling_confidence, status.confidence_threshold) == (1.0, 0.8)
    assert (status.version, status.needs_replan, status.replan_count) == (1, False, 0)
    assert (status.created_at, status.updated_at, status.task_count) == (DAWN, DAWN, 2)
    assert status.metadata == {"team": "payments"}
    assert [task.id for task in status.tasks] == ["schema", "00000002"]
    assert (status.tasks[0].prompt_score, status.tasks[0].confidence) == (None, None)


def test_the_issue_in_the_readme_fires_the_gate(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_prompt(plan_id, "a", 0.85)
    status = registry.score_output(plan_id, "a", 0.55, scorer={"kind": "model", "name": "judge"})
    assert status.rolling_confidence == pytest.approx(0.655, abs=1e-12)
    assert status.needs_replan
    assert (status.replan_count, status.tasks[0].replan_count) == (1, 1)
    assert statuses(status) == ["replanning", "pending", "pending"]


def test_update_is_both_scores_in_one_write(registry: PlanRegistry, plan_id: str) -> None:
    status = registry.update(plan_id, "a", prompt_score=0.9, output_score=0.95)
    assert statuses(status)[0] == "done"
    assert {entry.envelope.recorded_at for entry in registry.history.of(plan_id)[1:]} == {
        status.updated_at
    }


def test_a_scoring_failure_changes_no_confidence(registry: PlanRegistry, plan_id: str) -> None:
    before = registry.get_status(plan_id)
    after = registry.record_scoring_failure(plan_id, "a", ScoreKind.OUTPUT, "judge timed out")
    assert after.version == before.version + 1
    assert after.tasks == before.tasks
    assert after.rolling_confidence == before.rolling_confidence


def test_a_retracted_score_gives_way_to_the_one_before(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.8)
    mistaken = registry.score_prompt(plan_id, "a", 0.1).version
    registry.score_prompt(plan_id, "a", 0.9)
    status = registry.retract_score(plan_id, f"{plan_id}@{mistaken + 1}", "wrong task")
    assert status.tasks[0].prompt_score == 0.1
    status = registry.retract_score(plan_id, f"{plan_id}@{mistaken}", "wrong task")
    assert status.tasks[0].prompt_score is None
    with pytest.raises(ScoreNotFound):
        registry.retract_score(plan_id, f"{plan_id}@{mistaken}", "again")


def test_work_is_handed_out_in_plan_order_until_none_is_left(
    registry: PlanRegistry, plan_id: str
) -> None:
    claimed = [registry.next_task(plan_id) for _ in range(4)]
    assert [task.id if task else None for task in claimed] == ["a", "b", "c", None]
    assert claimed[0] is not None
    assert claimed[0].status is TaskStatus.IN_PROGRESS
    assert registry.get_status(plan_id).state is PlanState.WAITING
    for task_id in "abc":
        registry.mark_task(plan_id, task_id, "done")
    assert registry.get_status(plan_id).state is PlanState.COMPLETE
    registry.mark_task(plan_id, "b", TaskStatus.FAILED, reason="tests are red")
    assert registry.get_status(plan_id).state is PlanState.BLOCKED


def test_a_mark_that_changes_nothing_records_nothing(registry: PlanRegistry, plan_id: str) -> None:
    assert registry.mark_task(plan_id, "a", "pending").version == 1


def test_a_deleted_plan_is_not_found_but_its_history_stays(
    registry: PlanRegistry, plan_id: str
) -> None:
    assert registry.delete(plan_id, reason="superseded") is True
    assert registry.delete(plan_id) is False
    assert registry.delete("missing") is False
    assert registry.list_plans() == PlanList(plans=())
    assert len(registry.history.of(plan_id)) == 2
    for refused in (
        lambda: registry.get(plan_id),
        lambda: registry.get_status(plan_id),
        lambda: registry.next_task(plan_id),
        lambda: registry.score_prompt(plan_id, "a", 0.5),
    ):
        with pytest.raises(PlanGone):
            refused()
    with pytest.raises(PlanExists):
        registry.create("again", [{"title": "t"}], plan_id=plan_id)


def test_a_missing_plan_or_task_is_named(registry: PlanRegistry, plan_id: str) -> None:
    with pytest.raises(PlanNotFound, match="no plan 'missing'") as plan_refusal:
        registry.get_status("missing")
    assert plan_refusal.value.plan_id == "missing"
    assert not isinstance(plan_refusal.value, PlanGone)
    with pytest.raises(TaskNotFound) as task_refusal:
        registry.score_prompt(plan_id, "z", 0.5)
    assert (task_refusal.value.plan_id, task_refusal.value.task_id) == (plan_id, "z")
    with pytest.raises(PlanNotFound):
        registry.history.of("missing")


def test_get_gives_the_whole_state(registry: PlanRegistry, plan_id: str) -> None:
    plan = registry.get(plan_id)
    assert plan is not None
    assert plan.policy == Policy()
    assert [task.title for task in plan] == ["A", "B", "C"]


def test_plans_are_listed_oldest_first_and_no_more_than_asked(registry: PlanRegistry) -> None:
    ids = [registry.create(f"plan {n}", [{"title": "t"}]).plan_id for n in range(4)]
    registry.delete(ids[1])
    assert [plan.plan_id for plan in registry.list_plans().plans] == [ids[0], ids[2], ids[3]]
    assert [plan.plan_id for plan in registry.list_plans(limit=2).plans] == [ids[0], ids[2]]


@pytest.mark.parametrize("filters", [{}, {"labels": ["x"]}, {"limit": 1}])
def test_plans_one_by_one_are_those_that_are_listed(
    registry: PlanRegistry, filters: dict[str, Any]
) -> None:
    for number in range(3):
        registry.create("g", [{"title": "t"}], labels=["x"] if number else [])
    seen: list[tuple[int, int]] = []

    found = registry.each_plan(**filters, progress=lambda *how_far: seen.append(how_far))

    assert seen == []
    assert [*found] == [*registry.list_plans(**filters)]
    assert seen == sorted(seen)
    assert (seen[-1][0] == seen[-1][1] > 0) is ("limit" not in filters)


def test_plans_one_by_one_come_in_the_order_and_with_the_words_asked_for(
    registry: PlanRegistry,
) -> None:
    for plan_id, goal, score in (("x", "Move billing", 0.9), ("y", "Move house", 0.8)):
        registry.create(goal, [{"id": "a", "title": "A"}], plan_id=plan_id)
        registry.score_output(plan_id, "a", score)

    def ids(**given: Any) -> list[str]:
        return [plan.plan_id for plan in registry.each_plan(**given)]

    assert ids() == ids(text="mov") == ids(order="oldest") == ["x", "y"]
    assert ids(order="newest") == ids(order="confidence") == ["y", "x"]
    assert ids(text="bill") == ids(order="newest", text="billing") == ["x"]
    assert ids(order="newest", limit=1) == ids(order="newest", state="complete", limit=1) == ["y"]


def test_ids_are_found_by_their_beginning(registry: PlanRegistry) -> None:
    for plan_id in ("billing", "bill", "other"):
        registry.create("g", [{"title": "t"}], plan_id=plan_id)
    registry.delete("bill")

    assert registry.plan_ids("bil") == ("billing", "bill")
    assert registry.plan_ids() == ("billing", "bill", "other")
    with pytest.raises(InvalidInput, match="beginning: must be text"):
        registry.plan_ids(7)  # type: ignore[arg-type]


def test_a_wrong_question_about_plans_one_by_one_is_refused_at_once(
    registry: PlanRegistry,
) -> None:
    with pytest.raises(InvalidInput, match="limit: must be at least 1"):
        registry.each_plan(limit=0)
    with pytest.raises(InvalidInput, match="function of two numbers"):
        registry.each_plan(progress=7)  # type: ignore[arg-type]


def test_the_log_of_all_plans_is_a_feed_in_commit_order(registry: PlanRegistry) -> None:
    first = registry.create("one", [{"id": "a", "title": "A"}]).plan_id
    second = registry.create("two", [{"id": "a", "title": "A"}]).plan_id
    registry.score_prompt(first, "a", 0.5)
    feed = registry.history.events(limit=2)
    feed = [*feed, *registry.history.events(after=feed[-1].envelope.position or 0)]
    assert [entry.envelope.event_id for entry in feed] == [
        f"{first}@1",
        f"{second}@1",
        f"{first}@2",
    ]


def test_a_score_outside_its_range_is_clamped_kept_as_given_and_warned_about(
    registry: PlanRegistry, plan_id: str
) -> None:
    status = registry.score_output(plan_id, "a", 85)
    assert status.tasks[0].output_score == 1.0
    assert status.warnings == ("output score 85.0 is outside [0, 1] and counts as 1.0",)
    assert registry.get_status(plan_id).warnings == ()


def test_a_policy_can_refuse_scores_outside_their_range(registry: PlanRegistry) -> None:
    policy = {"out_of_range": "refuse"}
    plan_id = registry.create("strict", [{"id": "a", "title": "A"}], policy=policy).plan_id
    with pytest.raises(InvalidScore, match=r"score: 1\.5 is outside \[0, 1\]"):
        registry.score_output(plan_id, "a", 1.5)
    with pytest.raises(InvalidScore, match=r"prompt_score: -0\.1"):
        registry.update(plan_id, "a", prompt_score=-0.1, output_score=1.0)
    assert len(registry.history.of(plan_id)) == 1


@pytest.mark.parametrize(
    "arguments, threshold",
    [
        ({}, 0.72),
        ({"confidence_threshold": 0.5}, 0.5),
        ({"policy": {"confidence_threshold": 0.5}}, 0.5),
        ({"policy": Policy(confidence_threshold=0.5), "confidence_threshold": 0.5}, 0.5),
        ({"policy": {"decay": 1.0}, "confidence_threshold": 0.5}, 0.5),
    ],
)
def test_a_threshold_is_given_beside_the_policy_or_in_it(
    registry: PlanRegistry, arguments: dict[str, Any], threshold: float
) -> None:
    status = registry.create("g", [{"title": "t"}], **arguments)
    assert status.confidence_threshold == threshold


def test_a_threshold_that_contradicts_its_policy_is_refused(registry: PlanRegistry) -> None:
    policy = Policy(confidence_threshold=0.5, out_of_range=OutOfRange.REFUSE)
    with pytest.raises(InvalidInput, match=r"0\.6 contradicts the policy's 0\.5"):
        registry.create("g", [{"title": "t"}], policy=policy, confidence_threshold=0.6)


def test_changing_an_answer_changes_no_plan(registry: PlanRegistry) -> None:
    given = {"nested": {"list": [1]}}
    task = {"id": "a", "title": "A", "metadata": given}
    plan_id = registry.create("g", [task], metadata=given).plan_id
    status = registry.get_status(plan_id)
    status.metadata["nested"]["list"].append(2)
    status.tasks[0].metadata["nested"]["list"].append(2)
    given["nested"]["list"].append(3)
    again = registry.get_status(plan_id)
    assert again.metadata == {"nested": {"list": [1]}} == again.tasks[0].metadata


def test_nothing_is_ordered_by_the_clock() -> None:
    backwards = iter([DAWN - timedelta(days=365 * n) for n in range(9)])
    with registry_on(memory_event_store(), clock=lambda: next(backwards)) as registry:
        plan_id = registry.create("g", [{"id": "a", "title": "A"}]).plan_id
        registry.score_prompt(plan_id, "a", 0.1)
        status = registry.score_prompt(plan_id, "a", 0.9)
        assert status.tasks[0].prompt_score == 0.9
        assert [entry.envelope.version for entry in registry.history.of(plan_id)] == [1, 2, 3]
        assert status.created_at is not None
        assert status.updated_at is not None
        assert status.updated_at < status.created_at


def test_only_a_store_in_a_database_has_other_schemas(registry: PlanRegistry) -> None:
    with pytest.raises(NotAStore, match="only a PostgreSQL database has schemas"):
        registry.for_schema("tenant")
