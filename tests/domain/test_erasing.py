"""Erasing what people wrote: the text goes, and all that decisions use stays."""

import pytest

from plangate.domain.errors import PlanNotFound
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from tests.support.examples import (
    ERASE,
    HAS_ARCHIVED,
    HAS_ERASED,
    OUTPUT,
    PLAN,
    A,
    B,
    added,
    changed,
    claim_next,
    created,
    deleted,
    moved,
    planned,
    replan,
    scored,
)
from tests.support.story import given

TEXT = {"title": "Ask Ada", "description": "At her home", "metadata": {"phone": "1815"}}


def test_the_text_is_erased_and_the_scores_stay() -> None:
    creation = created(A, B, metadata={"customer": "Ada"})
    story = given(creation, changed(A, **TEXT), scored(A, OUTPUT, 0.4), moved(A), replan(A))
    before, after = story.plan, story.when(ERASE).then(HAS_ERASED).plan

    assert (after.goal, after.metadata) == (None, {})
    for task in after:
        assert (task.title, task.description, task.metadata) == (None, None, {})
    assert after.rolling_confidence == before.rolling_confidence
    assert [task.status for task in after] == [task.status for task in before]
    assert (after.order, after.replan_due, after.erasures) == (before.order, True, 1)
    assert before.goal is not None


def test_work_goes_on_and_new_text_may_come() -> None:
    story = given(created(A), HAS_ERASED)

    assert story.when(claim_next()).happens()
    assert story.and_then(added(planned("d"))).plan.task("d").title is not None


@pytest.mark.parametrize("history", [(HAS_ARCHIVED,), (deleted(),), (HAS_ERASED,)])
def test_it_can_be_asked_for_at_any_time(history: tuple[object, ...]) -> None:
    given(created(A), *history).when(ERASE).then(HAS_ERASED)  # type: ignore[arg-type]


def test_what_never_was_cannot_be_erased() -> None:
    given().when(ERASE).refused(PlanNotFound(PLAN))


def test_a_plan_whose_text_was_erased_is_the_plan_of_an_erased_history() -> None:
    """Who followed along and who reads the history anew see the same plan."""
    wordless = created(A, B).model_copy(update={"goal": None, "tasks": (planned(A), planned(B))})
    wordless = wordless.model_copy(
        update={"tasks": tuple(t.model_copy(update={"title": None}) for t in wordless.tasks)}
    )
    rest = (scored(A, OUTPUT, 0.4), moved(A), HAS_ERASED)

    assert fold(Plan(PLAN), (created(A, B), *rest)) == fold(Plan(PLAN), (wordless, *rest))
