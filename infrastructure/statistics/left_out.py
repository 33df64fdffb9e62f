"""Intervals by leaving out one group at a time: the jackknife, with Student's t.

It needs no random draws, and holds its level with few groups, where draws of whole groups
give intervals that are too narrow. That of a share is computed on the logit scale, so that
it stays between 0 and 1.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import stats

from plangate.infrastructure.statistics.resampling import LEVEL, Floats, binomial

Interval = tuple[float, float]
Sums = Callable[[Floats], Floats]
"""Totals, a column for each, to one value for each column."""

_ROUNDING: Final = 1e-12


def standard_error(table: Floats, value_of: Sums) -> tuple[float, int]:
    """The jackknife's standard error of a value of sums, and the groups that it rests on.

    `table` has a column for each group. Groups without any case say nothing, and one alone has
    no error.
    """
    table = table[:, table.any(axis=0)]
    groups = table.shape[1]
    if groups < 2:  # noqa: PLR2004  (one value has no spread)
        return 0.0, groups
    without = value_of(table.sum(axis=1, keepdims=True) - table)
    spread = float(((without - without.mean()) ** 2).sum())
    return float(np.sqrt(spread * (groups - 1) / groups)), groups


def of_share(value: float, error: float, groups: int, cases: int) -> Interval:
    """The interval of a share with a standard error; at 0 or 1 the exact one of its groups."""
    if error <= _ROUNDING:
        at_bound = value in {0.0, 1.0}
        return binomial(round(value) * groups, groups, "exact") if at_bound else (value, value)
    inside = min(max(value, 0.5 / cases), 1.0 - 0.5 / cases)
    logit = float(np.log(inside / (1.0 - inside)))
    step = _factor(groups) * error / (inside * (1.0 - inside))
    with np.errstate(over="ignore"):
        low, high = (1.0 / (1.0 + np.exp(-np.array([logit - step, logit + step])))).tolist()
    return min(low, value), max(high, value)


def of_value(value: float, error: float, groups: int) -> Interval:
    """The interval of a value that may be any number."""
    step = _factor(groups) * error
    return value - step, value + step


def _factor(groups: int) -> float:
    return float(stats.t.ppf((1 + LEVEL) / 2, groups - 1))
