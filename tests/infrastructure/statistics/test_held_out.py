"""Held-out figures: equal to scikit-learn's, chosen for robustness, and covering the truth."""

import random
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Final

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, precision_score, recall_score
from statsmodels.stats.proportion import proportion_confint

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost
from plangate.application.evidence.held_out import (
    HeldOutFigures,
    PolicyCase,
    PolicySearch,
    is_better,
)
from plangate.infrastructure.statistics.held_out import held_out
from plangate.infrastructure.statistics.intervals import of_share
from tests.support.policy_worlds import World
from tests.support.soak import FIRST_SEED, short_and_long

EXACT: Final = 1e-9
CANDIDATES: Final = 6
FIXED: Final = 2
NEIGHBOURS: Final = [[n for n in (one - 1, one + 1) if 0 <= n < 6] for one in range(6)]


def some_cases(seed: int, groups: int = 12) -> list[PolicyCase]:
    """Policy n stops the likelier the larger n is, and bad cases likelier than good ones."""
    chance = random.Random(seed)
    cases = []
    for plan in range(groups * 6):
        group = plan % groups
        bad = chance.random() < (0.3 if group % 2 else 0.6)
        stopped = 0
        for policy in range(CANDIDATES + FIXED):
            stopped |= (chance.random() < (policy + 1 + 2 * bad) / 10) << policy
        mean = round(min(max(chance.gauss(0.4 if bad else 0.6, 0.2), 0.0), 1.0), 2)
        cases.append(PolicyCase(plan, group, group % 4, bad, mean, stopped))
    return cases


def search(cost: Cost | None = None) -> PolicySearch:
    return PolicySearch(CANDIDATES, NEIGHBOURS, FIXED, cost)


def stops(cases: Sequence[PolicyCase], policy: int) -> list[bool]:
    return [bool(case.stopped >> policy & 1) for case in cases]


def held_out_stops(cases: Sequence[PolicyCase], found: HeldOutFigures) -> list[bool]:
    chosen = [fold.chosen for fold in found.folds]
    return [bool(case.stopped >> chosen[case.fold] & 1) for case in cases]


@pytest.mark.parametrize("seed", range(3))
def test_the_figures_are_those_of_scikit_learn(seed: int) -> None:
    cases = some_cases(seed)
    bad = [case.bad for case in cases]

    found = held_out(cases, search())

    assert found.chosen is not None
    lines = [
        (found.tuned, held_out_stops(cases, found), stops(cases, found.chosen)),
        (
            found.mean,
            [case.mean < found.folds[case.fold].cut for case in cases],
            [case.mean < (found.cut or 0.0) for case in cases],
        ),
        *((line, stops(cases, 6 + n), stops(cases, 6 + n)) for n, line in enumerate(found.fixed)),
    ]
    for figures, stopped, in_sample in lines:
        assert figures.held_out.value == near(balanced_accuracy_score(bad, stopped))
        assert figures.in_sample == near(balanced_accuracy_score(bad, in_sample))
        assert figures.stopped_bad.value == near(recall_score(bad, stopped))
        assert figures.precision.value == near(precision_score(bad, stopped))
        good = [not one for one in bad]
        assert figures.stopped_good.value == near(1 - recall_score(good, [not s for s in stopped]))
        for over, other in ((figures.over_mean, lines[1][1]), (figures.over_recorded, lines[2][1])):
            gained = balanced_accuracy_score(bad, stopped) - balanced_accuracy_score(bad, other)
            assert over.value == near(gained)
    for fold in found.folds:
        number = found.folds.index(fold)
        there = [case for case in cases if case.fold != number]
        here = [case for case in cases if case.fold == number]
        for part, value in ((there, fold.in_sample), (here, fold.held_out)):
            truth = [case.bad for case in part]
            assert value == near(balanced_accuracy_score(truth, stops(part, fold.chosen)))


def near(value: float) -> object:
    return pytest.approx(value, abs=EXACT)


@pytest.mark.parametrize("alike", [True, False])
def test_the_interval_is_that_of_the_jackknife_on_the_logit_scale(*, alike: bool) -> None:
    """Where groups are alike by chance, it is as wide as if all cases were independent."""
    flipped = 0 if alike else 0xFF
    cases = [
        case._replace(stopped=case.stopped ^ (case.group % 2 and flipped)) for case in some_cases(1)
    ]
    found = held_out(cases, search()).fixed[0].held_out

    def value(some: Sequence[PolicyCase]) -> float:
        return float(balanced_accuracy_score([case.bad for case in some], stops(some, CANDIDATES)))

    groups = sorted({case.group for case in cases})
    without = [value([case for case in cases if case.group != group]) for group in groups]
    spread = sum((one - sum(without) / len(without)) ** 2 for one in without)
    error = sqrt(spread * (len(groups) - 1) / len(groups))
    whole = value(cases)
    logit, t = np.log(whole / (1 - whole)), stats.t.ppf(0.975, len(groups) - 1)
    step = t * error / (whole * (1 - whole))
    low, high = (1 / (1 + np.exp(-(logit + side * step))) for side in (-1, 1))
    distances = []
    for bad in (True, False):
        right = [
            stop == bad
            for case, stop in zip(cases, stops(cases, CANDIDATES), strict=True)
            if case.bad == bad
        ]
        rate = sum(right) / len(right)
        ends = proportion_confint(sum(right), len(right), method="wilson")
        distances.append((rate - ends[0], ends[1] - rate))
    below, above = (sqrt(sum(one**2 for one in side)) / 2 for side in zip(*distances, strict=True))
    assert (whole - below < low, whole + above > high) == (alike, alike)
    assert found.low == near(min(low, whole - below))
    assert found.high == near(max(high, whole + above))


