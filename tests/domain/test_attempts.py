"""Another attempt at a task: how it begins, and what the scores of the one before are worth."""

import pytest

from plangate.domain.commands import ChangeTask, DropTask, MoveTask
from plangate.domain.errors import InvalidInput, Problem, ScoreNotFound, TaskGone, TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.judging import Judgement
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import AttemptScores, ScoreKind, TaskStatus
from tests.support.examples import (
    ADA,
    DONE,
    EVEN,
    FAILED,
    HAS_REVISED,
    IN_PROGRESS,
    MARKED,
    MORNING,
    NOON,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    REPLANNING,
    RETRIED,
    REVISED,
    STRANGER,
    WHY,
    A,
    B,
    attempted,
    changed,
    claim_next,
    claimed,
    created,
    dropped,
    mark,
    moved,
    put,
    replan,
    retract,
    retracted,
    retry,
    revise,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import Story, given

RESET = Policy.model_validate(EVEN.model_dump() | {"attempt_scores": "reset"})
BETTER = ChangeTask(task_id=A, title="Better")
UNSUCCESSFUL = [FAILED, REPLANNING]


def second_attempt(policy: Policy = EVEN, *before: PlanEvent) -> Story:
    """A had a prompt score of 1 and an output score of 0, B an output score of 1."""
    history = (
        *(created(A, B, policy=policy), scored(B, OUTPUT, 1.0)),
        *(scored(A, PROMPT, 1.0), scored(A, OUTPUT, 0.0), *before),
        *(moved(A, PENDING, FAILED), attempted(A), moved(A, FAILED, PENDING, RETRIED)),
    )
    return given(*history)


# --- how an attempt begins -----------------------------------------------------


@pytest.mark.parametrize("status", UNSUCCESSFUL)
def test_a_task_that_failed_starts_again_when_it_is_retried(status: TaskStatus) -> None:
    story = given(created(A), moved(A, PENDING, status)).when(retry(A))

    plan = story.then(attempted(A, 2, WHY), moved(A, status, PENDING, RETRIED)).plan
    assert (plan.task(A).status, plan.task(A).attempt) == (PENDING, 2)


@pytest.mark.parametrize("status", UNSUCCESSFUL)
def test_a_task_that_failed_starts_again_when_it_is_changed(status: TaskStatus) -> None:
    story = given(created(A), moved(A, PENDING, status)).when(revise(BETTER))

    story.then(
        HAS_REVISED,
        changed(A, title="Better"),
        attempted(A, 2),
        moved(A, status, PENDING, REVISED),
    )


@pytest.mark.parametrize("status", UNSUCCESSFUL)
def test_a_change_that_says_nothing_starts_a_failed_task_again_all_the_same(
    status: TaskStatus,
) -> None:
    given(created(A), moved(A, PENDING, status)).when(revise(ChangeTask(task_id=A))).then(
        HAS_REVISED, attempted(A), moved(A, status, PENDING, REVISED)
    )


def test_a_task_changed_twice_in_one_revision_starts_again_once() -> None:
    story = given(created(A), moved(A, PENDING, FAILED))

    story.when(revise(BETTER, ChangeTask(task_id=A, priority=3))).then(
        HAS_REVISED,
        changed(A, title="Better"),
        attempted(A, 2),
        moved(A, FAILED, PENDING, REVISED),
        changed(A, priority=3),
    )


@pytest.mark.parametrize("status", UNSUCCESSFUL)
def test_a_revision_of_other_tasks_leaves_a_failed_one_as_it_is(status: TaskStatus) -> None:
    story = given(created(A, B), moved(A, PENDING, status))

    story.when(revise(DropTask(task_id=B))).then(HAS_REVISED, dropped(B))
    plan = story.when(revise(MoveTask(task_id=A))).then(HAS_REVISED, put(A)).plan
    assert (plan.task(A).status, plan.task(A).attempt) == (status, 1)


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, DONE])
def test_only_a_task_that_failed_is_retried(status: TaskStatus) -> None:
    problem = f"the task '{A}' is {status.value}; only a failed or replanning one is retried"

    given(created(A), moved(A, PENDING, status, MARKED)).when(retry(A)).refused(
        InvalidInput([Problem("task_id", problem)])
    )


