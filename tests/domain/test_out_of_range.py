"""Scores outside [0, 1]: clamped and kept as given, or refused, as the plan's policy says."""

import pytest

from plangate.domain.errors import InvalidScore, Problem
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import OutOfRange
from tests.support.examples import (
    OUTPUT,
    PROMPT,
    REFUSING,
    A,
    created,
    moved,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import given


@pytest.mark.parametrize(
    "given_score, counts",
    [(1.0000000000000002, 1.0), (85, 1.0), (1e308, 1.0), (-5e-324, 0.0), (-3.5, 0.0)],
)
def test_a_score_out_of_range_is_clamped_and_kept_as_given(
    given_score: float, counts: float
) -> None:
    judged = scored(A, PROMPT, counts, raw_score=given_score)

    given(created(A)).when(score_prompt(A, given_score)).then(judged)


@pytest.mark.parametrize("score", [0.0, 5e-324, 0.5, 1.0 - 2**-53, 1.0])
@pytest.mark.parametrize("policy", [Policy(), REFUSING], ids=lambda policy: policy.out_of_range)
def test_a_score_in_range_counts_as_it_was_given(policy: Policy, score: float) -> None:
    judged = scored(A, PROMPT, score, raw_score=None)

    given(created(A, policy=policy)).when(score_prompt(A, score)).then(judged)


def test_a_clamped_output_is_settled_by_what_counts() -> None:
    story = given(created(A)).when(score_output(A, 85))

    plan = story.then(scored(A, OUTPUT, 1.0, raw_score=85.0), moved(A)).plan
    assert plan.task(A).output_score == 1.0


@pytest.mark.parametrize("number, shown", [(1.5, "1.5"), (-0.25, "-0.25"), (85, "85.0")])
def test_a_policy_may_refuse_scores_out_of_range(number: float, shown: str) -> None:
    story = given(created(A, policy=Policy(out_of_range=OutOfRange.REFUSE)))
    why = f"{shown} is outside [0, 1], and the plan's policy refuses such scores"

    story.when(score_prompt(A, number)).refused(InvalidScore([Problem("score", why)]))
    story.when(score_output(A, number)).refused(InvalidScore([Problem("score", why)]))
    story.when(update(A, prompt=number)).refused(InvalidScore([Problem("prompt_score", why)]))
    story.when(update(A, output=number)).refused(InvalidScore([Problem("output_score", why)]))


def test_an_update_with_a_refused_score_records_neither() -> None:
    problem = Problem(
        "output_score", "1.5 is outside [0, 1], and the plan's policy refuses such scores"
    )

    given(created(A, policy=REFUSING)).when(update(A, prompt=0.5, output=1.5)).refused(
        InvalidScore([problem])
    )


def test_what_was_given_in_range_is_not_clamped_though_it_is_recorded() -> None:
    assert not scored(A, score=0.5, raw_score=0.5).clamped
    assert scored(A, score=0.0, raw_score=-0.5).clamped
