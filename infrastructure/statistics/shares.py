"""Shares of cases with their intervals, by drawing whole groups."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.statistics import ShareCounts
from plangate.infrastructure.statistics.columns import Columns, Flags
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import (
    RESAMPLES,
    Basis,
    drawn_estimates,
    effective,
    ratio,
)


class Shares:
    """Shares of cases by group: in each, those `having` something `among` others."""

    def __init__(self, having: Floats, among: Floats) -> None:
        self.having, self.among = having, among
        self.bases = [
            Basis(int(sizes.sum()), int((sizes > 0).sum()), effective=effective(sizes))
            for sizes in among
        ]

    @classmethod
    def of(cls, columns: Columns, shares: Sequence[tuple[Flags, Flags]]) -> Self:
        """The shares of some cases."""
        return cls(
            np.array([columns.sums(having & among) for having, among in shares]),
            np.array([columns.sums(among) for _, among in shares]),
        )

    def values(self, weights: Floats) -> Floats:
        """The shares of draws of groups."""
        return ratio(self.having @ weights.T, self.among @ weights.T)

    def estimates(self, *, resamples: int, seed: int) -> list[Estimate]:
        """Each share with its interval, all of them from the same draws."""
        groups = self.among.shape[1]
        return drawn_estimates(self.values, groups, self.bases, resamples=resamples, seed=seed)


def shares(counts: Sequence[ShareCounts], seed: int, resamples: int = RESAMPLES) -> list[Estimate]:
    """An estimate for each share; the same for the same counts and seed."""
    having = np.array([share.having for share in counts], dtype=np.float64)
    among = np.array([share.among for share in counts], dtype=np.float64)
    return Shares(having, among).estimates(resamples=resamples, seed=seed)
