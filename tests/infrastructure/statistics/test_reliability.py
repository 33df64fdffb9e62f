"""The figures of a calibration: as other libraries have them, and as certain as they say."""

import random
import sys
from collections.abc import Callable, Sequence
from math import isclose, sqrt

import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.calibration import Reliability
from plangate.application.evidence.cases import Case
from plangate.application.evidence.estimates import Estimate
from plangate.infrastructure.statistics import load_statistics
from plangate.infrastructure.statistics.reliability import reliability, whole_and_shares
from tests.support.cases import cases_of, columns_of
from tests.support.soak import short_and_long


def world(chance: random.Random, plans: int, truth: Callable[[float], float]) -> list[Case]:
    """Plans of one to six tasks, each accepted with the chance that its confidence makes true.

    A plan's tasks are alike: half of them share their plan's luck and confidence.
    """
    cases = []
    for number in range(plans):
        shared = chance.betavariate(3.0, 1.5)
        luck = chance.random()
        for _ in range(chance.randint(1, 6)):
            alike = chance.random() < 0.5
            confidence = shared if alike else chance.betavariate(3.0, 1.5)
            accepted = (luck if alike else chance.random()) < truth(confidence)
            cases.append(Case(f"p{number}", confidence, accepted))
    return cases


def calibrated(confidence: float) -> float:
    return confidence


def uninformative(_confidence: float) -> float:
    return 0.7


def measured(cases: Sequence[Case], resamples: int = 200, seed: int = 0) -> Reliability:
    return reliability(cases_of(cases), resamples=resamples, seed=seed)


def all_estimates(result: Reliability) -> list[Estimate]:
    points = [(point.precision, point.recall, point.passed) for point in result.thresholds]
    bins = [one.accepted for one in result.bins]
    return [result.ranking, result.brier, result.base_brier, *bins, *(f for p in points for f in p)]


def covers(estimate: Estimate, truth: float) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= truth <= estimate.high