def test_with_costs_the_measure_is_the_mean_cost_of_a_case() -> None:
    cases = some_cases(7)
    cost = Cost(missed=5, stopped=2)

    found = held_out(cases, search(cost))

    for figures, stopped in (
        (found.tuned, held_out_stops(cases, found)),
        (found.always, [True] * len(cases)),
        (found.never, [False] * len(cases)),
    ):
        paid = sum(
            5 * (case.bad and not stop) + 2 * (stop and not case.bad)
            for case, stop in zip(cases, stopped, strict=True)
        )
        assert figures.held_out.value == near(paid / len(cases))
        assert figures.held_out.low is not None
        assert figures.held_out.high is not None
        assert 0 <= figures.held_out.low < figures.held_out.high <= 5
    never, always = found.never.held_out.value or 0.0, found.always.held_out.value or 0.0
    recorded = found.fixed[0].held_out.value or 0.0
    assert found.never.over_recorded.value == near(recorded - never)
    assert found.always.over_recorded.value == near(recorded - always)


@pytest.mark.parametrize("seed", range(4))
def test_the_cut_on_the_mean_is_the_best_there_is(seed: int) -> None:
    cases = some_cases(seed)
    bad = [case.bad for case in cases]
    found = held_out(cases, search())

    def with_cut(cut: float) -> float:
        return float(balanced_accuracy_score(bad, [case.mean < cut for case in cases]))

    means = sorted({case.mean for case in cases})
    between = [(one + other) / 2 for one, other in pairwise(means)]
    best = max(map(with_cut, [0.0, *between, 2.0]))
    assert found.mean.in_sample == near(best)
    assert with_cut(found.cut or 0.0) == near(best)


def test_gates_that_always_or_never_fire_have_no_uncertain_rates() -> None:
    found = held_out(some_cases(1), search())

    for figures, rate in ((found.always, 1.0), (found.never, 0.0)):
        for estimate in (figures.stopped_bad, figures.stopped_good):
            assert (estimate.value, estimate.low, estimate.high) == (rate, rate, rate)
        assert (figures.held_out.low, figures.held_out.high) == (0.5, 0.5)
    assert found.never.precision.reason == "nothing is stopped"


def test_what_is_stopped_in_one_group_alone_has_no_precision() -> None:
    """Precision in other groups does not follow from one."""
    cases = [c._replace(stopped=0xFF if c.group == 0 and c.plan % 7 else 0) for c in some_cases(1)]

    precision = held_out(cases, search()).fixed[0].precision

    assert 0 < precision.cases < 6
    assert (precision.value, precision.reason) == (None, "not enough cases: 1 of 2 groups")


def test_a_plateau_goes_before_a_lonely_peak() -> None:
    """Policy 0 is best by one case; 2 and its neighbours are hardly worse."""
    cases = []
    for plan in range(80):
        bad, group = plan % 2 == 0, plan // 2 % 10
        right = [plan >= 8, plan % 5 > 0, plan >= 9, plan >= 9, plan >= 10, plan % 3 > 0]
        stopped = sum((bad == is_right) << policy for policy, is_right in enumerate(right))
        cases.append(PolicyCase(plan, group, group % 5, bad, 0.5, stopped))
    best = [sum(stops(cases, policy)[n] == cases[n].bad for n in range(80)) for policy in range(6)]
    assert best.index(max(best)) == 0

    found = held_out(cases, PolicySearch(6, NEIGHBOURS, fixed=1))

    assert found.chosen == 3
    assert found.alike == 4


