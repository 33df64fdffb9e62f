"""What callers may give in short or as a whole: the same request as in full."""

from typing import Any

import pytest

from plangate.application.drafts import PlanDraft, RevisionDraft, TaskDraft
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Scorer, ScorerKind

WHOLE: dict[str, Any] = {
    "goal": "Move billing",
    "tasks": [{"id": "a", "title": "A", "labels": ["x"]}, {"title": "B", "depends_on": ["a"]}],
    "policy": {"preset": "steady", "latch": True},
    "confidence_threshold": 0.6,
    "plan_id": "billing",
    "priority": 3,
    "labels": ["team"],
    "metadata": {"k": [1]},
}


@pytest.mark.parametrize(
    "given",
    [WHOLE, {"goal": "g", "tasks": ["A"]}, {"goal": "g", "tasks": ["A"], "policy": "steady"}],
)
def test_a_draft_is_the_request_of_its_fields(
    registry: PlanRegistry, given: dict[str, Any]
) -> None:
    by_fields = registry.create(**given, idempotency_key="k")
    by_draft = registry.create(PlanDraft.model_validate(given), idempotency_key="k")
    assert by_fields == by_draft
    assert len(registry.history.events()) == 1


def test_a_draft_may_be_a_file_of_before_and_gets_its_ids(registry: PlanRegistry) -> None:
    draft = PlanDraft.model_validate_json('{"goal": "g", "tasks": [{"title": "A"}, "B"]}')
    first, second = registry.create(draft), registry.create(draft)
    assert first.plan_id != second.plan_id
    assert [task.title for task in first.tasks] == ["A", "B"]


def test_a_draft_holds_everything_itself(registry: PlanRegistry) -> None:
    draft = PlanDraft(goal="g", tasks=(TaskDraft(title="A"),), policy=Policy())
    with pytest.raises(InvalidInput, match="goal: a draft holds everything itself: give labels, "):
        registry.create(draft, labels=["x"], plan_id="p")  # type: ignore[call-overload]
    with pytest.raises(InvalidInput, match="tasks: must be a list"):
        registry.create("g")  # type: ignore[call-overload]
    assert not registry.list_plans()


def test_a_task_may_be_its_title_alone(registry: PlanRegistry) -> None:
    plan = registry.create("g", ["Write it", {"id": "t", "title": "Test it"}])
    assert [task.title for task in plan.tasks] == ["Write it", "Test it"]
    changes: list[dict[str, Any]] = [
        {"op": "split", "task_id": "t", "into": ["Test it", "Measure it"]},
        {"op": "replace", "task_id": plan.tasks[0].id, "by": "Write it again"},
        {"op": "add", "task": "Ship it"},
    ]
    revised = registry.revise(plan.plan_id, "too coarse", changes)
    assert [task.title for task in revised.tasks] == [
        *("Write it again", "Test it", "Measure it", "Ship it")
    ]


@pytest.mark.parametrize(
    "tasks, problem",
    [
        (["A", " "], r"tasks\[1\].title: must not be blank"),
        (["A", 7], r"tasks\[1\]: must be a title, or an object with title"),
        ("AB", "tasks: must be a list"),
        (["A" * 501], r"tasks\[0\].title: must be at most 500"),
    ],
)
def test_a_title_is_refused_by_its_place(registry: PlanRegistry, tasks: Any, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        registry.create("g", tasks)


def test_a_revision_may_be_a_draft(registry: PlanRegistry, plan_id: str) -> None:
    given = {"changes": [{"op": "add", "task": "D"}, {"op": "drop", "task_id": "b"}]}
    draft = RevisionDraft.model_validate(given)
    by_list = registry.revise(plan_id, "why", given["changes"], idempotency_key="k")
    by_draft = registry.revise(plan_id, "why", draft, idempotency_key="k")
    assert by_list == by_draft
    assert [task.title for task in by_draft.tasks] == ["A", "C", "D"]


@pytest.mark.parametrize(
    "text, scorer",
    [
        ("judge", Scorer(kind=ScorerKind.MODEL, name="judge")),
        ("human:ana", Scorer(kind=ScorerKind.HUMAN, name="ana")),
        ("code:ci@2", Scorer(kind=ScorerKind.CODE, name="ci", version="2")),
        ("judge@v1", Scorer(kind=ScorerKind.MODEL, name="judge", version="v1")),
        ("model:qwen:7b", Scorer(kind=ScorerKind.MODEL, name="qwen:7b")),
        ("human:ana@home@3", Scorer(kind=ScorerKind.HUMAN, name="ana@home", version="3")),
    ],
)
def test_a_scorer_may_be_a_text(
    registry: PlanRegistry, plan_id: str, text: str, scorer: Scorer
) -> None:
    registry.score_output(plan_id, "a", 0.9, scorer=text, idempotency_key="k")
    registry.score_output(plan_id, "a", 0.9, scorer=scorer, idempotency_key="k")
    registry.execute(plan_id, {"op": "score_prompt", "task_id": "a", "score": 1.0, "scorer": text})
    found = list(registry.history.audit(plan_id, scorer=text.removeprefix("model:")))
    assert [entry.scorer for entry in found] == [scorer, scorer]
