"""Shares of cases with their intervals, by drawing whole groups."""

from collections.abc import Sequence

import numpy as np

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.statistics import ShareCounts
from plangate.infrastructure.statistics.resampling import (
    Basis,
    Floats,
    drawn_estimates,
    effective,
    ratio,
)


def shares(counts: Sequence[ShareCounts], *, resamples: int, seed: int) -> list[Estimate]:
    """An estimate for each share; the same for the same counts and seed."""
    having = np.array([share.having for share in counts], dtype=np.float64)
    among = np.array([share.among for share in counts], dtype=np.float64)

    def values(weights: Floats) -> Floats:
        return ratio(having @ weights.T, among @ weights.T)

    bases = [Basis(int(row.sum()), int((row > 0).sum()), effective=effective(row)) for row in among]
    return drawn_estimates(values, among.shape[1], bases, resamples=resamples, seed=seed)
