"""The measures that policies are compared by, from sums of cases.

Sums are rows: bad cases stopped, bad cases, good cases stopped, good cases.
"""

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost
from plangate.infrastructure.statistics.resampling import UNDEFINED, ratio

Floats = NDArray[np.float64]


class Measured:
    """Balanced accuracy, or with costs the mean cost of a case."""

    def __init__(self, cost: Cost | None) -> None:
        self._cost = cost

    @property
    def most(self) -> float:
        """The largest value that the measure can have; the least is 0."""
        return 1.0 if self._cost is None else max(self._cost.missed, self._cost.stopped)

    def gain(self, sums: Floats) -> Floats:
        """The measure for each column, so that more is better: a cost is negative."""
        stopped_bad, bad, stopped_good, good = sums
        if self._cost is None:
            caught, spared = ratio(stopped_bad, bad), ratio(good - stopped_good, good)
            known = (bad > 0) & (good > 0)
            return np.where(known, (caught + spared) / 2, UNDEFINED)
        costs = self._cost.missed * (bad - stopped_bad) + self._cost.stopped * stopped_good
        paid = ratio(costs, bad + good)
        return np.where(paid == UNDEFINED, UNDEFINED, -paid)

    def least_error(self, sums: Floats) -> float:
        """The standard error if all cases were independent: that of both rates together.

        Rates are taken as if one more case had gone either way, so that none is without error.
        """
        caught, stopped = (
            np.sqrt((one + 1) * (of - one + 1) / (of + 2) ** 2 / of) if of else 0.0
            for one, of in (sums[:2], sums[2:])
        )
        if self._cost is None:
            return float(np.hypot(caught, stopped) / 2)
        bad, good = self._cost.missed * sums[1] * caught, self._cost.stopped * sums[3] * stopped
        return float(np.hypot(bad, good) / (sums[1] + sums[3]))

    def value(self, sums: Floats) -> float | None:
        """The measure as it is shown; None where it is undefined."""
        gain = float(self.gain(sums[:, None])[0])
        if gain == UNDEFINED:
            return None
        return gain if self._cost is None else -gain

    def between(self, bad: Estimate, good: Estimate, sums: Floats) -> tuple[float, float]:
        """The measure at both ends of the intervals of what is stopped, bad and good."""
        worst = self._at(bad.low or 0.0, good.high or 0.0, sums)
        best = self._at(bad.high or 0.0, good.low or 0.0, sums)
        return min(worst, best), max(worst, best)

    def _at(self, of_bad: float, of_good: float, sums: Floats) -> float:
        bad, good = float(sums[1]), float(sums[3])
        found = self.value(np.array([of_bad * bad, bad, of_good * good, good]))
        return 0.0 if found is None else found


def precision(sums: Floats) -> Floats:
    """The share of stopped cases that are bad, for each column."""
    return ratio(sums[0], sums[0] + sums[2])
