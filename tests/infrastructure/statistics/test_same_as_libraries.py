"""The estimates are those of scikit-learn, statsmodels and scipy, to 1e-9."""

import random
from math import isclose

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import precision_score, recall_score
from statsmodels.api import OLS, add_constant
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from plangate.application.evidence.cases import Case, CaseScore, Grouping
from plangate.application.evidence.gate_worth import Cost
from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.gates import costs, gate_shares, more_outcomes
from plangate.infrastructure.statistics.groups import groups
from plangate.infrastructure.statistics.isotonic import worth
from plangate.infrastructure.statistics.judges import change_point, drift, judges
from plangate.infrastructure.statistics.resampling import Basis, effective, interval
from tests.support.cases import cases_of, columns_of
from tests.support.judged_worlds import THRESHOLDS, gate_counts, world

DRAWS = {"resamples": 60, "seed": 0}
SCORES = tuple(step / 20 for step in range(21))


def same(one: float | None, other: float) -> bool:
    return one is not None and isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


@pytest.fixture(params=range(3))
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """Seventy plans whose judge drifts; in one world scores are round, so that many tie."""
    found = world(random.Random(request.param), 70, drift=0.01, change=0.05)
    if request.param:
        return found
    return [
        Case(c.plan_id, round(c.confidence, 1), c.accepted, c.stopped, scores=c.scores)
        for c in found
    ]


def test_a_confidence_is_worth_what_the_isotonic_fit_says(cases: list[Case]) -> None:
    columns = columns_of(cases)
    fit = IsotonicRegression(out_of_bounds="clip").fit(columns.score, columns.accepted)

    found = worth(columns, SCORES, **DRAWS)

    given = [one for one in found if one.accepted.value is not None]
    assert len(given) > 8
    for one in given:
        assert same(one.accepted.value, float(fit.predict([one.score])[0]))
        assert (one.accepted.low or 0.0) <= (one.accepted.value or 0.0) <= (one.accepted.high or 0)
    assert [one.score for one in found] == list(SCORES)
    values = [one.accepted.value or 0.0 for one in given]
    assert values == sorted(values)


def test_a_fit_of_very_many_scores_is_that_of_all_of_them() -> None:
    columns = columns_of(world(random.Random(9), 300))
    fit = IsotonicRegression(out_of_bounds="clip").fit(columns.score, columns.accepted)

    (at,) = worth(columns, (0.7,), **DRAWS)

    assert same(at.accepted.value, float(fit.predict([0.7])[0]))


def test_the_gate_has_precision_and_recall(cases: list[Case]) -> None:
    bad, stopped = [not c.accepted for c in cases], [bool(c.stopped) for c in cases]

    precision, recall, good_stopped = gate_shares(cases_of(cases), **DRAWS)

    assert same(precision.value, precision_score(bad, stopped))
    assert same(recall.value, recall_score(bad, stopped))
    assert same(good_stopped.value, 1 - recall_score(bad, stopped, pos_label=0))
    assert precision.cases == sum(stopped)
    assert recall.cases == sum(bad)


def test_a_cost_is_what_is_missed_and_what_is_stopped(cases: list[Case]) -> None:
    found = costs(gate_counts(cases), THRESHOLDS, Cost(missed=5, stopped=0.5), **DRAWS)

    totals = {}
    for point in found.points:
        missed = sum(not c.accepted and c.confidence >= point.threshold for c in cases)
        stopped = sum(c.accepted and c.confidence < point.threshold for c in cases)
        assert (point.missed_bad, point.stopped_good) == (missed, stopped)
        assert same(point.total, 5 * missed + 0.5 * stopped)
        assert same(point.mean.value, point.total / len(cases))
        totals[point.threshold] = point.total
    assert found.cheapest == min(totals, key=totals.__getitem__)
    cheapest = min(totals.values()) / len(cases)
    for point in found.points:
        assert same(point.extra.value, point.total / len(cases) - cheapest)
        assert point.overlaps == ((point.extra.low or 0.0) <= 0.0)
    assert found.cheapest not in found.overlapping


def test_a_drift_is_the_slope_of_least_squares(cases: list[Case]) -> None:
    given = cases_of(cases)
    columns, day = Columns.of(given.scores), np.array(given.scores.day)
    fit = OLS(columns.score - columns.accepted, add_constant(day / 30)).fit()

    found = drift(columns, day, **DRAWS)

    assert same(found.slope.value, float(fit.params[1]))


