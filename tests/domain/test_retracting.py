"""Judges that fail, and scores that are retracted."""

import pytest

from plangate.domain.errors import ScoreNotFound, TaskNotFound
from plangate.domain.vocabulary import ScoreKind
from tests.support.examples import (
    DONE,
    EVEN,
    FAILED,
    JUDGE,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    REPLANNING,
    STRANGER,
    A,
    B,
    created,
    moved,
    record_failure,
    replan,
    retract,
    retracted,
    scored,
    scoring_failed,
)
from tests.support.story import given

# --- judges that fail ----------------------------------------------------------


@pytest.mark.parametrize("kind", ScoreKind)
def test_a_failed_judge_is_recorded_and_changes_no_confidence(kind: ScoreKind) -> None:
    before = given(created(A, B), scored(A, OUTPUT, 0.9), moved(A)).plan
    after = (
        given(created(A, B), scored(A, OUTPUT, 0.9), moved(A))
        .when(record_failure(A, kind))
        .then(scoring_failed(A, kind))
        .plan
    )

    assert after.task(A).scoring_failed
    assert after.tasks.remove(A) == before.tasks.remove(A)
    assert after.task(A).output_score == before.task(A).output_score
    assert after.rolling_confidence == before.rolling_confidence
    assert (after.version, after.replan_count) == (before.version + 1, 0)


def test_a_failed_judge_of_an_unscored_task_leaves_it_unscored() -> None:
    plan = given(created(A)).when(record_failure(A)).then(scoring_failed(A)).plan

    assert plan.task(A).confidence(plan.policy) is None
    assert plan.rolling_confidence == 1.0


def test_a_score_after_a_failed_judge_leaves_nothing_failed() -> None:
    assert given(created(A), scoring_failed(A), scored(A)).plan.task(A).scoring_failed is False


def test_which_judge_failed_is_kept() -> None:
    given(created(A)).when(record_failure(A, scorer=JUDGE)).then(scoring_failed(A, scorer=JUDGE))


def test_a_failed_judge_of_an_unknown_task_is_refused() -> None:
    given(created(A)).when(record_failure(STRANGER)).refused(TaskNotFound(PLAN, STRANGER))


# --- judgements that were mistaken ---------------------------------------------


def test_without_its_only_score_a_task_is_not_scored() -> None:
    plan = given(created(A), scored(A)).when(retract("billing@2")).then(retracted(A)).plan

    assert plan.task(A).output_score is None
    assert plan.rolling_confidence == 1.0


def test_the_score_before_the_retracted_one_counts_again() -> None:
    history = created(A), scored(A, OUTPUT, 0.9), scored(A, OUTPUT, 0.2)
    story = given(*history).when(retract("billing@3")).then(retracted(A, OUTPUT, "billing@3"))

    assert story.plan.task(A).output_score == 0.9


def test_retracting_an_older_score_changes_no_confidence() -> None:
    history = (
        created(A),
        scored(A, OUTPUT, 0.7),
        scored(A, OUTPUT, 0.8),
        scored(A, OUTPUT, 0.9),
    )
    story = given(*history).when(retract("billing@3")).then(retracted(A, OUTPUT, "billing@3"))

    assert story.plan.task(A).output_score == 0.9
    story = story.when(retract("billing@4")).then(retracted(A, OUTPUT, "billing@4"))
    assert story.plan.task(A).output_score == 0.7
    story = story.when(retract("billing@2")).then(retracted(A, OUTPUT, "billing@2"))
    assert story.plan.task(A).output_score is None


def test_the_other_kind_and_the_other_task_keep_their_scores() -> None:
    history = created(A, B), scored(A, PROMPT, 0.3), scored(A, OUTPUT, 0.4), scored(B, OUTPUT, 0.5)
    plan = given(*history).when(retract("billing@2")).then(retracted(A, PROMPT, "billing@2")).plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (None, 0.4)
    assert plan.task(B).output_score == 0.5


def test_the_task_and_the_kind_follow_from_the_event_that_is_named() -> None:
    given(created(A, B), scored(A), scored(B, PROMPT)).when(retract("billing@3")).then(
        retracted(B, PROMPT, "billing@3")
    )


def test_a_retraction_moves_no_status_and_fires_no_gate() -> None:
    history = created(A, policy=EVEN), scored(A, OUTPUT, 0.5), scored(A, OUTPUT, 1.0), moved(A)
    plan = given(*history).when(retract("billing@3")).then(retracted(A, OUTPUT, "billing@3")).plan

    assert plan.needs_replan
    assert (plan.task(A).status, plan.replan_count) == (DONE, 0)


def test_a_retraction_can_bring_the_confidence_back() -> None:
    history = created(A), scored(A, OUTPUT, 0.1), moved(A, PENDING, REPLANNING), replan(A)
    plan = given(*history).when(retract()).then(retracted(A)).plan

    assert not plan.needs_replan
    assert (plan.task(A).status, plan.replan_count) == (REPLANNING, 1)


def test_a_score_is_withdrawn_once() -> None:
    given(created(A), scored(A), retracted(A)).when(retract("billing@2")).refused(
        ScoreNotFound(PLAN, "billing@2")
    )


@pytest.mark.parametrize(
    "name",
    [
        "billing@1",  # the creation
        "billing@3",  # a status change
        "billing@5",  # a failed judge
        "billing@6",  # nothing yet
        "billing@0",
        "billing@-2",
        "billing@02",
        "billing@2 ",
        "billing@2.0",
        "billing@\u0662",  # 2, in Arabic
        "billing2",
        "billing",
        "2",
        "@2",
        "",
        "shipping@2",
        "x@billing@2",
        "BILLING@2",
    ],
)
def test_only_a_score_of_this_plan_that_counts_can_be_retracted(name: str) -> None:
    history = created(A), scored(A), moved(A), scored(A, PROMPT), scoring_failed(A)

    given(*history).when(retract(name)).refused(ScoreNotFound(PLAN, name))


def test_a_scored_task_may_be_scored_anew_after_a_retraction() -> None:
    plan = given(created(A), scored(A, OUTPUT, 0.1), retracted(A), moved(A, PENDING, FAILED)).plan
    assert plan.task(A).output_score is None

    again = given(created(A), scored(A, OUTPUT, 0.1), retracted(A), scored(A, OUTPUT, 0.8))
    assert again.plan.task(A).output_score == 0.8
    again.when(retract("billing@4")).then(retracted(A, OUTPUT, "billing@4"))