def test_a_task_that_is_not_there_is_not_retried() -> None:
    given(created(A)).when(retry(STRANGER)).refused(TaskNotFound(PLAN, STRANGER))
    given(created(A, B), dropped(B)).when(retry(B)).refused(TaskGone(PLAN, B, "dropped"))


def test_attempts_are_counted() -> None:
    story = given(created(A), moved(A, PENDING, FAILED))
    for attempt in (2, 3, 4):
        retried = attempted(A, attempt, WHY), moved(A, FAILED, PENDING, RETRIED)
        story = story.when(retry(A)).then(*retried)
        assert story.plan.task(A).attempt == attempt
        story = story.when(mark(A, FAILED)).then(moved(A, PENDING, FAILED, MARKED))


def test_another_attempt_ends_the_claim_before_it() -> None:
    history = created(A), claimed(A, ADA), scored(A, score=0.1), moved(A, IN_PROGRESS, FAILED)
    retried = attempted(A, 2, WHY), moved(A, FAILED, PENDING, RETRIED)

    story = given(*history).when(retry(A)).then(*retried)
    assert story.plan.task(A).claim is None
    story.when(claim_next()).then(claimed(A))


# --- the scores of the attempt before: kept ------------------------------------


def test_scores_are_kept_unless_the_policy_says_otherwise() -> None:
    assert Policy().attempt_scores is AttemptScores.KEEP


def test_old_scores_count_until_the_new_attempt_has_one() -> None:
    """A stands before B: (0.5 × 0.5 + 1) / 1.5."""
    plan = second_attempt().plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (1.0, 0.0)
    assert plan.task(A).outdated
    assert plan.rolling_confidence == 1.25 / 1.5


def test_the_first_output_score_of_an_attempt_drops_all_the_old_ones() -> None:
    """The prompt score of 1 would have made 0.875: now A is 0.75 alone."""
    judged = scored(A, OUTPUT, 0.75)
    plan = second_attempt().when(score_output(A, 0.75)).then(judged, moved(A)).plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (None, 0.75)
    assert plan.rolling_confidence == (0.5 * 0.75 + 1) / 1.5


def test_the_first_prompt_score_of_an_attempt_drops_all_the_old_ones() -> None:
    judged = scored(A, PROMPT, 0.5)
    plan = second_attempt().when(score_prompt(A, 0.5)).then(judged).plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (0.5, None)
    assert plan.task(A).prompt_judgements == (Judgement(0.5, plan.version),)


def test_the_second_score_of_an_attempt_drops_nothing() -> None:
    story = second_attempt().when(score_prompt(A, 0.5)).then(scored(A, PROMPT, 0.5))
    plan = story.when(score_output(A, 1.0)).then(scored(A, OUTPUT, 1.0), moved(A)).plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (0.5, 1.0)
    assert not plan.task(A).outdated


def test_an_update_drops_the_old_scores_and_keeps_both_its_own() -> None:
    judged = scored(A, PROMPT, 1.0), scored(A, OUTPUT, 0.5)
    plan = second_attempt().when(update(A, 1.0, 0.5)).then(*judged, moved(A)).plan

    assert plan.task(A).confidence(plan.policy) == 0.75


def test_old_scores_of_other_tasks_stay() -> None:
    plan = second_attempt().when(score_prompt(B, 0.5)).then(scored(B, PROMPT, 0.5)).plan

    assert (plan.task(B).prompt_score, plan.task(B).output_score) == (0.5, 1.0)
    assert plan.task(A).outdated


def test_an_old_score_can_be_withdrawn_while_it_counts() -> None:
    """Then the prompt score of 1 is all there is: (0.5 × 1 + 1) / 1.5."""
    story = second_attempt().when(retract("billing@4")).then(retracted(A, OUTPUT, "billing@4"))

    assert story.plan.rolling_confidence == 1.0
    assert (story.plan.task(A).prompt_score, story.plan.task(A).outdated) == (1.0, True)
    plan = story.when(score_output(A, 0.75)).then(scored(A, OUTPUT, 0.75), moved(A)).plan
    assert plan.task(A).prompt_score is None


