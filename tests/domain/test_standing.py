"""Where a plan stands, what it waits for, and that there is always a way on."""

import pytest

from plangate.domain.vocabulary import PlanState, TaskStatus
from tests.support.examples import (
    DONE,
    FAILED,
    IN_PROGRESS,
    MARKED,
    OUTPUT,
    PENDING,
    REPLANNING,
    A,
    B,
    C,
    created,
    moved,
    scored,
)
from tests.support.story import given


@pytest.mark.parametrize(
    "statuses, state",
    [
        ([PENDING], PlanState.ACTIVE),
        ([IN_PROGRESS], PlanState.WAITING),
        ([DONE], PlanState.COMPLETE),
        ([FAILED], PlanState.BLOCKED),
        ([REPLANNING], PlanState.BLOCKED),
        ([DONE, DONE, DONE], PlanState.COMPLETE),
        ([DONE, FAILED, DONE], PlanState.BLOCKED),
        ([REPLANNING, DONE, DONE], PlanState.BLOCKED),
        ([FAILED, REPLANNING, FAILED], PlanState.BLOCKED),
        ([FAILED, REPLANNING, PENDING], PlanState.ACTIVE),
        ([IN_PROGRESS, FAILED, DONE], PlanState.WAITING),
        ([IN_PROGRESS, DONE, PENDING], PlanState.ACTIVE),
        ([DONE, DONE, PENDING], PlanState.ACTIVE),
    ],
)
def test_a_plan_stands_where_its_tasks_stand(statuses: list[TaskStatus], state: PlanState) -> None:
    tasks = [A, B, C][: len(statuses)]
    moves = [moved(task, PENDING, now, MARKED) for task, now in zip(tasks, statuses, strict=True)]

    assert given(created(*tasks), *moves).plan.state is state


def test_a_bad_figure_alone_blocks_no_plan() -> None:
    plan = given(created(A, B), scored(A, OUTPUT, 0.1, mark_done=False)).plan

    assert (plan.needs_replan, plan.state) == (True, PlanState.ACTIVE)