def same(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def nine_of_ten(times: int) -> float:
    """So often at least, chance allowed for: intervals from draws are a little too narrow."""
    return 0.9 * times - 3 * sqrt(0.9 * 0.1 * times)


# --- the figures themselves ---


@pytest.mark.parametrize("seed", range(5))
def test_the_figures_are_those_of_scikit_learn(seed: int) -> None:
    chance = random.Random(seed)
    cases = [
        Case(case.plan_id, min(round(case.confidence, 2) + 0.001, 0.999), case.accepted)
        for case in world(chance, 150, calibrated)
    ]
    confidences, accepted = [c.confidence for c in cases], [c.accepted for c in cases]

    result = measured(cases)

    assert result.ranking.value is not None
    assert result.brier.value is not None
    assert result.base_brier.value is not None
    assert same(result.ranking.value, roc_auc_score(accepted, confidences))
    assert same(result.brier.value, brier_score_loss(accepted, confidences))
    base = sum(accepted) / len(accepted)
    assert same(result.base_brier.value, brier_score_loss(accepted, [base] * len(accepted)))
    shares, means = calibration_curve(accepted, confidences, n_bins=10)
    given = [
        (sum(lies) / len(lies), one)
        for one in result.bins
        if (lies := [c for c in confidences if one.at_least <= c < one.below])
    ]
    assert len(given) == len(shares)
    for (mean, one), share, other in zip(given, shares, means, strict=True):
        assert same(mean, other)
        if one.accepted.value is not None:
            assert same(one.accepted.value, share)
            assert same(one.mean_confidence or 0.0, mean)
    for point in result.thresholds:
        rejected = [not one for one in accepted]
        below = [c < point.threshold for c in confidences]
        above = [not one for one in below]
        for estimate, other in (
            (point.precision, precision_score(rejected, below, zero_division=0.0)),
            (point.recall, recall_score(rejected, below)),
            (point.passed, precision_score(accepted, above, zero_division=0.0)),
        ):
            assert estimate.value is None or same(estimate.value, other)
        assert (point.below, point.above) == (sum(below), sum(above))
        assert point.rejected_below == sum(map(min, rejected, below))
        assert point.accepted_above == sum(map(min, accepted, above))


def test_a_small_table_is_as_worked_out_by_hand() -> None:
    """Ten plans of a rejected task at 0.25 and an accepted one at 0.75; in one it is turned."""
    cases = []
    for number in range(10):
        turned = number == 0
        cases += [Case(f"p{number}", 0.25, turned), Case(f"p{number}", 0.75, not turned)]

    result = measured(cases)

    assert result.ranking.value == pytest.approx((9 * 9 + 9 * 0.5 * 2) / 100)
    assert result.brier.value == pytest.approx((18 * 0.25**2 + 2 * 0.75**2) / 20)
    assert result.base_brier.value == 0.25
    assert [one.accepted.cases for one in result.bins] == [0, 0, 10, 0, 0, 0, 0, 10, 0, 0]
    at_half = result.thresholds[9]
    assert (at_half.threshold, at_half.below, at_half.rejected_below) == (0.5, 10, 9)
    assert (at_half.above, at_half.accepted_above) == (10, 9)


def test_a_confidence_at_a_threshold_has_reached_it_as_at_the_gate() -> None:
    at, below = 0.7 - 1e-13, 0.7 - 1e-11
    cases = [Case(f"p{n}", c, accepted=True) for n in range(3) for c in (at, below, 0.0, 1.0)]

    result = measured(cases)

    by_threshold = {point.threshold: point for point in result.thresholds}
    assert (by_threshold[0.7].below, by_threshold[0.7].above) == (6, 6)
    assert [one.accepted.cases for one in result.bins] == [3, 0, 0, 0, 0, 0, 3, 3, 0, 3]


# --- how certain they are ---


@short_and_long("worlds", 25, 1_000)
def test_uninformative_confidence_gives_no_claim(worlds: int) -> None:
    chance_found, better = 0, 0
    for seed in range(worlds):
        columns = columns_of(world(random.Random(seed), 80, uninformative))
        result, _ = whole_and_shares(columns, [], resamples=200, seed=seed)
        chance_found += covers(result.ranking, 0.5)
        assert result.brier.value is not None
        assert result.base_brier.value is not None
        better += result.brier.value < result.base_brier.value
    print(f"of {worlds} uninformative ones {chance_found} hold 0.5, {better} beat the base rate")
    assert chance_found >= nine_of_ten(worlds)
    assert better <= 0.05 * worlds


def test_tasks_of_one_plan_are_not_taken_for_independent() -> None:
    """The same cases in as many plans, and in a tenth as many: the interval must be wider."""
    chance = random.Random(7)
    alone, together = [], []
    for number in range(300):
        confidence = chance.betavariate(3.0, 1.5)
        accepted = chance.random() < confidence
        for copy in range(10):
            alone.append(Case(f"{number}.{copy}", confidence, accepted))
            together.append(Case(str(number), confidence, accepted))

    narrow, wide = measured(alone).brier, measured(together).brier

    assert narrow.value == pytest.approx(wide.value)
    assert _width(wide) > 2 * _width(narrow)


def _width(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


@pytest.mark.parametrize("accepted", [True, False])
def test_a_share_in_which_all_agree_is_not_taken_for_certain(accepted: bool) -> None:  # noqa: FBT001
    cases = [Case(f"p{n // 2}", 0.95, accepted) for n in range(40)]

    estimate = measured(cases).bins[9].accepted

    assert (estimate.value, estimate.cases, estimate.plans) == (float(accepted), 40, 20)
    exact = 1.0 - 0.025 ** (1 / 20)  # none of 20 trials
    assert estimate.low == pytest.approx(1.0 - exact if accepted else 0.0)
    assert estimate.high == pytest.approx(1.0 if accepted else exact)


def test_the_same_seed_gives_the_same_and_another_one_something_close() -> None:
    cases = world(random.Random(3), 60, calibrated)

    once, again, other = measured(cases), measured(cases), measured(cases, seed=1)

    assert once == again
    assert once.brier.value == other.brier.value
    assert once.brier.low != other.brier.low
    assert once.brier.low == pytest.approx(other.brier.low, abs=0.02)


# --- too few ---


@pytest.mark.parametrize(
    "plans, each, reason",
    [
        (0, 0, "not enough outcomes: 0 of 20 outcomes, 0 of 10 plans, 0 of 10 of each sort"),
        (9, 10, "not enough outcomes: 9 of 10 plans"),
        (19, 1, "not enough outcomes: 19 of 20 outcomes, 9 of 10 of each sort"),
        (18, 1, "not enough outcomes: 18 of 20 outcomes, 9 of 10 of each sort"),
    ],
)
def test_an_estimate_from_too_few_outcomes_is_not_given(plans: int, each: int, reason: str) -> None:
    cases = [Case(f"p{n}", 0.4 + n / 100, n % 2 == 0) for n in range(plans) for _ in range(each)]

    result = measured(cases)

    assert (result.brier.value, result.brier.low, result.brier.high) == (None, None, None)
    assert result.brier.reason == result.base_brier.reason == result.ranking.reason == reason
    assert all(one.mean_confidence is None for one in result.bins)
    for estimate in all_estimates(result):
        assert estimate.value is None
        assert (estimate.reason or "").startswith("not enough outcomes: ")


def test_just_enough_outcomes_are_enough() -> None:
    cases = [Case(f"p{n % 10}", 0.4 + n / 100, n % 2 == 0) for n in range(20)]

    result = measured(cases)

    assert None not in {result.brier.value, result.ranking.value, result.base_brier.value}
    for estimate in all_estimates(result):
        enough = estimate.cases >= 20 and estimate.plans >= 10
        assert (estimate.value is not None) == (estimate.reason is None) == enough


def test_where_almost_all_agree_brier_is_not_given_but_shares_are() -> None:
    cases = [Case(f"p{n}", 0.95, n >= 3) for n in range(40)]

    result = measured(cases)

    assert result.brier.reason == "not enough outcomes: 3 of 10 of each sort"
    assert result.bins[9].accepted.value == pytest.approx(37 / 40)
    assert (
        result.thresholds[0].recall.reason == "not enough outcomes: 3 of 20 outcomes, 3 of 10 plans"
    )


# --- without the libraries ---


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plangate.infrastructure.statistics.scipy_statistics", None)

    with pytest.raises(AnalysisMissing, match=r"pip install 'plangate\[analysis\]'"):
        load_statistics()
