"""The order of a plan's tasks, and how they are moved."""

import pytest

from plangate.domain.commands import AddTask, DropTask, MoveTask
from plangate.domain.errors import InvalidInput, Problem, TaskGone, TaskNotFound
from plangate.domain.events import PlanEvent
from tests.support.examples import (
    EVEN,
    HAS_REVISED,
    OUTPUT,
    PLAN,
    STRANGER,
    A,
    B,
    C,
    D,
    E,
    added,
    claim_next,
    claimed,
    created,
    dropped,
    new,
    put,
    revise,
    scored,
)
from tests.support.story import given


@pytest.mark.parametrize(
    "neighbour, before, order",
    [
        ({}, None, (A, B, C, D)),
        ({"before": A}, A, (D, A, B, C)),
        ({"before": C}, C, (A, B, D, C)),
        ({"after": A}, B, (A, D, B, C)),
        ({"after": B}, C, (A, B, D, C)),
        ({"after": C}, None, (A, B, C, D)),
    ],
)
def test_a_task_is_added_in_front_of_one_or_behind_one_or_at_the_end(
    neighbour: dict[str, str], before: str | None, order: tuple[str, ...]
) -> None:
    story = given(created(A, B, C)).when(
        revise(AddTask.model_validate({"task": new(D), **neighbour}))
    )

    assert story.then(HAS_REVISED, added(D, before)).plan.order == order


@pytest.mark.parametrize(
    "task, neighbour, before, order",
    [
        (A, {}, None, (B, C, D, A)),
        (D, {}, None, (A, B, C, D)),
        (D, {"before": A}, A, (D, A, B, C)),
        (A, {"before": D}, D, (B, C, A, D)),
        (A, {"before": B}, B, (A, B, C, D)),
        (A, {"before": C}, C, (B, A, C, D)),
        (C, {"before": B}, B, (A, C, B, D)),
        (A, {"after": D}, None, (B, C, D, A)),
        (A, {"after": B}, C, (B, A, C, D)),
        (B, {"after": A}, C, (A, B, C, D)),
        (C, {"after": A}, B, (A, C, B, D)),
        (D, {"after": C}, None, (A, B, C, D)),
        (D, {"after": A}, B, (A, D, B, C)),
        (C, {"after": D}, None, (A, B, D, C)),
        (B, {"after": C}, D, (A, C, B, D)),
    ],
)
def test_a_task_is_moved_in_front_of_one_or_behind_one_or_to_the_end(
    task: str, neighbour: dict[str, str], before: str | None, order: tuple[str, ...]
) -> None:
    move = MoveTask.model_validate({"task_id": task, **neighbour})
    story = given(created(A, B, C, D)).when(revise(move))

    assert story.then(HAS_REVISED, put(task, before)).plan.order == order


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_task_cannot_stand_beside_itself(side: str) -> None:
    problem = Problem("changes[1]", f"'{B}' cannot be moved next to itself")
    beside = MoveTask.model_validate({"task_id": B, side: B})

    given(created(A, B)).when(revise(MoveTask(task_id=A), beside)).refused(InvalidInput([problem]))


@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_stands_beside_a_task_that_is_not_there(side: str) -> None:
    story = given(created(A, B, C), dropped(C))

    for neighbour, why in (
        (STRANGER, TaskNotFound(PLAN, STRANGER)),
        (C, TaskGone(PLAN, C, "dropped")),
    ):
        story.when(revise(AddTask.model_validate({"task": new(D), side: neighbour}))).refused(why)
        story.when(revise(MoveTask.model_validate({"task_id": A, side: neighbour}))).refused(why)


def test_later_changes_build_on_earlier_ones() -> None:
    command = revise(
        AddTask(task=new(D), before=B),
        AddTask(task=new(E), after=D),
        MoveTask(task_id=A, after=E),
        DropTask(task_id=B),
    )

    story = given(created(A, B, C)).when(command)
    plan = story.then(HAS_REVISED, added(D, B), added(E, B), put(A, B), dropped(B)).plan
    assert plan.order == (D, E, A, C)


def test_the_only_task_may_be_moved_to_where_it_is() -> None:
    given(created(A)).when(revise(MoveTask(task_id=A))).then(HAS_REVISED, put(A))


def test_the_queue_follows_the_order() -> None:
    given(created(A, B)).when(revise(MoveTask(task_id=B, before=A))).then(
        HAS_REVISED, put(B, A)
    ).when(claim_next()).then(claimed(B))


def test_the_confidence_follows_the_order() -> None:
    """(0.5 × 0.5 + 1) / 1.5 before, (0.5 × 1 + 0.5) / 1.5 after."""
    history = created(A, B, policy=EVEN), scored(A, OUTPUT, 0.5), scored(B, OUTPUT, 1.0)
    before, after = given(*history).plan, given(*history, put(A)).plan

    assert (before.rolling_confidence, after.rolling_confidence) == (1.25 / 1.5, 1 / 1.5)
    assert after.tasks == before.tasks


@pytest.mark.parametrize(
    "event, order",
    [
        (put(A, STRANGER), (B, A)),
        (put(A, A), (B, A)),
        (put(B, STRANGER), (A, B)),
        (put(STRANGER, A), (A, B)),
        (added(D, STRANGER), (A, B, D)),
        (added(D, D), (A, B, D)),
        (added(B, A), (B, A)),
        (added(A), (B, A)),
    ],
)
def test_a_recorded_neighbour_that_is_gone_means_the_end(
    event: PlanEvent, order: tuple[str, ...]
) -> None:
    """No decision brings these about; a history that holds one is folded all the same."""
    assert given(created(A, B), event).plan.order == order
