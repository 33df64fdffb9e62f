"""Shares of cases with their intervals, by drawing whole groups."""

from collections.abc import Sequence

import numpy as np

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.statistics import ShareCounts
from plangate.infrastructure.statistics.columns import share_basis
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import drawn_estimates, ratio


def shares(counts: Sequence[ShareCounts], *, resamples: int, seed: int) -> list[Estimate]:
    """An estimate for each share; the same for the same counts and seed."""
    having = np.array([share.having for share in counts], dtype=np.float64)
    among = np.array([share.among for share in counts], dtype=np.float64)

    def values(weights: Floats) -> Floats:
        return ratio(having @ weights.T, among @ weights.T)

    bases = [share_basis(sizes) for sizes in among]
    return drawn_estimates(values, among.shape[1], bases, resamples=resamples, seed=seed)