def test_a_change_point_is_where_both_sides_differ_most(cases: list[Case]) -> None:
    given = cases_of(cases)
    columns, day = Columns.of(given.scores), np.array(given.scores.day)
    excess = columns.score - columns.accepted
    first = [day[columns.plan == plan].min() for plan in range(columns.plans)]
    order = list(np.argsort(first))
    clear = {}
    for split in range(10, columns.plans - 9):
        later = np.isin(columns.plan, order[split:])
        share = later.mean()
        gap = excess[later].mean() - excess[~later].mean()
        clear[split] = abs(gap) * np.sqrt(share * (1 - share)), later
    best = max(clear, key=lambda split: clear[split][0])

    found = change_point(columns, day, permutations=99, seed=0)

    assert same(found.before, float(excess[~clear[best][1]].mean()))
    assert same(found.after, float(excess[clear[best][1]].mean()))
    assert found.day is not None
    assert (found.day.toordinal() - 719_163) == int(first[order[best]])


def test_the_tests_of_all_judges_are_corrected_together() -> None:
    cases = [
        Case(
            c.plan_id,
            c.confidence,
            c.accepted,
            scores=tuple(
                CaseScore(name, "1", given.score + rise * given.day, given.day)
                for name, rise in (("b", 0.0), ("a", 0.001))
                for given in c.scores
            ),
        )
        for c in world(random.Random(5), 60)
    ]

    found = judges(cases_of(cases), **DRAWS)

    tests = [part for one in found for part in (one.drift, one.change)]
    assert [one.judge for one in found] == ["a", "b"]
    corrected = multipletests([one.p for one in tests], method="fdr_bh")[1]
    for one, q in zip(tests, corrected, strict=True):
        assert same(one.q, float(q))


@pytest.mark.parametrize("successes", [3, 20, 37])
def test_the_interval_of_a_share_is_wilsons_where_cases_are_independent(successes: int) -> None:
    cases, huge = 40, 10**9  # so many plans that Student's t is the normal distribution
    share = successes / cases
    spread = np.sqrt(share * (1 - share) / cases)
    drawn = share + np.array([-1.0, 1.0]) * spread / np.sqrt(2)

    low, high = interval(share, drawn, Basis(cases, huge))

    expected = proportion_confint(successes, cases, method="wilson")
    assert (low, high) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_interval_of_a_share_at_its_bound_is_the_exact_one(value: float) -> None:
    low, high = interval(value, np.full(9, value), Basis(90, 30))

    expected = proportion_confint(30 * value, 30, method="beta")
    assert (low, high) == pytest.approx(expected, abs=1e-12)


def test_an_interval_keeps_to_the_bounds_of_its_statistic() -> None:
    drawn = np.array([-0.98, -0.9, -0.7])

    low, high = interval(-0.9, drawn, Basis(90, 30, share=False, bounds=(-1.0, 1.0)))
    free = interval(-0.9, drawn, Basis(90, 30, share=False, bounds=None))

    assert -1.0 < low < -0.9 < high < 1.0
    assert free[0] < -1.0
    assert free[0] + free[1] == pytest.approx(-1.8)
    assert interval(0.5, np.array([0.5]), Basis(90, 30, share=False)) == pytest.approx((0.5, 0.5))


def test_plans_of_unequal_size_say_less_than_as_many_equal_ones() -> None:
    assert effective(np.array([3.0, 3.0, 3.0])) == pytest.approx(3)
    assert effective(np.array([8.0, 1.0, 0.0])) == pytest.approx(81 / 65)
    assert effective(np.zeros(3)) == 0.0


# --- how many more ---


def test_as_many_more_outcomes_as_it_says_make_an_interval_of_five_points() -> None:
    """On average: the design effect of some plans is itself an estimate."""
    halves: dict[str, list[float]] = {}
    for seed in range(6):
        few = more_outcomes(cases_of(world(random.Random(seed), 150)), resamples=200, seed=0)
        assert [one.share for one in few] == ["accepted", "precision", "recall", "good_stopped"]
        for index, one in enumerate(few[1:3], 1):
            plans = 150 + (one.plans or 0)
            assert plans > 150
            more = cases_of(world(random.Random(seed + 100), plans))
            found = more_outcomes(more, resamples=200, seed=0)[index]
            halves.setdefault(one.share, []).append(found.half_width or 0.0)

    for found_halves in halves.values():
        assert float(np.mean(found_halves)) == pytest.approx(0.05, abs=0.005)


