"""Intervals by drawing whole groups: cases of one plan are not independent of each other.

A statistic is given as a function of weights, how often each group was drawn; all
estimates come from the same draws. A draw that leaves an estimate undefined counts for the
others alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from plangate.application.evidence.estimates import MIN_OF_EACH, Estimate, too_few

LEVEL: Final = 0.95
UNDEFINED: Final = -9.0
"""Marks an undefined estimate: none is so low, and NaN would make scipy warn."""

_AT_ONCE: Final = 2_000_000
"""Numbers in memory at once."""

Floats = NDArray[np.float64]
WeightedValues = Callable[[Floats], Floats]
"""Weights, a row for each draw and a column for each group, to estimates: a row for each
estimate and a column for each draw. `UNDEFINED` where there is none."""


class Basis(NamedTuple):
    """What an estimate rests on. A `share` is from 0 to 1, as a proportion of cases."""

    cases: int
    plans: int
    fewer: int = MIN_OF_EACH
    share: bool = True
    unit: str = "outcomes"


def drawn_estimates(
    values: WeightedValues,
    groups: int,
    bases: Sequence[Basis],
    *,
    resamples: int,
    seed: int,
    width: int = 1,
) -> list[Estimate]:
    """An estimate for each basis, in the order of the rows that `values` gives.

    `groups` is how many there are to draw from; `width` is how many numbers `values` holds
    for each group and draw, so that memory stays flat.
    """
    reasons = [too_few(b.cases, b.plans, b.fewer, unit=b.unit) for b in bases]
    found = [
        Estimate(cases=basis.cases, plans=basis.plans, reason=reason)
        for basis, reason in zip(bases, reasons, strict=True)
    ]
    if None not in reasons:
        return found
    whole = values(np.ones((1, groups)))[:, 0]
    drawn = np.hstack([values(weights) for weights in draws(groups, resamples, seed, width=width)])
    for index, (basis, reason) in enumerate(zip(bases, reasons, strict=True)):
        if reason is None and whole[index] != UNDEFINED:
            low, high = _interval(float(whole[index]), drawn[index], basis)
            given = {"value": float(whole[index]), "low": low, "high": high}
            found[index] = found[index].model_copy(update=given)
    return found


def draws(groups: int, resamples: int, seed: int, *, width: int = 1) -> Iterator[Floats]:
    """Weights of random draws of as many groups as there are, some draws at once."""
    chance = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // (groups * max(width, 1)))
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        drawn = chance.integers(groups, size=(count, groups))
        drawn += groups * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * groups)
        yield counts.reshape(count, groups).astype(np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """A quotient, undefined where the divisor is 0."""
    nothing = np.full(np.shape(above), UNDEFINED)
    quotient: Floats = np.divide(above, below, out=nothing, where=below > 0)
    return quotient


def group_sums(group: NDArray[np.intp], groups: int, of_cases: NDArray[Any]) -> Floats:
    """Values of cases, summed by group."""
    sums = np.bincount(group, weights=of_cases.astype(np.float64), minlength=groups)
    return sums.astype(np.float64)


def _interval(value: float, drawn: Floats, basis: Basis) -> tuple[float, float]:
    """The central interval of all draws in which the estimate is defined.

    A share of exactly 0 or 1 would be the same in every draw, so its interval is the exact
    binomial one, with each plan as one trial.
    """
    if basis.share and not 0.0 < value < 1.0:
        exact: Any = stats.binomtest(round(value) * basis.plans, basis.plans).proportion_ci(
            LEVEL, method="exact"
        )
        return float(exact.low), float(exact.high)
    low, high = np.quantile(drawn[drawn != UNDEFINED], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
