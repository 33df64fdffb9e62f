"""Which plans are the same work, and by what that is known."""

from typing import Any

import pytest

from plangate.application.evidence.same_work import SameWork, Works
from plangate.domain.events import PlanCreated, PlannedTask
from plangate.domain.policy import Policy
from tests.support.clocks import DAWN


def created(goal: str | None, *titles: str, **metadata: Any) -> PlanCreated:
    tasks = tuple(PlannedTask(id=f"t{n}", title=title) for n, title in enumerate(titles))
    return PlanCreated(goal=goal, tasks=tasks, policy=Policy(), metadata=metadata, at=DAWN)


def works(**plans: PlanCreated) -> Works:
    found = Works()
    for plan_id, creation in plans.items():
        found.add(plan_id, creation)
    return found


def test_plans_with_equal_goal_and_titles_are_the_same_work() -> None:
    found = works(a=created("Ship", "Test", "Build"), b=created("ship!", "build", "test"))
    assert found.of("a") == found.of("b")
    one = found.of("a")
    assert one is not None
    assert one.by is SameWork.GOAL_AND_TITLES


def test_plans_with_another_title_are_other_work() -> None:
    found = works(a=created("Ship", "Test"), b=created("Ship", "Build"))
    assert found.of("a") != found.of("b")


def test_a_replicate_is_the_same_work_as_the_plan_it_names_whatever_their_text() -> None:
    found = works(a=created("Ship", "Test"), b=created("Sail", "Build", replicate_of="a"))
    assert found.of("a") == found.of("b")
    one = found.of("a")
    assert one is not None
    assert one.by is SameWork.REPLICATE_OF


def test_replicate_of_tells_works_apart_that_have_one_text() -> None:
    text = ("Ship", "Test")
    found = works(
        a=created(*text),
        a2=created(*text, replicate_of="a"),
        b=created(*text),
        b2=created(*text, replicate_of="b"),
        c=created(*text),
    )
    assert len({found.of(plan_id) for plan_id in ("a", "b", "c")}) == 3
    assert found.of("a") == found.of("a2")
    assert found.of("b") == found.of("b2")


def test_a_replicate_of_a_replicate_is_the_same_work() -> None:
    found = works(
        c=created("3", "z", replicate_of="b"),
        a=created("1", "x"),
        b=created("2", "y", replicate_of="a"),
    )
    assert found.of("a") == found.of("b") == found.of("c")


def test_plans_that_name_each_other_are_the_same_work() -> None:
    found = works(
        a=created("1", "x", replicate_of="b"),
        b=created("2", "y", replicate_of="a"),
        c=created("3", "z", replicate_of="b"),
    )
    assert found.of("a") == found.of("b") == found.of("c")


def test_replicates_of_a_plan_that_is_not_there_are_one_work() -> None:
    found = works(a=created("1", "x", replicate_of="gone"), b=created("2", replicate_of="gone"))
    assert found.of("a") == found.of("b")


@pytest.mark.parametrize("named", [None, 7, ["b"], "a"])
def test_a_plan_that_names_no_other_goes_by_its_text(named: object) -> None:
    found = works(a=created("Ship", "Test", replicate_of=named), b=created("Ship", "Test"))
    assert found.of("a") == found.of("b")


def test_a_plan_whose_text_was_erased_is_recognised_by_what_it_repeats_alone() -> None:
    found = works(a=created(None), b=created(None, replicate_of="c"))
    assert found.of("a") is None
    assert found.of("b") is not None


def test_plans_that_others_found_are_joined_with_those_found_here() -> None:
    found = works(b=created("2", "y", replicate_of="a"), d=created("4", "w"))
    found.extend(works(a=created("1", "x"), c=created("3", "z", replicate_of="b")))
    assert found.of("a") == found.of("b") == found.of("c") != found.of("d")
