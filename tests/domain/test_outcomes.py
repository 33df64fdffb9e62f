"""Outcomes come late and change no decision."""

import pytest

from plangate.domain.commands import PlanCommand
from plangate.domain.errors import PlanGone, PlanNotFound, TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Outcome
from tests.support.examples import (
    DONE,
    FAILED,
    HAS_ARCHIVED,
    HAS_PAUSED,
    HOLDING,
    IN_PROGRESS,
    OUTPUT,
    PENDING,
    PLAN,
    REPLANNING,
    STRANGER,
    WHY,
    A,
    B,
    created,
    deleted,
    dropped,
    moved,
    record_outcome,
    replaced,
    replan,
    scored,
    split,
    turned_out,
)
from tests.support.story import given

REJECTED = Outcome.REJECTED


def test_an_outcome_names_its_source_and_a_note() -> None:
    given(created(A), scored(A)).when(record_outcome(A, REJECTED, "customer", WHY)).then(
        turned_out(A, REJECTED, "customer", WHY)
    )


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, DONE, FAILED, REPLANNING])
def test_it_moves_nothing_whatever_the_status(outcome: Outcome, status: object) -> None:
    score = 0.1 if status in {FAILED, REPLANNING} else 0.9
    story = given(created(A, B, policy=HOLDING), scored(A, OUTPUT, score), replan(A))
    if status is not PENDING:
        story = story.and_then(moved(A, PENDING, status))  # type: ignore[arg-type]

    after = story.when(record_outcome(A, outcome)).then(turned_out(A, outcome)).plan

    before = story.plan
    assert after.version == before.version + 1
    assert (after.tasks, after.order, after.state) == (before.tasks, before.order, before.state)
    assert after.rolling_confidence == before.rolling_confidence
    assert (after.replan_due, after.replan_count) == (before.replan_due, before.replan_count)
    assert after.is_held == before.is_held


def test_each_one_that_is_sent_is_recorded() -> None:
    once = given(created(A)).when(record_outcome(A)).then(turned_out(A))

    once.when(record_outcome(A)).then(turned_out(A))
    once.when(record_outcome(A, REJECTED)).then(turned_out(A, REJECTED))


@pytest.mark.parametrize(
    "leaving", [dropped(A), split(A), replaced(A)], ids=lambda event: type(event).__name__
)
def test_it_may_come_after_the_task_has_left_the_plan(leaving: PlanEvent) -> None:
    given(created(A, B), scored(A), leaving).when(record_outcome(A)).then(turned_out(A))


@pytest.mark.parametrize("held", [HAS_PAUSED, HAS_ARCHIVED])
def test_an_outcome_may_come_after_the_plan_was_paused_or_archived(held: PlanEvent) -> None:
    story = given(created(A), held)

    after = story.when(record_outcome(A)).then(turned_out(A)).plan

    assert after.state is story.plan.state


@pytest.mark.parametrize("command", [record_outcome(STRANGER), record_outcome(STRANGER, REJECTED)])
def test_a_task_that_never_was_has_no_outcome(command: PlanCommand) -> None:
    given(created(A)).when(command).refused(TaskNotFound(PLAN, STRANGER))
    given(created(A), HAS_ARCHIVED).when(command).refused(TaskNotFound(PLAN, STRANGER))


def test_neither_has_a_plan_that_is_gone_or_never_was() -> None:
    given(created(A), deleted()).when(record_outcome(A)).refused(PlanGone(PLAN))
    given().when(record_outcome(A)).refused(PlanNotFound(PLAN))
