"""Who works on a task and for how long: taking it, leases that run out, giving it back."""

from datetime import UTC, datetime, timedelta

import pytest

from plangate.domain.claims import MAX_LEASE
from plangate.domain.errors import InvalidInput, Problem, TaskGone, TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.task import Claim
from plangate.domain.vocabulary import PlanState, TaskStatus
from tests.support.examples import (
    ADA,
    BOB,
    CLAIMED,
    DONE,
    EXPIRED,
    IN_PROGRESS,
    MARKED,
    MORNING,
    NOON,
    PENDING,
    PLAN,
    RELEASED,
    REPLANNING,
    STRANGER,
    WHY,
    A,
    B,
    C,
    claim_next,
    claimed,
    created,
    dropped,
    mark,
    moved,
    planned,
    release,
    renew,
    renewed,
    score_output,
    scored,
)
from tests.support.story import given

A_MINUTE = timedelta(minutes=1)
A_TICK = timedelta(microseconds=1)
SOON = NOON + A_MINUTE
EVENING = NOON + timedelta(hours=6)


def expired(task: str = A) -> PlanEvent:
    return moved(task, IN_PROGRESS, PENDING, EXPIRED)


# --- taking a task -------------------------------------------------------------


def test_a_claim_names_its_worker_and_holds_for_good_without_a_lease() -> None:
    story = given(created(A)).when(claim_next(ADA)).then(claimed(A, ADA))

    claim = story.plan.task(A).claim
    assert claim == Claim(token=2, worker=ADA, since=NOON, until=None)
    assert not claim.has_expired(NOON + timedelta(days=365_000))


def test_a_claim_may_have_a_lease() -> None:
    story = given(created(A)).when(claim_next(ADA, 60.0)).then(claimed(A, ADA, SOON))

    assert story.plan.task(A).claim == Claim(token=2, worker=ADA, since=NOON, until=SOON)


@pytest.mark.parametrize("lease", [0.5, 1.0, 30 * 24 * 3600.0])
def test_a_lease_counts_from_when_the_task_is_taken(lease: float) -> None:
    until = EVENING + timedelta(seconds=lease)

    given(created(A)).when(claim_next(None, lease), EVENING).then(claimed(A, None, until))


def test_a_lease_beyond_the_calendar_is_refused() -> None:
    eve = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    given(created(A)).when(claim_next(None, 59.0), eve).then(
        claimed(A, None, eve + timedelta(seconds=59))
    )
    given(created(A)).when(claim_next(None, 61.0), eve).refused(
        InvalidInput([Problem("lease", "must end before the year 10000")])
    )


def test_a_claim_may_be_nameless() -> None:
    plan = given(created(A)).when(claim_next()).then(claimed(A)).plan

    assert plan.task(A).claim == Claim(token=2, worker=None, since=NOON, until=None)


def test_the_token_of_a_claim_is_the_version_that_made_it() -> None:
    history = created(A, B), scored(B, mark_done=False), moved(A), moved(A, DONE, PENDING, MARKED)
    plan = given(*history).when(claim_next()).then(claimed(A)).plan

    assert plan.task(A).claim == Claim(plan.version, None, NOON, None) == Claim(5, None, NOON, None)


def test_a_worker_may_hold_several_tasks() -> None:
    story = given(created(A, B)).when(claim_next(ADA)).then(claimed(A, ADA))

    story.when(claim_next(ADA)).then(claimed(B, ADA))


def test_a_task_marked_as_in_progress_by_hand_has_no_claim() -> None:
    plan = given(created(A), moved(A, PENDING, IN_PROGRESS, MARKED)).plan

    assert plan.task(A).claim is None


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS])
def test_a_task_put_back_by_hand_has_no_claim(status: TaskStatus) -> None:
    history = created(A), claimed(A, ADA), moved(A, IN_PROGRESS, DONE), moved(A, DONE, status)

    assert given(*history).plan.task(A).claim is None


# --- leases that run out -------------------------------------------------------


@pytest.mark.parametrize(
    "now, over", [(SOON - A_TICK, False), (SOON, True), (SOON + A_TICK, True), (EVENING, True)]
)
def test_a_lease_has_run_out_at_its_very_end(now: object, *, over: bool) -> None:
    claim = Claim(token=2, worker=ADA, since=NOON, until=SOON)

    assert claim.has_expired(now) is over  # type: ignore[arg-type]


def test_an_expired_claim_returns_before_the_next_task_is_taken() -> None:
    story = given(created(A), claimed(A, ADA, NOON)).when(claim_next(BOB))

    plan = story.then(expired(A), claimed(A, BOB)).plan
    assert plan.task(A).claim == Claim(token=4, worker=BOB, since=NOON, until=None)


def test_a_claim_in_force_does_not_return() -> None:
    given(created(A), claimed(A, ADA, NOON + A_TICK)).when(claim_next(BOB)).then_nothing()
    given(created(A, B), claimed(A, ADA, SOON)).when(claim_next(BOB)).then(claimed(B, BOB))


def test_a_claim_without_a_lease_never_returns_by_itself() -> None:
    given(created(A), claimed(A, ADA)).when(claim_next(BOB), EVENING).then_nothing()


