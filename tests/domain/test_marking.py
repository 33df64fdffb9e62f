"""Tasks marked by hand, and tasks handed out in order."""

from itertools import product

import pytest

from plangate.domain.errors import TaskNotFound
from plangate.domain.vocabulary import TaskStatus
from tests.support.examples import (
    CLAIMED,
    DONE,
    FAILED,
    IN_PROGRESS,
    MARKED,
    OUTPUT,
    PENDING,
    PLAN,
    REPLANNING,
    STRANGER,
    A,
    B,
    C,
    claim_next,
    created,
    mark,
    moved,
    scored,
)
from tests.support.story import given

# --- by hand -------------------------------------------------------------------


@pytest.mark.parametrize(
    "old, new", [(old, new) for old, new in product(TaskStatus, repeat=2) if old is not new]
)
def test_a_task_is_marked_from_any_status_to_any_other(old: TaskStatus, new: TaskStatus) -> None:
    history = created(A, B), moved(A, PENDING, old, MARKED)
    plan = given(*history).when(mark(A, new)).then(moved(A, old, new, MARKED)).plan

    assert (plan.task(A).status, plan.task(B).status) == (new, PENDING)


@pytest.mark.parametrize("status", TaskStatus)
def test_marking_a_task_as_what_it_is_records_nothing(status: TaskStatus) -> None:
    given(created(A), moved(A, PENDING, status, MARKED)).when(mark(A, status)).then_nothing()


def test_the_reason_for_a_mark_is_kept() -> None:
    given(created(A)).when(mark(A, FAILED, "The vendor is gone")).then(
        moved(A, PENDING, FAILED, MARKED, "The vendor is gone")
    )


def test_marking_a_task_as_done_asks_for_no_score() -> None:
    plan = given(created(A)).when(mark(A, DONE)).then(moved(A, PENDING, DONE, MARKED)).plan

    assert plan.rolling_confidence == 1.0


def test_marking_changes_no_confidence() -> None:
    plan = (
        given(created(A), scored(A, OUTPUT, 0.1))
        .when(mark(A, REPLANNING))
        .then(moved(A, PENDING, REPLANNING, MARKED))
        .plan
    )

    assert (plan.rolling_confidence, plan.replan_count, plan.task(A).replan_count) == (0.1, 0, 0)


def test_marking_an_unknown_task_is_refused() -> None:
    given(created(A)).when(mark(STRANGER, PENDING)).refused(TaskNotFound(PLAN, STRANGER))


# --- in order ------------------------------------------------------------------


def test_tasks_are_handed_out_in_plan_order() -> None:
    (
        given(created(C, A, B))
        .when(claim_next())
        .then(moved(C, PENDING, IN_PROGRESS, CLAIMED))
        .when(claim_next())
        .then(moved(A, PENDING, IN_PROGRESS, CLAIMED))
        .when(claim_next())
        .then(moved(B, PENDING, IN_PROGRESS, CLAIMED))
        .when(claim_next())
        .then_nothing()
    )


@pytest.mark.parametrize("status", [IN_PROGRESS, DONE, FAILED, REPLANNING])
def test_only_pending_tasks_are_handed_out(status: TaskStatus) -> None:
    given(created(A, B), moved(A, PENDING, status, MARKED)).when(claim_next()).then(
        moved(B, PENDING, IN_PROGRESS, CLAIMED)
    )


def test_a_task_put_back_is_handed_out_before_later_ones() -> None:
    history = (
        created(A, B, C),
        moved(A, PENDING, IN_PROGRESS, CLAIMED),
        moved(B, PENDING, IN_PROGRESS, CLAIMED),
        moved(A, IN_PROGRESS, PENDING, MARKED),
    )

    given(*history).when(claim_next()).then(moved(A, PENDING, IN_PROGRESS, CLAIMED))


def test_a_scored_task_that_is_still_pending_is_handed_out() -> None:
    given(created(A, B), scored(A, mark_done=False)).when(claim_next()).then(
        moved(A, PENDING, IN_PROGRESS, CLAIMED)
    )


def test_tasks_are_handed_out_even_when_the_plan_should_be_replanned() -> None:
    """The gate speaks through the status; it does not take the work away."""
    given(created(A, B), scored(A, OUTPUT, 0.0), moved(A, PENDING, REPLANNING)).when(
        claim_next()
    ).then(moved(B, PENDING, IN_PROGRESS, CLAIMED))
