"""The state of a plan, and its obstacles."""

from itertools import product

import pytest

from plangate.domain.obstacles import Obstacle, obstacles
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ObstacleKind, PlanState, TaskStatus
from tests.support.examples import (
    ADA,
    DONE,
    FAILED,
    HAS_APPROVED,
    HAS_PAUSED,
    HOLDING,
    IN_PROGRESS,
    MARKED,
    OUTPUT,
    PENDING,
    REPLANNING,
    USUAL,
    A,
    B,
    C,
    D,
    E,
    claimed,
    created,
    moved,
    planned,
    replan,
    scored,
)
from tests.support.story import given

LATE = planned(B, depends_on=(A,))


def plan_with(*statuses: TaskStatus, policy: Policy = USUAL, due: bool = False) -> Plan:
    """A, B, C in these statuses; B waits for A."""
    tasks = [planned(A), LATE, planned(C)][: len(statuses)]
    moves = [
        moved(task.id, PENDING, now, MARKED) for task, now in zip(tasks, statuses, strict=True)
    ]
    return given(created(*tasks, policy=policy), *moves, *([replan(A)] if due else [])).plan


def hindered(
    *,
    failed: tuple[str, ...] = (),
    replanning: tuple[str, ...] = (),
    unmet: tuple[str, ...] = (),
    held: tuple[str, ...] = (),
) -> tuple[Obstacle, ...]:
    expected = (
        Obstacle(ObstacleKind.FAILED, failed),
        Obstacle(ObstacleKind.REPLANNING, replanning),
        Obstacle(ObstacleKind.UNMET_DEPENDENCIES, unmet),
        Obstacle(ObstacleKind.GATE_HELD, held),
    )
    return tuple(obstacle for obstacle in expected if obstacle.task_ids)


# --- where it stands -----------------------------------------------------------


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
        ([DONE, DONE, IN_PROGRESS], PlanState.WAITING),
        ([DONE, DONE, PENDING], PlanState.ACTIVE),
        ([IN_PROGRESS, DONE, PENDING], PlanState.ACTIVE),
        # B waits for A
        ([PENDING, PENDING], PlanState.ACTIVE),
        ([DONE, PENDING], PlanState.ACTIVE),
        ([IN_PROGRESS, PENDING], PlanState.WAITING),
        ([FAILED, PENDING], PlanState.BLOCKED),
        ([REPLANNING, PENDING], PlanState.BLOCKED),
        ([FAILED, PENDING, PENDING], PlanState.ACTIVE),
        ([FAILED, PENDING, IN_PROGRESS], PlanState.WAITING),
    ],
)
def test_a_plan_stands_where_its_tasks_stand(statuses: list[TaskStatus], state: PlanState) -> None:
    assert plan_with(*statuses).state is state


@pytest.mark.parametrize(
    "statuses, state",
    [
        ([PENDING], PlanState.BLOCKED),
        ([PENDING, PENDING], PlanState.BLOCKED),
        ([DONE, PENDING, DONE], PlanState.BLOCKED),
        ([REPLANNING, PENDING, DONE], PlanState.BLOCKED),
        ([IN_PROGRESS, PENDING, PENDING], PlanState.WAITING),
        ([PENDING, IN_PROGRESS], PlanState.WAITING),
        ([DONE, DONE, DONE], PlanState.COMPLETE),
    ],
)
def test_a_plan_whose_gate_holds_is_not_active(
    statuses: list[TaskStatus], state: PlanState
) -> None:
    """With work in hand it waits, without it is blocked; what is complete is complete."""
    assert plan_with(*statuses, policy=HOLDING, due=True).state is state


@pytest.mark.parametrize("policy, due", [(USUAL, True), (HOLDING, False), (USUAL, False)])
def test_a_gate_that_does_not_hold_keeps_no_plan_from_being_active(
    policy: Policy, *, due: bool
) -> None:
    assert plan_with(REPLANNING, PENDING, PENDING, policy=policy, due=due).state is PlanState.ACTIVE


def test_a_low_confidence_alone_blocks_no_plan() -> None:
    plan = given(created(A, B), scored(A, OUTPUT, 0.1, mark_done=False)).plan

    assert (plan.needs_replan, plan.state) == (True, PlanState.ACTIVE)


