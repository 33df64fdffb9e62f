"""A task that waits for a decision from outside, and claiming one task by its id."""

from datetime import timedelta

import pytest

from plangate.domain.commands import ClaimNextTask
from plangate.domain.errors import (
    InvalidInput,
    PlanHeld,
    Problem,
    TaskNotFound,
    TaskNotReady,
    VersionMismatch,
)
from plangate.domain.events import TaskUndeferred
from plangate.domain.obstacles import Obstacle, obstacles
from plangate.domain.task import Deferral
from plangate.domain.vocabulary import DeferralEnd, ObstacleKind, PlanState
from tests.support.examples import (
    ADA,
    BOB,
    DONE,
    EXPIRED,
    FAILED,
    HAS_ERASED,
    HAS_PAUSED,
    IN_PROGRESS,
    MARKED,
    NOON,
    PENDING,
    PLAN,
    STRANGER,
    WHY,
    A,
    B,
    C,
    claim,
    claim_next,
    claimed,
    created,
    defer,
    deferred,
    mark,
    moved,
    planned,
    score_output,
    scored,
    undefer,
    undeferred,
)
from tests.support.story import given

LATER = NOON + timedelta(hours=1)


def over(task: str = A) -> TaskUndeferred:
    return undeferred(task, cause=DeferralEnd.EXPIRED)


def test_a_task_that_waits_for_several_names_them_all() -> None:
    story = given(created(A, B, planned(C, depends_on=(A, B))))
    error = TaskNotReady(PLAN, C, f"waits for {A!r}, {B!r}")
    story.when(claim(C)).refused(error)


def test_a_deferred_task_stays_pending_and_is_not_handed_out() -> None:
    story = given(created(A, B)).when(defer(A)).then(deferred(A))

    task = story.plan.task(A)
    assert (task.status, task.deferred) == (PENDING, Deferral(WHY, None))
    story.when(claim_next()).then(claimed(B))


def test_a_deferred_task_is_an_obstacle_with_its_reason() -> None:
    plan = given(created(A), deferred(A)).plan

    assert obstacles(plan) == (Obstacle(ObstacleKind.DEFERRED, (A,), {A: WHY}),)
    assert plan.state is PlanState.WAITING


def test_an_erased_reason_is_gone_and_the_task_stays_deferred() -> None:
    plan = given(created(A), deferred(A, until=LATER), HAS_ERASED).plan

    assert plan.task(A).deferred == Deferral(None, LATER)
    assert obstacles(plan) == (Obstacle(ObstacleKind.DEFERRED, (A,)),)


def test_deferring_again_the_same_way_records_nothing_and_another_way_does() -> None:
    story = given(created(A), deferred(A, until=LATER))

    story.when(defer(A, until=LATER)).then_nothing()
    story.when(defer(A)).then(deferred(A))
    story.when(defer(A, "In review", LATER)).then(deferred(A, "In review", LATER))


@pytest.mark.parametrize("status", [IN_PROGRESS, DONE, FAILED])
def test_only_a_pending_task_is_deferred(status: str) -> None:
    story = given(created(A), moved(A, PENDING, status, MARKED))  # type: ignore[arg-type]

    problem = Problem("task_id", f"the task {A!r} is {status}; only a pending one is deferred")
    story.when(defer(A)).refused(InvalidInput([problem]))


def test_an_unknown_task_is_neither_deferred_nor_undeferred_nor_claimed() -> None:
    for command in (
        defer(STRANGER),
        undefer(STRANGER),
        claim(STRANGER),
    ):
        given(created(A)).when(command).refused(TaskNotFound(PLAN, STRANGER))


def test_a_deferral_ends_after_now() -> None:
    problem = Problem("until", f"must be after now, {NOON.isoformat()}")
    given(created(A)).when(defer(A, until=NOON)).refused(InvalidInput([problem]))
    tick = NOON + timedelta(microseconds=1)
    given(created(A)).when(defer(A, until=tick)).then(deferred(A, until=tick))


def test_a_task_is_undeferred_for_a_reason_or_none() -> None:
    story = given(created(A), deferred(A))

    story.when(undefer(A)).then(undeferred(A)).when(claim_next()).then(claimed(A))
    story.when(undefer(A, WHY)).then(undeferred(A, WHY))
    given(created(A)).when(undefer(A)).then_nothing()


def test_a_deferral_whose_time_is_up_ends_through_the_next_command_that_looks() -> None:
    story = given(created(A, B), deferred(A, until=NOON), claimed(B, ADA, NOON))

    story.when(claim_next(BOB)).then(
        over(A), moved(B, IN_PROGRESS, PENDING, EXPIRED), claimed(A, BOB)
    )


def test_a_deferral_whose_time_is_up_ends_although_nothing_can_be_taken() -> None:
    waiting = planned(B, depends_on=(A,))
    story = given(created(A, waiting), claimed(A), deferred(B, until=NOON))

    story.when(claim_next()).then(over(B))


def test_scoring_or_marking_a_deferred_task_ends_the_deferral() -> None:
    story = given(created(A), deferred(A))

    assert story.when(score_output(A, 0.9)).then(scored(A), moved(A)).plan.task(A).deferred is None
    assert story.and_then(scored(A, mark_done=False)).plan.task(A).deferred is None
    done = story.when(mark(A, DONE)).then(moved(A, PENDING, DONE, MARKED))
    assert done.plan.task(A).deferred is None


# --- claiming one task -----------------------------------------------------------


def test_a_task_is_claimed_by_its_id_before_others() -> None:
    given(created(A, B)).when(claim(B, ADA, 60)).then(claimed(B, ADA, NOON + timedelta(seconds=60)))


def test_a_claim_by_id_takes_a_task_whose_lease_or_deferral_is_over() -> None:
    given(created(A), claimed(A, ADA, NOON)).when(claim(A, BOB)).then(
        moved(A, IN_PROGRESS, PENDING, EXPIRED), claimed(A, BOB)
    )
    given(created(A), deferred(A, until=NOON)).when(claim(A)).then(over(A), claimed(A))


def test_a_claim_by_id_is_refused_with_the_reason() -> None:
    waiting = planned(B, depends_on=(A,))

    def refused(why: str, *history: object, task: str = A) -> None:
        story = given(created(A, waiting), *history)  # type: ignore[arg-type]
        story.when(claim(task)).refused(TaskNotReady(PLAN, task, why))

    refused(f"is in progress: {ADA} holds it", claimed(A, ADA))
    refused("is in_progress", claimed(A))
    refused("is done", moved(A, PENDING, DONE, MARKED))
    refused(f"is deferred: {WHY}", deferred(A))
    refused(f"is deferred until {LATER.isoformat()}: {WHY}", deferred(A, until=LATER))
    refused("is deferred: the reason was erased", deferred(A, reason=None))
    refused(f"waits for {A!r}", task=B)


def test_a_paused_plan_hands_out_no_task_by_its_id() -> None:
    given(created(A), HAS_PAUSED).when(claim(A)).refused(
        PlanHeld(PLAN, "is paused", "resume it to go on")
    )


# --- at a version ------------------------------------------------------------------


def test_a_task_is_taken_at_the_version_that_was_looked_at_and_at_no_other() -> None:
    story = given(created(A))

    story.when(ClaimNextTask(if_version=1)).then(claimed(A))
    story.when(ClaimNextTask(if_version=2)).refused(VersionMismatch(PLAN, 2, 1))
    story.and_then(HAS_PAUSED).when(ClaimNextTask(if_version=1)).refused(
        VersionMismatch(PLAN, 1, 2)
    )
