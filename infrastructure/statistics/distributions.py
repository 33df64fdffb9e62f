"""Tests of comparisons between plans, and their adjustment for how many were made."""

from collections.abc import Sequence
from typing import Any, Final, assert_never

import numpy as np
from scipy import stats

from plangate.application.evidence.comparisons import (
    Comparison,
    Heaped,
    MoreOften,
    Paired,
    Shifted,
    Significance,
)
from plangate.infrastructure.statistics.intervals import jackknife

_EXACT: Final = 50
"""Up to so many differences the exact distribution is used, where no two are equal."""

_SMOOTH: Final = 0.5
"""Added to every count, so that an empty bin has a logarithm."""


def significances(comparisons: Sequence[Comparison]) -> list[Significance]:
    """Each comparison's p value, and the same adjusted for how many there are."""
    found = [_p_value(one) for one in comparisons]
    return [Significance(p, q) for p, q in zip(found, adjusted(found), strict=True)]


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p values of tests that are made together, adjusted by Benjamini and Hochberg."""
    if not p_values:
        return []
    found: Any = stats.false_discovery_control(p_values, method="bh")
    return [float(q) for q in found]


def _p_value(comparison: Comparison) -> float:
    match comparison:
        case Paired():
            return paired(comparison)
        case Shifted():
            return shifted(comparison)
        case MoreOften():
            return more_often(comparison)
        case Heaped():
            return heaped(comparison)
        case _:
            assert_never(comparison)


def paired(comparison: Paired) -> float:
    """Two-sided: judges that are alike are the higher one as often, and by as much."""
    differences = np.asarray(comparison.differences, dtype=np.float64)
    if not differences.any():
        return 1.0
    sizes = np.abs(differences)
    tied = not sizes.all() or len(np.unique(sizes)) < len(sizes)
    exact = not tied and len(sizes) <= _EXACT
    method = "exact" if exact else "asymptotic"
    result: Any = stats.wilcoxon(differences, zero_method="pratt", method=method)
    return float(result.pvalue)


def shifted(comparison: Shifted) -> float:
    """Plans are exchangeable where nothing changed between them."""
    alternative = "two-sided" if comparison.both else "greater"
    result: Any = stats.mannwhitneyu(comparison.after, comparison.before, alternative=alternative)
    return float(result.pvalue)


def more_often(comparison: MoreOften) -> float:
    """One-sided; each plan counts once, however often it is so there."""
    table = [
        [comparison.plans, comparison.of - comparison.plans],
        [comparison.others, comparison.of_others - comparison.others],
    ]
    result: Any = stats.fisher_exact(table, alternative="greater")
    return float(result.pvalue)


def heaped(comparison: Heaped) -> float:
    """One-sided: more scores just above the limit, for those just below, than a smooth density has.

    The logarithm of a smooth density is nearly a parabola, so the two outer bins say what the
    ratio of the inner two should be. Its error comes from leaving out each plan in turn; it
    is at least that of counting, also where a bin is empty in every plan.
    """
    counts = np.array(comparison.counts, dtype=np.float64).T
    whole = counts.sum(axis=1)
    error, plans = jackknife(counts, _excess)
    by_counting = float((np.array([1 / 9, 1, 1, 1 / 9]) / (whole + _SMOOTH)).sum())
    spread = np.sqrt(max(error**2, by_counting))
    return float(stats.t.sf(float(_excess(whole)) / spread, plans - 1))


def _excess(counts: Any) -> Any:
    far_below, below, above, far_above = np.log(counts + _SMOOTH)
    return above - below - (far_above - far_below) / 3