def test_outcomes_that_come_ten_by_ten_need_ten_times_as_many() -> None:
    chance = random.Random(4)
    given = [(chance.random(), chance.random() < 0.6) for _ in range(60)]
    alone = [Case(f"{n}.{copy}", *one) for n, one in enumerate(given) for copy in range(10)]
    together = [Case(f"{n}", *one) for n, one in enumerate(given) for _ in range(10)]

    few, many = (
        more_outcomes(cases_of(cases), resamples=400, seed=0)[0] for cases in (alone, together)
    )

    assert few.design_effect == pytest.approx(1.0, abs=0.01)
    assert many.design_effect == pytest.approx(10.0, abs=0.3)
    assert few.outcomes == 0
    assert (many.outcomes or 0) > 2_000


def test_with_too_few_no_number_is_given() -> None:
    cases = [Case(f"p{n}", n / 12, accepted=n > 3, stopped=n < 3) for n in range(12)]

    found = more_outcomes(cases_of(cases), **DRAWS)
    prices = costs(gate_counts(cases), THRESHOLDS, Cost(missed=1, stopped=1), **DRAWS)

    assert {(one.outcomes, one.half_width) for one in found} == {(None, None)}
    assert all((one.reason or "").startswith("not enough outcomes") for one in found)
    assert (prices.cheapest, prices.overlapping) == (None, ())
    assert prices.reason == "not enough outcomes: 12 of 20 outcomes"
    assert [one.mean.value for one in prices.points] == [None] * len(THRESHOLDS)


def test_where_all_agree_there_is_no_design_effect() -> None:
    cases = [Case(f"p{n}", 0.5, accepted=True) for n in range(40)]

    assert more_outcomes(cases_of(cases), **DRAWS)[0].design_effect is None


# --- groups ---


def test_a_group_has_the_figures_of_its_cases_alone(cases: list[Case]) -> None:
    named = [
        Case(c.plan_id, c.confidence, c.accepted, c.stopped, source="ab"[n % 2])
        for n, c in enumerate(cases)
    ]
    alone = [c for c in named if c.source == "b"]

    found = groups(cases_of(named, Grouping.SOURCE), Grouping.SOURCE, **DRAWS)
    own = groups(cases_of(alone, Grouping.SOURCE), Grouping.SOURCE, **DRAWS)

    assert [one.name for one in found] == ["a", "b"]
    assert found[1] == own[0]
    assert same(found[1].accepted.value, float(np.mean([c.accepted for c in alone])))
    recall = recall_score([not c.accepted for c in alone], [bool(c.stopped) for c in alone])
    assert same(found[1].gate_recall.value, float(recall))
    excess = np.mean([c.confidence - c.accepted for c in alone])
    assert same(found[1].bias.value, float(excess))


# --- judges that change ---


def test_scores_of_one_day_say_nothing_about_time() -> None:
    cases = [
        Case(f"p{n}", 0.5, n % 2 == 0, scores=(CaseScore("j", "", 0.5, 100.0 + n / 50),))
        for n in range(40)
    ]

    (found,) = judges(cases_of(cases), **DRAWS)

    assert (found.drift.slope.value, found.drift.p, found.change.p) == (None, None, None)
    assert found.drift.slope.reason == found.change.reason == "all scores are of one day"


def test_an_estimate_that_is_undefined_says_so() -> None:
    given = cases_of(world(random.Random(1), 40)).scores

    found = drift(Columns.of(given), np.zeros(len(given.plan)), **DRAWS)

    assert (found.slope.value, found.p) == (None, None)
    assert found.slope.reason == "undefined for these outcomes"


def test_with_few_plans_no_change_is_looked_for() -> None:
    given = cases_of(world(random.Random(1), 19))

    found = change_point(
        Columns.of(given.scores), np.array(given.scores.day), permutations=9, seed=0
    )

    assert (found.day, found.p, found.reason) == (None, None, "not enough plans: 19 of 20")
