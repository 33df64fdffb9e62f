"""How scores become confidence: values worked out by hand, and the plain definition."""

from itertools import pairwise
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.domain.confidence import (
    TOLERANCE,
    UNSCORED,
    differ,
    reaches,
    rolling_confidence,
    score_shares,
    task_confidence,
    weights,
)
from plangate.domain.policy import Policy
from tests.support.examples import USUAL
from tests.support.properties import repeatable

scores = st.floats(min_value=0.0, max_value=1.0)
decays = st.floats(min_value=0.0, max_value=1.0, exclude_min=True)


def plain_mean(confidences: list[float], decay: float) -> float:
    """The definition, word for word: the mean weighted by decay ** (how many come after)."""
    weights = [decay ** (len(confidences) - 1 - index) for index in range(len(confidences))]
    weighted = [
        weight * confidence for weight, confidence in zip(weights, confidences, strict=True)
    ]
    return sum(weighted) / sum(weights)


@pytest.mark.parametrize(
    "prompt, output, expected",
    [
        (0.85, 0.55, 0.655),  # 0.2975 + 0.3575
        (1.0, 0.0, 0.35),
        (0.0, 1.0, 0.65),
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 1.0),
        (0.6, 0.6, 0.6),
    ],
)
def test_two_scores_are_weighted_as_the_policy_says(
    prompt: float, output: float, expected: float
) -> None:
    assert task_confidence(prompt, output, USUAL) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_one_score_alone_counts_as_it_is(score: float) -> None:
    assert task_confidence(score, None, USUAL) == score
    assert task_confidence(None, score, USUAL) == score


def test_a_task_without_scores_has_no_confidence() -> None:
    assert task_confidence(None, None, USUAL) is None


@pytest.mark.parametrize(
    "prompt, output, shares",
    [
        (0.4, 0.6, (0.35, 0.65)),
        (0.0, 0.0, (0.35, 0.65)),
        (0.4, None, (1.0, 0.0)),
        (None, 0.0, (0.0, 1.0)),
        (None, None, (0.0, 0.0)),
    ],
)
def test_scores_share_a_tasks_confidence(
    prompt: float | None, output: float | None, shares: tuple[float, float]
) -> None:
    assert score_shares(prompt, output, USUAL) == shares


def test_a_weight_of_zero_leaves_the_other_score_to_decide() -> None:
    only_the_output = Policy(prompt_weight=0.0, output_weight=1.0)
    only_the_prompt = Policy(prompt_weight=1.0, output_weight=0.0)

    assert task_confidence(0.2, 0.9, only_the_output) == 0.9
    assert task_confidence(0.2, 0.9, only_the_prompt) == 0.2
    assert task_confidence(0.2, None, only_the_output) == 0.2


@pytest.mark.parametrize(
    "confidences, decay, expected",
    [
        ([], 0.85, 1.0),
        ([0.0], 0.85, 0.0),
        ([0.4], 0.85, 0.4),
        ([1.0, 0.5], 0.5, 2 / 3),  # (0.5 + 0.5) / 1.5
        ([0.5, 1.0], 0.5, 5 / 6),  # (0.25 + 1) / 1.5
        ([1.0, 0.0, 0.5], 0.5, 3 / 7),  # (0.25 + 0 + 0.5) / 1.75
        ([0.9, 0.6], 0.85, 1.365 / 1.85),  # (0.765 + 0.6) / 1.85
        ([0.0, 1.0], 0.85, 1 / 1.85),
        ([0.2, 0.4, 0.9], 1.0, 0.5),
        ([0.3, 0.7], 1e-300, 0.7),
    ],
)
def test_the_rolling_confidence_leans_towards_the_end_of_the_plan(
    confidences: list[float], decay: float, expected: float
) -> None:
    assert rolling_confidence(confidences, decay) == pytest.approx(expected, abs=1e-15)


def test_nothing_scored_is_full_confidence() -> None:
    assert UNSCORED == 1.0
    assert rolling_confidence(iter(()), 0.5) == 1.0


