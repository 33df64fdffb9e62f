"""The gate: when a replan is due, what answers it, and what a gate that holds keeps back."""

from datetime import timedelta

import pytest

from plangate.domain.commands import ChangeTask, PlanCommand
from plangate.domain.errors import PlanHeld
from plangate.domain.events import PlanEvent
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Gate
from tests.support.examples import (
    ADA,
    APPROVE,
    DONE,
    EVEN,
    EXPIRED,
    FAILED,
    HAS_APPROVED,
    HAS_REVISED,
    HOLDING,
    IN_PROGRESS,
    MARKED,
    NOON,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    RELEASED,
    REPLANNING,
    RETRIED,
    USUAL,
    WHY,
    A,
    B,
    C,
    D,
    added,
    attempted,
    changed,
    claim_next,
    claimed,
    created,
    mark,
    moved,
    record_failure,
    release,
    renew,
    renewed,
    replan,
    retract,
    retracted,
    retry,
    revise,
    score_output,
    score_prompt,
    scored,
)
from tests.support.story import Story, given

HELD_EVEN = Policy.model_validate(EVEN.model_dump() | {"gate": "hold"})


def fired(policy: Policy = USUAL) -> Story:
    """A was judged so badly that a replan is due; B and C are still to do."""
    return given(
        *(created(A, B, C, policy=policy), scored(A, OUTPUT, 0.5)),
        *(moved(A, PENDING, REPLANNING), replan(A)),
    )


def held(rolling: str = "0.500", threshold: str = "0.720") -> PlanHeld:
    why = (
        f"is held by its gate: a replan is due "
        f"(rolling confidence {rolling}, threshold {threshold})"
    )
    return PlanHeld(PLAN, why, "revise it, retry a task or approve the gate to go on")


# --- when a replan is due ------------------------------------------------------


def test_a_replan_is_due_when_an_output_score_fires_the_gate() -> None:
    before = given(created(A)).plan
    story = given(created(A)).when(score_output(A, 0.5))
    after = story.then(scored(A, OUTPUT, 0.5), moved(A, PENDING, REPLANNING), replan(A)).plan

    assert (before.replan_due, after.replan_due) == (False, True)


def test_a_low_confidence_alone_makes_no_replan_due() -> None:
    bad_prompt = given(created(A)).when(score_prompt(A, 0.0)).then(scored(A, PROMPT, 0.0)).plan

    assert (bad_prompt.needs_replan, bad_prompt.replan_due) == (True, False)


@pytest.mark.parametrize(
    "answer, events",
    [
        (revise(), (HAS_REVISED, added(D))),
        (
            revise(ChangeTask(task_id=B, title="Better")),
            (HAS_REVISED, changed(B, title="Better")),
        ),
        (retry(A), (attempted(A, 2, WHY), moved(A, REPLANNING, PENDING, RETRIED))),
        (APPROVE, (HAS_APPROVED,)),
    ],
    ids=["revise", "revise another", "retry", "approve"],
)
@pytest.mark.parametrize("policy", [USUAL, HOLDING], ids=["advise", "hold"])
def test_a_revision_a_retry_or_an_approval_answers_it_and_the_confidence_stays(
    policy: Policy, answer: PlanCommand, events: tuple[PlanEvent, ...]
) -> None:
    plan = fired(policy).when(answer).then(*events).plan

    assert (plan.replan_due, plan.is_held) == (False, False)
    assert (plan.needs_replan, plan.replan_count) == (True, 1)


def test_a_replan_stays_due_although_the_confidence_recovers() -> None:
    """By a better score of another task, or because the bad one was withdrawn."""
    better = scored(B, OUTPUT, 1.0), moved(B, PENDING, DONE)
    recovered = fired().when(score_output(B, 1.0)).then(*better).plan
    withdrawn = fired().when(retract("billing@2")).then(retracted(A, OUTPUT, "billing@2")).plan

    for plan in (recovered, withdrawn):
        assert (plan.needs_replan, plan.replan_due) == (False, True)