def test_a_dependency_that_is_not_in_the_plan_blocks_it() -> None:
    """As when a history says so; no decision brings it about."""
    plan = given(created(planned(A, depends_on=("gone",)))).plan

    assert (plan.state, obstacles(plan)) == (PlanState.BLOCKED, hindered(unmet=(A,)))


# --- what stands in its way ----------------------------------------------------


@pytest.mark.parametrize("statuses", [[PENDING], [IN_PROGRESS], [DONE], [DONE, PENDING, DONE]])
def test_nothing_stands_in_the_way_of_what_can_be_taken_or_is_in_hand(
    statuses: list[TaskStatus],
) -> None:
    assert obstacles(plan_with(*statuses)) == ()


@pytest.mark.parametrize(
    "statuses, expected",
    [
        ([FAILED], hindered(failed=(A,))),
        ([REPLANNING], hindered(replanning=(A,))),
        ([FAILED, REPLANNING, FAILED], hindered(failed=(A, C), replanning=(B,))),
        ([PENDING, PENDING], hindered(unmet=(B,))),
        ([IN_PROGRESS, PENDING, FAILED], hindered(failed=(C,), unmet=(B,))),
        ([REPLANNING, PENDING, PENDING], hindered(replanning=(A,), unmet=(B,))),
        ([FAILED, IN_PROGRESS, DONE], hindered(failed=(A,))),
        ([FAILED, DONE, DONE], hindered(failed=(A,))),
    ],
)
def test_an_obstacle_names_the_tasks_it_concerns(
    statuses: list[TaskStatus], expected: tuple[Obstacle, ...]
) -> None:
    assert obstacles(plan_with(*statuses)) == expected


def test_an_obstacle_names_its_tasks_in_plan_order() -> None:
    creation = created(E, planned(D, depends_on=(B,)), C, planned(A, depends_on=(B,)), B)
    plan = given(creation, *(moved(task, PENDING, FAILED) for task in (B, C, E))).plan

    assert obstacles(plan) == hindered(failed=(E, C, B), unmet=(D, A))


def test_a_gate_that_holds_stands_in_the_way_of_the_tasks_that_are_ready() -> None:
    holds = plan_with(REPLANNING, PENDING, PENDING, policy=HOLDING, due=True)
    advises = plan_with(REPLANNING, PENDING, PENDING, policy=USUAL, due=True)

    assert obstacles(holds) == hindered(replanning=(A,), unmet=(B,), held=(C,))
    assert obstacles(advises) == hindered(replanning=(A,), unmet=(B,))


def test_a_gate_that_holds_back_no_task_stands_in_no_way() -> None:
    """Releasing it alone would make no task ready."""
    holds = plan_with(REPLANNING, PENDING, policy=HOLDING, due=True)

    assert obstacles(holds) == hindered(replanning=(A,), unmet=(B,))


def test_an_answered_gate_stands_in_the_way_no_longer() -> None:
    history = created(A, policy=HOLDING), replan(A)

    assert obstacles(given(*history).plan) == hindered(held=(A,))
    assert obstacles(given(*history, HAS_APPROVED).plan) == ()


def test_what_was_put_in_its_way_by_hand_hides_none_of_it() -> None:
    history = created(A, LATE, C), claimed(A, ADA), moved(C, PENDING, FAILED), HAS_PAUSED
    plan = given(*history).plan

    assert plan.state is PlanState.PAUSED
    assert obstacles(plan) == hindered(failed=(C,), unmet=(B,))


@pytest.mark.parametrize("policy", [USUAL, HOLDING], ids=["advise", "hold"])
def test_a_blocked_plan_says_why_and_only_what_is_complete_has_nothing_to_say(
    policy: Policy,
) -> None:
    """Every state of three tasks of which one waits for another, with and without a replan due."""
    for *statuses, due in product(TaskStatus, TaskStatus, TaskStatus, [False, True]):
        plan = plan_with(*statuses, policy=policy, due=bool(due))
        expected = obstacles(plan)

        assert expected or plan.state is not PlanState.BLOCKED
        assert not expected or plan.state is not PlanState.COMPLETE
        assert (plan.state is PlanState.COMPLETE) is (set(statuses) == {DONE})
        concerned = [task_id for obstacle in expected for task_id in obstacle.task_ids]
        assert len(concerned) == len(set(concerned))
