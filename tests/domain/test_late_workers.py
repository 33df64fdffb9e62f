"""Workers that come late: a fencing token shows whether their claim is in force."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from plangate.domain.commands import MarkTask, PlanCommand, ReleaseTask
from plangate.domain.errors import ClaimLost, TaskGone, TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.task import Claim
from plangate.domain.vocabulary import TaskStatus
from tests.support.examples import (
    ADA,
    BOB,
    DONE,
    EXPIRED,
    FAILED,
    IN_PROGRESS,
    MARKED,
    MORNING,
    NOON,
    PENDING,
    PLAN,
    PROMPT,
    RELEASED,
    RETRIED,
    STRANGER,
    A,
    B,
    attempted,
    claim_next,
    claimed,
    created,
    dropped,
    moved,
    release,
    renew,
    renewed,
    replan,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import given

A_MINUTE = timedelta(minutes=1)
A_TICK = timedelta(microseconds=1)
SOON = NOON + A_MINUTE
EVENING = NOON + timedelta(hours=6)

WithToken = Callable[..., PlanCommand]

FENCED = [
    pytest.param(score_prompt, id="score_prompt"),
    pytest.param(score_output, id="score_output"),
    pytest.param(update, id="update"),
    pytest.param(partial(update, prompt=None), id="update-output"),
    pytest.param(partial(update, output=None), id="update-prompt"),
    pytest.param(partial(MarkTask, task_id=A, status=FAILED), id="mark"),
    pytest.param(release, id="release"),
    pytest.param(renew, id="renew"),
]
"""Every command that may say by which claim it is made."""

OVER: list[tuple[str, tuple[PlanEvent, ...]]] = [
    ("expired", (claimed(A, ADA, NOON), moved(A, IN_PROGRESS, PENDING, EXPIRED))),
    ("expired before the next claim", (claimed(A, ADA, NOON),)),
    ("released", (claimed(A, ADA), moved(A, IN_PROGRESS, PENDING, RELEASED))),
    ("put back by hand", (claimed(A, ADA), moved(A, IN_PROGRESS, PENDING, MARKED))),
    (
        "begun anew by hand",
        (claimed(A, ADA), moved(A, IN_PROGRESS, DONE), moved(A, DONE, IN_PROGRESS, MARKED)),
    ),
    (
        "another attempt",
        (
            *(claimed(A, ADA), scored(A, score=0.1), moved(A, IN_PROGRESS, FAILED)),
            *(attempted(A), moved(A, FAILED, PENDING, RETRIED)),
        ),
    ),
    ("never was", (moved(A, PENDING, IN_PROGRESS, MARKED),)),
]
OVERS = [pytest.param(history, id=name) for name, history in OVER]


# --- the token that is good ----------------------------------------------------


@pytest.mark.parametrize("command", FENCED)
def test_the_token_of_the_claim_in_force_is_accepted(command: WithToken) -> None:
    story = given(created(A), claimed(A, ADA, SOON)).when(command(token=2))

    assert story.happens()


@pytest.mark.parametrize("now", [MORNING, NOON, SOON - A_TICK])
def test_a_token_is_good_until_the_lease_runs_out(now: datetime) -> None:
    story = given(created(A), claimed(A, ADA, SOON))

    story.when(score_output(A, token=2), now).then(scored(A), moved(A, IN_PROGRESS, DONE))


@pytest.mark.parametrize("command", FENCED)
@pytest.mark.parametrize("now", [SOON, EVENING])
def test_a_token_is_refused_once_the_lease_has_run_out(command: WithToken, now: datetime) -> None:
    story = given(created(A), claimed(A, ADA, SOON))

    story.when(command(token=2), now).refused(ClaimLost(PLAN, A, 2))


def test_a_token_is_accepted_again_when_the_clock_is_set_back_before_the_next_claim() -> None:
    story = given(created(A), claimed(A, ADA, NOON))
    story.when(score_output(A, token=2)).refused(ClaimLost(PLAN, A, 2))

    story.when(score_output(A, token=2), NOON - A_TICK).then(scored(A), moved(A, IN_PROGRESS, DONE))


def test_a_worker_may_go_on_judging_after_its_score_has_settled_the_task() -> None:
    """Also when the lease would have run out by then: the work is done."""
    judged = given(created(A), claimed(A, ADA, SOON)).when(score_output(A, 0.8, token=2))
    story = judged.then(scored(A, score=0.8), moved(A, IN_PROGRESS, DONE))

    story = story.when(score_prompt(A, token=2), EVENING).then(scored(A, PROMPT))
    story = story.when(score_output(A, 0.1, token=2), EVENING).then(
        scored(A, score=0.1),
        moved(A, DONE, TaskStatus.REPLANNING),
        replan(A, rolling=0.9 * 0.35 + 0.1 * 0.65),
    )
    story.when(update(A, token=2), EVENING).then(
        scored(A, PROMPT), scored(A), moved(A, TaskStatus.REPLANNING, DONE)
    )


def test_giving_back_what_ones_own_score_has_settled_changes_nothing() -> None:
    history = created(A), claimed(A, ADA), scored(A), moved(A, IN_PROGRESS, DONE)

    given(*history).when(release(A, token=2)).then_nothing()


# --- the token that is not -----------------------------------------------------


@pytest.mark.parametrize("command", FENCED)
@pytest.mark.parametrize("history", OVERS)
def test_a_token_is_refused_when_its_claim_is_over(
    command: WithToken, history: tuple[PlanEvent, ...]
) -> None:
    given(created(A), *history).when(command(token=2)).refused(ClaimLost(PLAN, A, 2))


@pytest.mark.parametrize("command", FENCED)
@pytest.mark.parametrize("holder", [BOB, None])
def test_the_refusal_of_a_late_worker_names_the_current_holder(
    command: WithToken, holder: str | None
) -> None:
    history = claimed(A, ADA, NOON), moved(A, IN_PROGRESS, PENDING, EXPIRED), claimed(A, holder)

    given(created(A), *history).when(command(token=2)).refused(ClaimLost(PLAN, A, 2, holder, 4))


def test_the_refusal_names_no_holder_whose_lease_has_run_out() -> None:
    history = claimed(A, ADA), moved(A, IN_PROGRESS, PENDING, RELEASED), claimed(A, BOB, NOON)

    given(created(A), *history).when(score_output(A, token=2)).refused(ClaimLost(PLAN, A, 2))


def test_the_refusal_names_no_holder_whose_work_is_done() -> None:
    history = (
        *(claimed(A, ADA), moved(A, IN_PROGRESS, PENDING, RELEASED)),
        *(claimed(A, BOB), scored(A), moved(A, IN_PROGRESS, DONE)),
    )

    given(created(A), *history).when(score_output(A, token=2)).refused(ClaimLost(PLAN, A, 2))
    assert given(created(A), *history).when(score_output(A, token=4)).happens()


@pytest.mark.parametrize("token", [1, 3, 4, 10**30])
def test_a_token_that_never_was_a_claim_of_the_task_is_refused(token: int) -> None:
    """3 is that of another task."""
    story = given(created(A, B), claimed(A, ADA), claimed(B, BOB))

    story.when(score_output(A, token=token)).refused(ClaimLost(PLAN, A, token, ADA, 2))


def test_a_late_update_records_neither_score() -> None:
    story = given(created(A), claimed(A, ADA, NOON))

    story.when(update(A, token=2)).refused(ClaimLost(PLAN, A, 2))
    story.when(update(A)).then(scored(A, PROMPT), scored(A), moved(A, IN_PROGRESS, DONE))


@pytest.mark.parametrize("command", [w for w in FENCED if w.id != "renew"])
@pytest.mark.parametrize("history", [*OVERS, pytest.param((claimed(A, BOB),), id="in force")])
def test_no_token_at_all_is_never_late(command: WithToken, history: tuple[PlanEvent, ...]) -> None:
    for now in (MORNING, NOON, EVENING):
        happened = given(created(A), *history).when(command(token=None), now).happens()
        assert happened or isinstance(command(token=None), ReleaseTask)


def test_a_token_for_a_task_that_is_not_in_the_plan_is_refused_as_that() -> None:
    story = given(created(A, B), claimed(A, ADA), dropped(A))

    for command in (score_output, renew, release):
        story.when(command(A, token=2)).refused(TaskGone(PLAN, A, "dropped"))
        story.when(command(STRANGER, token=2)).refused(TaskNotFound(PLAN, STRANGER))


# --- the heartbeat -------------------------------------------------------------


def test_a_heartbeat_renews_the_lease_for_as_long_as_before() -> None:
    """Twenty seconds late: so much later it will run out."""
    beat = NOON + timedelta(seconds=20)
    story = given(created(A)).when(claim_next(ADA, 60.0)).then(claimed(A, ADA, SOON))

    story = story.when(renew(A, 2), beat).then(renewed(A, SOON + timedelta(seconds=20)))
    later = beat + timedelta(seconds=50)
    story.when(renew(A, 2), later).then(renewed(A, SOON + timedelta(seconds=70)))


@pytest.mark.parametrize("lease", [1.0, 60.0, 3600.0])
def test_a_heartbeat_may_name_another_lease(lease: float) -> None:
    story = given(created(A), claimed(A, ADA, SOON))
    until = NOON + timedelta(seconds=lease)
    story = story.when(renew(A, 2, lease)).then(renewed(A, until))

    last = until - A_TICK
    story.when(renew(A, 2), last).then(renewed(A, last + timedelta(seconds=lease)))


def test_a_heartbeat_gives_a_claim_that_held_for_good_a_lease() -> None:
    given(created(A), claimed(A, ADA)).when(renew(A, 2, 60.0)).then(renewed(A, SOON))


def test_the_heartbeat_of_a_claim_that_holds_for_good_changes_nothing() -> None:
    given(created(A), claimed(A, ADA)).when(renew(A, 2)).then_nothing()


def test_a_heartbeat_keeps_the_token_and_the_worker() -> None:
    story = given(created(A), claimed(A, ADA, SOON)).when(renew(A, 2, 3600.0))

    plan = story.then(renewed(A, NOON + timedelta(hours=1))).plan
    assert plan.task(A).claim == Claim(2, ADA, NOON, NOON + timedelta(hours=1))


def test_a_heartbeat_of_a_clock_set_back_counts_from_what_it_says() -> None:
    story = given(created(A)).when(claim_next(ADA, 60.0)).then(claimed(A, ADA, SOON))

    story.when(renew(A, 2), MORNING).then(renewed(A, MORNING + A_MINUTE))


@pytest.mark.parametrize("status", [DONE, FAILED, TaskStatus.REPLANNING])
def test_there_is_nothing_to_renew_once_the_work_is_settled(status: TaskStatus) -> None:
    history = created(A), claimed(A, ADA, SOON), scored(A), moved(A, IN_PROGRESS, status)

    given(*history).when(renew(A, 2)).refused(ClaimLost(PLAN, A, 2))
