"""An unknown id is answered with those that resemble it."""

import pytest

import plangate
from plangate.application.near_matches import did_you_mean, near_matches
from plangate.domain.errors import PlangateError


def refused(
    registry: plangate.PlanRegistry, plan_id: str, task_id: str | None = None
) -> PlangateError:
    command = {"op": "score_output", "task_id": task_id or "any", "score": 0.5}
    with pytest.raises(PlangateError) as caught:
        registry.execute(plan_id, command)
    return caught.value


@pytest.mark.parametrize(
    "unknown, found",
    [
        ("biling", ("billing",)),
        ("BILLIN", ("billing", "billing-2027")),
        ("bill", ("billing", "billing-2027")),
        ("payroll", ()),
        ("", ()),
    ],
)
def test_similar_ids_and_those_that_begin_alike_are_near(
    unknown: str, found: tuple[str, ...]
) -> None:
    assert near_matches(unknown, ["shop", "billing", "billing-2027"]) == found


def test_at_most_three_are_named() -> None:
    assert len(near_matches("task", [f"task-{n}" for n in range(50)])) == 3


def test_they_end_a_message_as_a_question() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "did you mean 'a'?"
    assert did_you_mean(["a", "b"]) == "did you mean 'a' or 'b'?"
    assert did_you_mean(["a", "b", "c"]) == "did you mean 'a', 'b' or 'c'?"


def test_a_registry_names_plans_that_are_there() -> None:
    with plangate.connect("memory:") as registry:
        registry.create("g", ["T"], plan_id="billing")
        registry.create("g", ["T"], plan_id="billings")
        registry.delete("billings")

        assert registry.near_matches(refused(registry, "biling")) == ("billing",)
        assert registry.near_matches(refused(registry, "billings")) == ()


def test_a_registry_names_tasks_by_id_or_title() -> None:
    tasks = [{"id": "lexer", "title": "Write it"}, {"id": "t2", "title": "Grammar"}]
    with plangate.connect("memory:") as registry:
        registry.create("g", tasks, plan_id="p")

        assert registry.near_matches(refused(registry, "p", "lexr")) == ("lexer",)
        assert registry.near_matches(refused(registry, "p", "grammar")) == ("t2",)

        registry.revise("p", "less", [{"op": "drop", "task_id": "lexer"}])
        assert registry.near_matches(refused(registry, "p", "lexer")) == ()


def test_no_other_error_has_any() -> None:
    with plangate.connect("memory:") as registry:
        assert registry.near_matches(plangate.InvalidInput([])) == ()