def test_all_expired_claims_return_in_plan_order_and_the_first_ready_task_is_taken() -> None:
    history = (
        created(A, B, C),
        claimed(A, ADA, SOON),
        claimed(B, BOB),
        claimed(C, BOB, MORNING + A_MINUTE),
    )

    given(*history).when(claim_next(ADA), EVENING).then(expired(A), expired(C), claimed(A, ADA))
    given(*history).when(claim_next(ADA)).then(expired(C), claimed(C, ADA))


def test_expired_claims_return_even_when_nothing_can_be_taken() -> None:
    waits = planned(A, depends_on=(B,))
    history = created(waits, B), moved(A, PENDING, IN_PROGRESS, CLAIMED, lease_until=NOON)
    story = given(*history, moved(B, PENDING, REPLANNING)).when(claim_next())

    assert story.then(expired(A)).plan.state is PlanState.BLOCKED


def test_expired_claims_return_also_when_another_task_is_named() -> None:
    history = created(A, B), claimed(A, ADA, NOON)

    given(*history).when(claim_next(BOB, task=B)).then(expired(A), claimed(B, BOB))
    given(*history).when(claim_next(BOB, task=A)).then(expired(A), claimed(A, BOB))
    given(*history).when(claim_next(BOB, task=STRANGER)).then(expired(A))


def test_a_lease_ends_with_the_work() -> None:
    """A task that was settled in time does not return because its lease would have run out."""
    history = created(A), claimed(A, ADA, SOON), scored(A), moved(A, IN_PROGRESS, DONE)

    given(*history).when(claim_next(BOB), EVENING).then_nothing()


def test_nothing_expires_before_the_next_claim() -> None:
    """Other commands neither look nor guess: the task is still in progress."""
    story = given(created(A, B), claimed(A, ADA, NOON))

    assert story.plan.task(A).status is IN_PROGRESS
    story.when(mark(B), EVENING).then(moved(B, PENDING, DONE, MARKED))
    story.when(score_output(A), EVENING).then(scored(A), moved(A, IN_PROGRESS, DONE))


def test_a_clock_set_back_keeps_a_claim_in_force_for_longer() -> None:
    history = created(A), claimed(A, ADA, NOON)

    given(*history).when(claim_next(BOB), MORNING).then_nothing()
    given(*history).when(claim_next(BOB), NOON).then(expired(A), claimed(A, BOB))


def test_a_clock_set_back_makes_a_lease_from_what_it_says() -> None:
    history = created(A), claimed(A, ADA, NOON), expired(A)

    given(*history).when(claim_next(BOB, 60.0), MORNING).then(claimed(A, BOB, MORNING + A_MINUTE))


def test_a_renewed_lease_runs_out_at_its_new_end() -> None:
    history = created(A), claimed(A, ADA, NOON), renewed(A, SOON)

    given(*history).when(claim_next(BOB), NOON).then_nothing()
    given(*history).when(claim_next(BOB), SOON).then(expired(A), claimed(A, BOB))


def test_an_endless_lease_is_renewed_for_no_longer_than_a_lease_can_be() -> None:
    """An import of an older plangate may have brought it."""
    history = created(A), claimed(A, ADA, datetime.max.replace(tzinfo=UTC))

    given(*history).when(renew(A)).then(renewed(A, NOON + MAX_LEASE))


# --- giving it back ------------------------------------------------------------


def test_a_task_is_given_back_undone_and_handed_out_again() -> None:
    (
        given(created(A, B))
        .when(claim_next(ADA))
        .then(claimed(A, ADA))
        .when(release(A))
        .then(moved(A, IN_PROGRESS, PENDING, RELEASED))
        .when(claim_next(BOB))
        .then(claimed(A, BOB))
    )


def test_why_a_task_was_given_back_is_kept() -> None:
    given(created(A), claimed(A)).when(release(A, reason=WHY)).then(
        moved(A, IN_PROGRESS, PENDING, RELEASED, WHY)
    )


def test_a_released_task_has_no_claim() -> None:
    history = created(A), claimed(A, ADA, SOON), moved(A, IN_PROGRESS, PENDING, RELEASED)

    assert given(*history).plan.task(A).claim is None


@pytest.mark.parametrize("status", [status for status in TaskStatus if status is not IN_PROGRESS])
def test_giving_back_what_is_not_in_progress_changes_nothing(status: TaskStatus) -> None:
    given(created(A), moved(A, PENDING, status, MARKED)).when(release(A)).then_nothing()


def test_work_begun_by_hand_can_be_given_back() -> None:
    given(created(A), moved(A, PENDING, IN_PROGRESS, MARKED)).when(release(A)).then(
        moved(A, IN_PROGRESS, PENDING, RELEASED)
    )


def test_releasing_an_unknown_task_is_refused() -> None:
    given(created(A)).when(release(STRANGER)).refused(TaskNotFound(PLAN, STRANGER))


def test_giving_back_a_task_that_left_the_plan_is_refused() -> None:
    given(created(A, B), claimed(A), dropped(A)).when(release(A)).refused(
        TaskGone(PLAN, A, "dropped")
    )
