"""Tests between plans: equal to their definitions, and to statsmodels where it has them."""

import itertools
import random
from collections.abc import Sequence
from math import comb, log, sqrt

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from plangate.application.evidence.comparisons import (
    FALSE_FINDINGS,
    Comparison,
    Heaped,
    MoreOften,
    Paired,
    Shifted,
    Significance,
)
from plangate.infrastructure.statistics.distributions import significances

Near = tuple[int, int, int, int]


def p(comparison: Comparison) -> float:
    (found,) = significances([comparison])
    assert found.p == found.adjusted
    return found.p


def test_nothing_compared_is_nothing_found() -> None:
    assert significances([]) == []


def test_p_values_are_adjusted_as_statsmodels_adjusts_them() -> None:
    chance = random.Random(1)
    comparisons = [
        Shifted([chance.random() for _ in range(12)], [chance.random() + n / 20 for _ in range(12)])
        for n in range(20)
    ]
    found = significances(comparisons)
    adjusted = multipletests([one.p for one in found], method="fdr_bh")[1]
    assert [one.adjusted for one in found] == pytest.approx(list(adjusted), abs=1e-9)


def test_chance_explains_all_but_the_least_adjusted_p_values() -> None:
    assert Significance(0.001, FALSE_FINDINGS).is_found()
    assert not Significance(0.001, FALSE_FINDINGS + 1e-9).is_found()
    assert Significance(0.001, FALSE_FINDINGS + 1e-9).is_found(0.05)


def test_pairs_are_judged_by_all_signs_that_they_could_have_had() -> None:
    differences = [0.31, 0.12, -0.07, 0.25, 0.18, 0.05, 0.41, -0.02, 0.22, 0.16]
    sizes = sorted(map(abs, differences))
    ranks = [sizes.index(abs(one)) + 1 for one in differences]
    given = sum(rank for rank, one in zip(ranks, differences, strict=True) if one > 0)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product((False, True), repeat=len(ranks))
    ]
    as_high = sum(one >= given for one in sums) / len(sums)
    assert p(Paired(differences)) == pytest.approx(2 * as_high, abs=1e-9)


@pytest.mark.parametrize(
    "differences", [[0.1] * 6 + [0.2] * 6, [0.0, 0.0, *(0.01 * n for n in range(1, 11))]]
)
def test_equal_differences_and_none_are_judged_by_the_normal_distribution(
    differences: list[float],
) -> None:
    known = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic").pvalue
    assert p(Paired(differences)) == pytest.approx(known, abs=1e-9)
    assert p(Paired([-one for one in differences])) == pytest.approx(known, abs=1e-9)


def test_many_pairs_are_judged_by_the_normal_distribution() -> None:
    differences = [0.001 * n * (-1 if n % 3 == 0 else 1) for n in range(1, 52)]
    known = stats.wilcoxon(differences, method="asymptotic").pvalue
    assert p(Paired(differences)) == pytest.approx(known, abs=1e-9)


def test_judges_who_never_differ_are_alike() -> None:
    assert p(Paired([0.0] * 12)) == 1.0


def test_groups_are_judged_by_all_ways_to_divide_the_plans() -> None:
    before, after = [0.5, 0.55, 0.61, 0.47, 0.58], [0.71, 0.6, 0.83, 0.79]
    everything = sorted([*before, *after])
    given = sum(everything.index(one) for one in after)
    sums = [sum(chosen) for chosen in itertools.combinations(range(9), 4)]
    above = sum(one >= given for one in sums) / comb(9, 4)
    assert p(Shifted(before, after)) == pytest.approx(above, abs=1e-9)
    assert p(Shifted(before, after, both=True)) == pytest.approx(2 * above, abs=1e-9)
    assert p(Shifted(after, before)) > 0.9


def test_how_often_is_judged_by_all_tables_with_the_same_sums() -> None:
    tables = [comb(12, k) * comb(20, 11 - k) / comb(32, 11) for k in range(9, 12)]
    assert p(MoreOften(9, 12, 2, 20)) == pytest.approx(sum(tables), abs=1e-9)


def test_heaps_are_judged_by_leaving_out_each_plan() -> None:
    chance = random.Random(2)
    plans: list[Near] = [
        (chance.randint(0, 2), chance.choice((0, 9)), chance.choice((0, 20)), chance.randint(0, 3))
        for _ in range(15)
    ]
    without = [_excess(plans[:n] + plans[n + 1 :]) for n in range(15)]
    mean = sum(without) / 15
    error = sqrt(14 / 15 * sum((one - mean) ** 2 for one in without))
    assert error > _error_of_counting(plans)
    assert p(Heaped(plans)) == pytest.approx(stats.t.sf(_excess(plans) / error, 14), abs=1e-9)


def _excess(plans: Sequence[Near]) -> float:
    far_below, below, above, far_above = (log(sum(one) + 0.5) for one in zip(*plans, strict=True))
    return above - below - (far_above - far_below) / 3


def _error_of_counting(plans: Sequence[Near]) -> float:
    far_below, below, above, far_above = (sum(one) + 0.5 for one in zip(*plans, strict=True))
    return sqrt(1 / below + 1 / above + (1 / far_below + 1 / far_above) / 9)


def test_plans_that_are_all_alike_have_the_error_of_counting() -> None:
    plans: list[Near] = [(0, 0, 2, 6)] * 10
    known = stats.t.sf(_excess(plans) / _error_of_counting(plans), 9)
    assert p(Heaped(plans)) == pytest.approx(known, abs=1e-9)
    assert p(Heaped([(1, 2, 2, 1), (2, 1, 1, 2)] * 6)) == pytest.approx(0.5)
