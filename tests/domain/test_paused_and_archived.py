"""Paused and archived plans."""

import pytest

from plangate.domain.commands import (
    ArchivePlan,
    CreatePlan,
    DeletePlan,
    ErasePlan,
    PlanCommand,
    RecordOutcome,
    RestorePlan,
)
from plangate.domain.errors import PlanExists, PlanHeld
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import PlanState
from tests.support.examples import (
    ADA,
    ARCHIVE,
    DONE,
    EVERY_COMMAND,
    EXPIRED,
    FAILED,
    HAS_ARCHIVED,
    HAS_PAUSED,
    HAS_RESTORED,
    HAS_RESUMED,
    HOLDING,
    IN_PROGRESS,
    MARKED,
    NOON,
    OUTPUT,
    PAUSE,
    PENDING,
    PLAN,
    RESTORE,
    RESUME,
    A,
    B,
    claim_next,
    claimed,
    create,
    created,
    delete,
    deleted,
    mark,
    moved,
    release,
    renew,
    replan,
    retry,
    revise,
    score_output,
    score_prompt,
    scored,
)
from tests.support.story import given

PAUSED = PlanHeld(PLAN, "is paused", "resume it to go on")
ARCHIVED = PlanHeld(PLAN, "is archived", "restore it to go on")

# --- paused --------------------------------------------------------------------


def test_a_plan_is_paused_and_resumed_with_a_reason() -> None:
    story = given(created(A)).when(PAUSE).then(HAS_PAUSED)
    assert (story.plan.paused, story.plan.state) == (True, PlanState.PAUSED)

    story = story.when(RESUME).then(HAS_RESUMED)
    assert (story.plan.paused, story.plan.state) == (False, PlanState.ACTIVE)


def test_pausing_twice_changes_nothing() -> None:
    given(created(A), HAS_PAUSED).when(PAUSE).then_nothing()


def test_resuming_what_was_not_paused_changes_nothing() -> None:
    given(created(A)).when(RESUME).then_nothing()
    given(created(A), HAS_PAUSED, HAS_RESUMED).when(RESUME).then_nothing()


def test_a_plan_can_be_paused_again() -> None:
    given(created(A), HAS_PAUSED, HAS_RESUMED).when(PAUSE).then(HAS_PAUSED)


def test_a_paused_plan_hands_out_no_work() -> None:
    story = given(created(A, B), HAS_PAUSED)

    story.when(claim_next(ADA)).refused(PAUSED)
    story.when(claim_next(ADA, task=B)).refused(PAUSED)
    story.when(RESUME).then(HAS_RESUMED).when(claim_next(ADA)).then(claimed(A, ADA))


def test_a_pause_is_reported_before_the_gate() -> None:
    held = given(created(A, B, policy=HOLDING), scored(A, OUTPUT, 0.1), replan(A), HAS_PAUSED)

    held.when(claim_next()).refused(PAUSED)


def test_claims_do_not_expire_in_a_paused_plan_until_it_goes_on() -> None:
    history = created(A), claimed(A, ADA, NOON), HAS_PAUSED

    given(*history).when(claim_next()).refused(PAUSED)
    given(*history, HAS_RESUMED).when(claim_next()).then(
        moved(A, IN_PROGRESS, PENDING, EXPIRED), claimed(A)
    )


@pytest.mark.parametrize(
    "command",
    [
        *(score_prompt(), score_output(), mark(B), release(), renew(A, 2, 60.0), revise()),
        *(retry(B), RESUME, ARCHIVE, delete()),
    ],
    ids=lambda command: type(command).__name__,
)
def test_all_else_goes_on_in_a_paused_plan(command: PlanCommand) -> None:
    history = created(A, B), claimed(A, ADA), moved(B, PENDING, FAILED), HAS_PAUSED

    assert given(*history).when(command).happens()


# --- put away ------------------------------------------------------------------


def test_a_plan_is_put_away_and_taken_out_again_as_it_was() -> None:
    history = created(A, B), claimed(A, ADA), HAS_PAUSED
    before = given(*history).plan
    story = given(*history).when(ARCHIVE).then(HAS_ARCHIVED)
    assert (story.plan.archived, story.plan.state) == (True, PlanState.ARCHIVED)

    after = story.when(RESTORE).then(HAS_RESTORED).plan
    assert (after.archived, after.paused, after.state) == (False, True, PlanState.PAUSED)
    assert (after.tasks, after.order) == (before.tasks, before.order)


def test_putting_away_twice_changes_nothing() -> None:
    given(created(A), HAS_ARCHIVED).when(ARCHIVE).then_nothing()


def test_taking_out_what_was_not_put_away_changes_nothing() -> None:
    given(created(A)).when(RESTORE).then_nothing()
    given(created(A), HAS_ARCHIVED, HAS_RESTORED).when(RESTORE).then_nothing()


def test_a_plan_can_be_put_away_again() -> None:
    given(created(A), HAS_ARCHIVED, HAS_RESTORED).when(ARCHIVE).then(HAS_ARCHIVED)


@pytest.mark.parametrize(
    "command",
    [
        command
        for command in EVERY_COMMAND
        if not isinstance(
            command,
            CreatePlan | ArchivePlan | RestorePlan | RecordOutcome | DeletePlan | ErasePlan,
        )
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_happens_to_a_plan_that_is_put_away(command: PlanCommand) -> None:
    given(created(A), scored(A), HAS_ARCHIVED).when(command).refused(ARCHIVED)
    given(created(A), scored(A), HAS_PAUSED, HAS_ARCHIVED).when(command).refused(ARCHIVED)


def test_the_id_of_a_plan_that_is_put_away_stays_taken() -> None:
    given(created(A), HAS_ARCHIVED).when(create(A)).refused(PlanExists(PLAN))


def test_a_plan_that_is_put_away_can_be_deleted() -> None:
    story = given(created(A), HAS_ARCHIVED).when(delete()).then(deleted())

    assert story.plan.state is PlanState.DELETED


@pytest.mark.parametrize(
    "history, state",
    [
        ((), PlanState.ACTIVE),
        ((HAS_PAUSED,), PlanState.PAUSED),
        ((HAS_ARCHIVED,), PlanState.ARCHIVED),
        ((HAS_PAUSED, HAS_ARCHIVED), PlanState.ARCHIVED),
        ((HAS_ARCHIVED, HAS_PAUSED), PlanState.ARCHIVED),
        ((HAS_PAUSED, HAS_ARCHIVED, deleted()), PlanState.DELETED),
        ((moved(A, PENDING, DONE, MARKED), HAS_PAUSED), PlanState.PAUSED),
        ((moved(A, PENDING, DONE, MARKED), HAS_ARCHIVED), PlanState.ARCHIVED),
        ((moved(A, PENDING, DONE, MARKED), deleted()), PlanState.DELETED),
    ],
)
def test_a_state_set_by_command_precedes_what_the_tasks_say(
    history: tuple[PlanEvent, ...], state: PlanState
) -> None:
    assert given(created(A), *history).plan.state is state
