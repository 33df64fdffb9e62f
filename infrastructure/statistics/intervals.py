"""Intervals of 95 %, from how far an estimate spreads.

The spread comes from drawing groups, or here from leaving out one group at a time (the
jackknife): that needs no random draws, and holds its level with few groups, where draws of
whole groups give intervals that are too narrow.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

LEVEL: Final = 0.95
TAILS: Final = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)

_ROUNDING: Final = 1e-12

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Sums = Callable[[Floats], Floats]
"""Totals, a column for each, to one value for each column."""


def student(freedom: float) -> float:
    """How many standard errors an interval is wide, to each side."""
    return float(stats.t.ppf(TAILS[1], freedom))


def wilson(share: float, independent: float, errors: float) -> Interval:
    """Wilson's interval of a share of so many independent cases, so many standard errors wide."""
    weight = errors**2 / independent
    middle = (share + weight / 2) / (1 + weight)
    half = (weight * share * (1 - share) + weight**2 / 4) ** 0.5 / (1 + weight)
    return middle - half, middle + half


def on_logit_scale(share: float, half: float) -> Interval:
    """The interval of a value between 0 and 1 that is so wide to each side, kept between them."""
    logit, step = np.log(share / (1.0 - share)), half / (share * (1.0 - share))
    return float(special.expit(logit - step)), float(special.expit(logit + step))


def binomial(successes: int, trials: int, method: Literal["exact", "wilson"]) -> Interval:
    """The interval of a share of independent trials."""
    given: Any = stats.binomtest(successes, trials).proportion_ci(LEVEL, method)
    return float(given.low), float(given.high)


def jackknife(table: Floats, value_of: Sums) -> tuple[float, int]:
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
    low, high = on_logit_scale(inside, student(groups - 1) * error)
    return min(low, value), max(high, value)


def of_value(value: float, error: float, groups: int) -> Interval:
    """The interval of a value that may be any number."""
    step = student(groups - 1) * error
    return value - step, value + step