def test_an_old_score_cannot_be_withdrawn_once_it_is_dropped() -> None:
    story = second_attempt().when(score_prompt(A, 0.5)).then(scored(A, PROMPT, 0.5))

    for name in ("billing@3", "billing@4"):
        story.when(retract(name)).refused(ScoreNotFound(PLAN, name))


def test_dropped_scores_do_not_come_back_when_the_new_one_is_withdrawn() -> None:
    story = second_attempt().when(score_prompt(A, 0.5)).then(scored(A, PROMPT, 0.5))
    name = f"{PLAN}@{story.plan.version}"

    plan = story.when(retract(name)).then(retracted(A, PROMPT, name)).plan
    assert plan.task(A).confidence(plan.policy) is None
    assert plan.rolling_confidence == 1.0


def test_a_third_attempt_outdates_what_the_second_has_earned() -> None:
    failed = scored(A, OUTPUT, 0.25), moved(A, PENDING, FAILED)
    again = attempted(A, 3), moved(A, FAILED, PENDING, RETRIED)
    story = given(created(A, policy=EVEN), scored(A, PROMPT, 1.0), attempted(A), *failed, *again)

    assert (story.plan.rolling_confidence, story.plan.task(A).outdated) == (0.25, True)
    plan = story.when(score_prompt(A, 0.5)).then(scored(A, PROMPT, 0.5)).plan
    assert plan.rolling_confidence == 0.5


@pytest.mark.parametrize("kind", [PROMPT, OUTPUT])
def test_a_score_of_either_kind_alone_is_outdated(kind: ScoreKind) -> None:
    assert given(created(A), scored(A, kind), attempted(A)).plan.task(A).outdated


def test_without_scores_there_is_nothing_to_outdate() -> None:
    assert not given(created(A), attempted(A)).plan.task(A).outdated
    assert not given(created(A), scored(A)).plan.task(A).outdated
    assert not given(created(A)).plan.task(A).outdated


# --- the scores of the attempt before: reset -----------------------------------


def test_a_policy_may_let_old_scores_stop_counting_at_once() -> None:
    plan = second_attempt(RESET).plan

    assert (plan.task(A).prompt_judgements, plan.task(A).output_judgements) == ((), ())
    assert not plan.task(A).outdated
    assert (plan.task(A).attempt, plan.rolling_confidence) == (2, 1.0)


def test_scores_that_were_reset_cannot_be_withdrawn() -> None:
    for name in ("billing@3", "billing@4"):
        second_attempt(RESET).when(retract(name)).refused(ScoreNotFound(PLAN, name))


def test_after_a_reset_new_scores_count_as_ever() -> None:
    judged = scored(A, PROMPT, 0.5), scored(A, OUTPUT, 1.0)
    plan = second_attempt(RESET).when(update(A, 0.5, 1.0)).then(*judged, moved(A)).plan

    assert plan.task(A).confidence(plan.policy) == 0.75


@pytest.mark.parametrize("policy", [EVEN, RESET], ids=["keep", "reset"])
def test_how_often_a_task_was_replanned_outlives_its_attempts(policy: Policy) -> None:
    plan = second_attempt(policy, replan(A)).plan

    assert (plan.task(A).replan_count, plan.replan_count) == (1, 1)


@pytest.mark.parametrize("policy", [EVEN, RESET], ids=["keep", "reset"])
def test_the_same_attempts_lead_to_the_same_confidence_whatever_was_kept(policy: Policy) -> None:
    """Once every task has been scored anew, nothing is left of the attempts before."""
    judged = scored(A, OUTPUT, 1.0), moved(A)
    plan = second_attempt(policy).when(score_output(A, 1.0)).then(*judged).plan

    assert plan.rolling_confidence == 1.0
    assert plan.task(A).output_judgements == (Judgement(1.0, 8),)


def test_a_replan_is_due_since_the_gate_fired_and_until_it_is_answered() -> None:
    story = given(created(A), replan(A), replan(A).model_copy(update={"at": NOON}))
    assert story.plan.due_since == MORNING
    assert story.and_then(HAS_REVISED).plan.due_since is None