@pytest.mark.parametrize("seed", range(3))
def test_policies_that_stop_the_same_are_equal(seed: int) -> None:
    cases = [case._replace(stopped=-(case.stopped & 1) & 0xFF) for case in some_cases(seed)]

    found = held_out(cases, search())

    assert found.chosen == 0
    assert found.alike == CANDIDATES
    over = found.tuned.over_recorded
    assert (over.value, over.low, over.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("right", [True, False])
def test_a_policy_that_is_never_wrong_may_still_be(*, right: bool) -> None:
    """What always was right, or wrong, in twelve groups need not be in the next."""
    cases = [c._replace(stopped=0xFF if c.bad == right else 0) for c in some_cases(1)]

    found = held_out(cases, search())

    estimate = found.tuned.held_out
    assert estimate.value == (1.0 if right else 0.0)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.high - estimate.low > 0.02
    assert found.tuned.stopped_bad.low == near(of_share(1.0, 0.0, 12, 1)[0] if right else 0.0)


@pytest.mark.parametrize(
    "cases, reason",
    [
        ([], "0 of 20 cases, 0 of 10 of each sort, 0 of 5 groups, 0 of 2 groups of each sort"),
        (some_cases(1)[:19], "19 of 20 cases"),
        (some_cases(1, groups=4), "4 of 5 groups"),
        (
            [case._replace(bad=case.group == 0 or case.plan == 1) for case in some_cases(1)],
            "7 of 10 of each sort",
        ),
        (
            [case._replace(bad=case.group == 0) for case in some_cases(1, 6) * 2],
            "1 of 2 groups of each sort",
        ),
    ],
)
def test_with_too_few_cases_there_are_no_figures(cases: list[PolicyCase], reason: str) -> None:
    found = held_out(cases, search())

    assert (found.chosen, found.cut, found.alike, found.folds) == (None, None, None, ())
    for figures in (found.tuned, found.mean, *found.fixed, found.always, found.never):
        assert figures.in_sample is None
        assert (figures.held_out.value, figures.held_out.low) == (None, None)
        assert figures.held_out.reason == f"not enough cases: {reason}" or (
            reason == "19 of 20 cases" and reason in (figures.held_out.reason or "")
        )
    assert len(found.fixed) == FIXED


def test_one_estimate_is_better_than_another_only_if_no_value_is_in_both() -> None:
    low, high, both = (
        Estimate(value=0.5, low=low, high=high, cases=20, plans=20)
        for low, high in ((0.2, 0.4), (0.5, 0.7), (0.4, 0.5))
    )
    cost = Cost(missed=1, stopped=1)
    assert is_better(high, low, None)
    assert not is_better(low, high, None)
    assert is_better(low, high, cost)
    assert not is_better(high, low, cost)
    assert not is_better(high, both, None)
    assert not is_better(both, low, None)
    none = Estimate(cases=0, plans=0, reason="none")
    assert not is_better(high, none, None)
    assert not is_better(none, low, None)


MANY: Final = 1_000
WORLDS: Final = [
    World(20),
    World(20, by_group=True),
    World(50),
    World(50, by_group=True),
    World(100),
    World(20, blind=True),
    World(50, blind=True),
]


@short_and_long("worlds", 12, 1_000)
def test_the_intervals_cover_what_policies_do_on_other_groups(worlds: int) -> None:
    """With 1,000 worlds of a kind, 92 to 97 of a hundred intervals have the truth in them."""
    for world in WORLDS if worlds >= MANY else WORLDS[:2]:
        truth = world.truth()
        of_policies = [truth.balanced_accuracy(policy) for policy in range(truth.stops.shape[1])]
        covered = dict.fromkeys(("tuned", "mean", "over_mean"), 0)
        searches = recommended = 0
        for seed in range(FIRST_SEED, FIRST_SEED + worlds):
            found = world.cases(seed).figures(seed)
            if found.chosen is None:
                continue
            searches += 1
            weights = [fold.cases for fold in found.folds]
            tuned = np.average([of_policies[fold.chosen] for fold in found.folds], weights=weights)
            mean = np.average([truth.of_cut(fold.cut) for fold in found.folds], weights=weights)
            covered["tuned"] += covers(found.tuned.held_out, tuned)
            covered["mean"] += covers(found.mean.held_out, mean)
            covered["over_mean"] += covers(found.tuned.over_mean, tuned - mean)
            recommended += is_recommended(found)
        print(f"{world}: of {searches} searches covered {covered}, recommended {recommended}")
        least, most = (0.92, 0.975) if worlds >= MANY else (0.3, 1.0)
        assert all(least <= times / searches <= most for times in covered.values()), covered
        assert recommended <= max(0.01 * searches, 3)


@short_and_long("worlds", 12, 1_000)
def test_what_is_much_better_than_the_plain_mean_is_recommended(worlds: int) -> None:
    """The mean sees next to nothing here, the gates see nearly all."""
    world = World(100, gate_noise=0.02, mean_noise=1.0)
    recommended = sum(is_recommended(world.cases(seed).figures(seed)) for seed in range(worlds))
    print(f"{world}: recommended {recommended} of {worlds}")
    assert recommended >= worlds / 2


def is_recommended(found: HeldOutFigures) -> bool:
    """Whether no interval overlaps that of what was chosen."""
    rivals = (found.mean, found.fixed[0], found.always, found.never)
    return all(is_better(found.tuned.held_out, other.held_out, None) for other in rivals)


def covers(estimate: Estimate, truth: float) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= truth <= estimate.high
