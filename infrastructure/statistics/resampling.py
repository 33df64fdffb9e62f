"""Intervals by drawing whole groups: cases of one plan are not independent of each other.

A statistic is given as a function of weights, how often each group was drawn; all
estimates come from the same draws. A draw that leaves an estimate undefined counts for the
others alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.estimates import MIN_OF_EACH, Estimate, too_few
from plangate.infrastructure.statistics.intervals import (
    Floats,
    Interval,
    binomial,
    on_logit_scale,
    student,
    wilson,
)

UNDEFINED: Final = -9.0
"""Marks an undefined estimate: none is so low, and NaN would make scipy warn."""

RESAMPLES: Final = 1_000
"""How many draws an interval rests on, unless another number is given."""

_LEAST_EFFECT: Final = 0.5
"""No design effect is less: plans that happen to be alike must not make an interval vanish."""

_ALMOST_NONE: Final = 1e-12

_AT_ONCE: Final = 2_000_000
"""Numbers in memory at once."""

WeightedValues = Callable[[Floats], Floats]
"""Weights, a row for each draw and a column for each group, to estimates: a row for each
estimate and a column for each draw. `UNDEFINED` where there is none."""


class Basis(NamedTuple):
    """What an estimate rests on, and where it can lie.

    A `share` is a proportion of the cases. Others lie within `bounds`, anywhere if None.
    `effective` is how many plans of equal size say as much as those that there are.
    """

    cases: int
    plans: int
    fewer: int = MIN_OF_EACH
    share: bool = True
    bounds: tuple[float, float] | None = (0.0, 1.0)
    effective: float | None = None

    def estimate(self) -> Estimate:
        """An estimate that has no value yet, or the reason why it cannot have any."""
        reason = too_few(self.cases, self.plans, self.fewer)
        return Estimate(cases=self.cases, plans=self.plans, reason=reason)


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
    found = [basis.estimate() for basis in bases]
    if all(one.reason for one in found):
        return found
    whole = values(np.ones((1, groups)))[:, 0]
    drawn = np.hstack([values(weights) for weights in draws(groups, resamples, seed, width=width)])
    for index, basis in enumerate(bases):
        if found[index].reason is not None:
            continue
        given: dict[str, object] = {"reason": "undefined for these outcomes"}
        if whole[index] != UNDEFINED:
            low, high = interval(float(whole[index]), drawn[index], basis)
            given = {"value": float(whole[index]), "low": low, "high": high}
        found[index] = found[index].model_copy(update=given)
    return found


def draws(groups: int, resamples: int, seed: int, *, width: int = 1) -> Iterator[Floats]:
    """Weights of random draws of as many groups as there are, some draws at once."""
    chance = np.random.default_rng(seed)
    for count in batches(resamples, groups * max(width, 1)):
        yield times_drawn(chance.integers(groups, size=(count, groups)))


def batches(draws: int, numbers: int) -> Iterator[int]:
    """How many draws to make at once, as each holds so many numbers in memory."""
    at_once = max(1, _AT_ONCE // numbers)
    for first in range(0, draws, at_once):
        yield min(at_once, draws - first)


def times_drawn(drawn: NDArray[np.int64]) -> Floats:
    """How often each of as many groups was drawn; a row for each draw, and so in the result."""
    count, groups = drawn.shape
    numbered = drawn + groups * np.arange(count)[:, None]
    counts = np.bincount(numbered.ravel(), minlength=count * groups)
    return counts.reshape(count, groups).astype(np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """A quotient, undefined where the divisor is 0."""
    nothing = np.full(np.shape(above), UNDEFINED)
    quotient: Floats = np.divide(above, below, out=nothing, where=below > 0)
    return quotient


def group_sums(group: NDArray[np.intp], groups: int, of_cases: NDArray[Any]) -> Floats:
    """Values of cases, summed by group."""
    sums = np.bincount(group, weights=of_cases.astype(np.float64), minlength=groups)
    return sums.astype(np.float64)


def effective(sizes: Floats) -> float:
    """How many groups of equal size say as much as groups of these sizes, by Kish."""
    squares = float((sizes**2).sum())
    return float(sizes.sum()) ** 2 / squares if squares else 0.0


def interval(value: float, drawn: Floats, basis: Basis) -> Interval:
    """The 95 % interval of an estimate from its draws, by Student's t for so many plans.

    Of a share it is Wilson's, for as many independent cases as have the spread of the
    draws; of another bounded estimate it is made on the logit scale. One at a bound would be
    there in every draw, so its interval is the exact binomial one, each plan a trial.
    """
    groups = max(basis.effective or float(basis.plans), 2.0)
    known = drawn[drawn != UNDEFINED]
    spread = float(known.std(ddof=1)) * np.sqrt(groups / (groups - 1)) if len(known) > 1 else 0.0
    half = student(groups - 1) * spread
    if basis.bounds is None:
        return value - half, value + half
    floor, ceiling = basis.bounds
    size = ceiling - floor
    inside = (value - floor) / size
    if not _ALMOST_NONE < inside < 1.0 - _ALMOST_NONE:
        low, high = binomial(round(inside) * basis.plans, basis.plans, "exact")
    elif basis.share:
        independent = basis.cases / design_effect(inside, spread, basis.cases)
        low, high = wilson(inside, independent, student(groups - 1))
    else:
        low, high = on_logit_scale(inside, half / size)
    return floor + size * low, floor + size * high


def design_effect(share: float, spread: float, cases: int) -> float:
    """How many times the variance of a share is that of as many independent cases."""
    return max(spread**2 * cases / (share * (1.0 - share)), _LEAST_EFFECT)
