"""Draws of plans of the same work: whole works, or the plans of each work where these are few.

A row of sums that belongs to a plan holds its pairs with all others. So where plans are drawn
within their works, one that comes once more adds its pairs in both directions: it counts
twice, and the variance is that of a U-statistic.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import batches, times_drawn

Numbers = NDArray[np.int64]


class PlanDraws:
    """What is drawn, `units` of them in strata, and what a sum over them is worth.

    With `by_work` a unit is a work with all its plans, and there is one stratum; else a unit
    is a plan, and a stratum the plans of one work and side.
    """

    def __init__(self, plans: Numbers, works: Numbers, sides: Numbers, *, by_work: bool) -> None:
        self.by_work = by_work
        self._drawn, first = np.unique(works if by_work else plans, return_index=True)
        self.units = len(self._drawn)
        stratum = np.zeros(self.units, dtype=np.int64)
        if not by_work:
            both = np.stack([works[first], sides[first]])
            stratum = np.unique(both, axis=1, return_inverse=True)[1].ravel()
        order = np.argsort(stratum, kind="stable")
        self._rank = np.argsort(order)
        self._starts = np.flatnonzero(np.diff(stratum[order], prepend=-1))
        self._sizes = np.diff(self._starts, append=self.units)

    @property
    def lone(self) -> bool:
        """Whether a stratum has one unit only, so that its noise is not known."""
        return bool((self._sizes == 1).any())

    @property
    def freedom(self) -> int:
        """How many degrees of freedom the variance of a share has.

        Of few works, those in which verdicts always agree say nothing of it: so two for each.
        """
        return self.units - 1 if self.by_work else 2 * len(self._sizes)

    def unit_of(self, plans: Numbers, works: Numbers) -> NDArray[np.intp]:
        """The unit of each row."""
        rank: NDArray[np.intp] = self._rank[
            np.searchsorted(self._drawn, works if self.by_work else plans)
        ]
        return rank

    def counts(self, resamples: int, seed: int) -> Iterator[Floats]:
        """How often each unit was drawn: a row for each draw, some draws at once."""
        chance = np.random.default_rng(seed)
        start, size = np.repeat(self._starts, self._sizes), np.repeat(self._sizes, self._sizes)
        for count in batches(resamples, 4 * self.units):
            yield times_drawn(start + chance.integers(size, size=(count, self.units)))

    def weights(self, counts: Floats) -> Floats:
        """How much the row of each unit counts in each draw."""
        return counts if self.by_work else 2.0 * counts - 1.0

    def quotient(self, above: Floats, below: Floats) -> tuple[float, float]:
        """The quotient of two sums over all units, and its variance."""
        whole, variance = self.quotients(np.ones((1, self.units)), above, below)
        return float(whole[0]), float(variance[0])

    def quotients(self, counts: Floats, above: Floats, below: Floats) -> tuple[Floats, Floats]:
        """The quotient of two sums in each draw, and its variance; NaN where it is undefined."""
        weights = self.weights(counts)
        divisor = weights @ below
        divisor[divisor <= 0.0] = np.nan
        quotient = (weights @ above) / divisor
        rest = above - quotient[:, None] * below
        drawn = counts * rest
        means = self._in_strata(drawn) ** 2 / self._sizes
        squares = self._in_strata(drawn * rest)
        spread = (self._sizes / (self._sizes - 1) * (squares - means)).sum(axis=1)
        return quotient, np.maximum(spread * (1.0 if self.by_work else 4.0), 0.0) / divisor**2

    def skewness(self, above: Floats, below: Floats) -> float:
        """The skewness of the sum of what each unit adds to a quotient; 0 where nothing varies."""
        rest = above - (above.sum() / below.sum()) * below
        rest -= np.repeat(self._in_strata(rest[None])[0] / self._sizes, self._sizes)
        squares = float((rest**2).sum())
        return float((rest**3).sum()) / squares**1.5 if squares > 0.0 else 0.0

    def _in_strata(self, values: Floats) -> Floats:
        sums: Floats = np.add.reduceat(values, self._starts, axis=1)
        return sums