@repeatable
@given(st.lists(scores, min_size=1, max_size=200), decays)
def test_the_rolling_confidence_is_the_plain_weighted_mean(
    confidences: list[float], decay: float
) -> None:
    expected = plain_mean(confidences, decay)

    assert rolling_confidence(confidences, decay) == pytest.approx(expected, abs=1e-9)


@repeatable
@given(st.lists(scores, min_size=1, max_size=50))
def test_without_decay_the_rolling_confidence_is_the_plain_mean(confidences: list[float]) -> None:
    mean = sum(confidences) / len(confidences)

    assert rolling_confidence(confidences, 1.0) == pytest.approx(mean, abs=1e-9)


@repeatable
@given(st.lists(scores, min_size=1, max_size=50), decays)
def test_the_rolling_confidence_lies_between_the_worst_and_the_best_task(
    confidences: list[float], decay: float
) -> None:
    rolling = rolling_confidence(confidences, decay)

    assert min(confidences) - 1e-12 <= rolling <= max(confidences) + 1e-12


@repeatable
@given(st.lists(scores, min_size=1, max_size=20), decays, st.data())
def test_a_better_task_never_lowers_the_rolling_confidence(
    confidences: list[float], decay: float, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(confidences) - 1))
    better = [*confidences]
    better[index] = data.draw(st.floats(min_value=confidences[index], max_value=1.0))
    results = rolling_confidence(confidences, decay), rolling_confidence(better, decay)

    assert all(worse <= good + 1e-12 for worse, good in pairwise(results))


def test_the_weights_of_scored_tasks_grow_towards_the_end() -> None:
    assert weights(3, 0.5) == [0.25, 0.5, 1.0]
    assert weights(2, 1.0) == [1.0, 1.0]
    assert weights(1, 0.85) == [1.0]
    assert weights(0, 0.85) == []


@repeatable
@given(st.lists(scores, min_size=1, max_size=400), decays)
def test_what_the_tasks_bring_by_their_weights_sums_to_the_rolling_confidence(
    confidences: list[float], decay: float
) -> None:
    whole = weights(len(confidences), decay)
    brought = [weight / fsum(whole) * c for weight, c in zip(whole, confidences, strict=True)]

    assert fsum(brought) == pytest.approx(rolling_confidence(confidences, decay), abs=1e-12)


def test_the_tolerance_is_a_millionth_of_a_millionth() -> None:
    assert TOLERANCE == 1e-12


@pytest.mark.parametrize("threshold", [0.25, 0.5, 0.72, 1.0])
@pytest.mark.parametrize(
    "distance, reached",
    [(0.1, True), (0.0, True), (-0.9e-12, True), (-1.1e-12, False), (-0.1, False)],
)
def test_a_confidence_within_the_tolerance_reaches_the_threshold(
    threshold: float, distance: float, *, reached: bool
) -> None:
    assert reaches(threshold + distance, threshold) is reached


def test_a_confidence_exactly_one_tolerance_below_reaches_the_threshold() -> None:
    assert reaches(0.5 - TOLERANCE, 0.5)


@pytest.mark.parametrize(
    "other, differs", [(0.5, False), (0.5 - 9e-13, False), (0.5 + 2e-12, True)]
)
def test_confidences_differ_by_more_than_the_tolerance(other: float, *, differs: bool) -> None:
    assert differ(0.5, other) is differs
    assert differ(other, 0.5) is differs


def test_confidences_exactly_one_tolerance_apart_do_not_differ() -> None:
    assert not differ(TOLERANCE, 0.0)


def test_every_confidence_reaches_a_threshold_of_zero() -> None:
    assert reaches(0.0, 0.0)


@repeatable
@given(st.lists(st.just(0.72), min_size=1, max_size=300), decays)
def test_tasks_scored_exactly_at_the_threshold_are_never_below_it(
    confidences: list[float], decay: float
) -> None:
    assert reaches(rolling_confidence(confidences, decay), 0.72)