@pytest.mark.parametrize(
    "command",
    [
        *(score_prompt(A, 1.0), mark(A, DONE), mark(A, PENDING), record_failure(A)),
        *(claim_next(ADA), score_output(A, 1.0)),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_else_answers_it(command: PlanCommand) -> None:
    happened = fired().when(command).happens()

    assert happened
    assert fired().and_then(*happened).plan.replan_due


def test_a_second_bad_score_makes_it_due_again() -> None:
    history = HAS_APPROVED, scored(B, OUTPUT, 0.5), moved(B, PENDING, REPLANNING), replan(B)

    assert not fired().and_then(*history[:1]).plan.replan_due
    assert fired().and_then(*history).plan.replan_due


# --- approving -----------------------------------------------------------------


def test_an_approval_is_recorded_with_its_reason() -> None:
    plan = fired().when(APPROVE).then(HAS_APPROVED).plan

    assert (plan.task(A).status, plan.rolling_confidence) == (REPLANNING, 0.5)


def test_what_is_not_due_cannot_be_approved() -> None:
    """Neither before anything happened, nor twice, nor for a low confidence alone."""
    given(created(A)).when(APPROVE).then_nothing()
    given(created(A), scored(A, PROMPT, 0.0)).when(APPROVE).then_nothing()
    fired().when(APPROVE).then(HAS_APPROVED).when(APPROVE).then_nothing()


# --- the gate that advises, and the gate that holds ----------------------------


def test_a_gate_advises_unless_the_policy_says_otherwise() -> None:
    assert Policy().gate is Gate.ADVISE


def test_a_gate_that_advises_lets_work_go_on() -> None:
    assert not fired(USUAL).plan.is_held

    fired(USUAL).when(claim_next(ADA)).then(claimed(B, ADA))


def test_a_gate_that_holds_hands_out_no_work_and_says_what_would_release_it() -> None:
    assert fired(HOLDING).plan.is_held

    fired(HOLDING).when(claim_next(ADA)).refused(held())
    fired(HOLDING).when(claim_next(ADA, task=B)).refused(held())
    fired(HELD_EVEN).when(claim_next(ADA)).refused(held(threshold="0.750"))


@pytest.mark.parametrize(
    "answer", [revise(), retry(A), APPROVE], ids=lambda command: type(command).__name__
)
def test_once_it_is_answered_work_goes_on(answer: PlanCommand) -> None:
    happened = fired(HOLDING).when(answer).happens()
    plan = fired(HOLDING).and_then(*happened).plan

    first = A if plan.task(A).status is PENDING else B
    Story(plan).when(claim_next(ADA)).then(claimed(first, ADA))


def test_a_holding_gate_lets_a_confident_plan_go_on() -> None:
    given(created(A, policy=HOLDING)).when(claim_next(ADA)).then(claimed(A, ADA))


def test_a_low_confidence_alone_holds_nothing() -> None:
    history = created(A, policy=HOLDING), scored(A, PROMPT, 0.0)

    given(*history).when(claim_next(ADA)).then(claimed(A, ADA))


def test_the_refusal_of_a_held_plan_names_the_current_confidence() -> None:
    """(0.5 × 0.5 + 1) / 1.5: on course by now, and still held."""
    better = scored(B, OUTPUT, 1.0), moved(B, PENDING, DONE)
    story = fired(HELD_EVEN).when(score_output(B, 1.0)).then(*better)

    assert not story.plan.needs_replan
    story.when(claim_next(ADA)).refused(held("0.833", "0.750"))


def test_a_gate_that_holds_leaves_work_in_hand_alone() -> None:
    """Who has a task may renew it, give it back, have it judged or mark it."""
    history = (
        *(created(A, B, policy=HOLDING), claimed(B, ADA, NOON.replace(hour=13))),
        *(scored(A, OUTPUT, 0.5), moved(A, PENDING, REPLANNING), replan(A)),
    )
    story = given(*history)

    story.when(release(B, 2)).then(moved(B, IN_PROGRESS, PENDING, RELEASED))
    story.when(renew(B, 2, 60.0)).then(renewed(B, NOON + timedelta(minutes=1)))
    story.when(score_prompt(B, token=2)).then(scored(B, PROMPT))
    story.when(mark(B, FAILED)).then(moved(B, IN_PROGRESS, FAILED, MARKED))


def test_claims_do_not_expire_while_the_gate_holds() -> None:
    """No task can be claimed; expired claims end with the next claim that is let through."""
    history = (
        *(created(A, B, policy=HOLDING), claimed(B, ADA, NOON)),
        *(scored(A, OUTPUT, 0.5), moved(A, PENDING, REPLANNING), replan(A)),
    )

    given(*history).when(claim_next()).refused(held())
    given(*history, HAS_APPROVED).when(claim_next()).then(
        moved(B, IN_PROGRESS, PENDING, EXPIRED), claimed(B)
    )
