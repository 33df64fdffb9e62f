"""The measures that policies are compared by, from sums of cases.

Sums are rows: bad cases stopped, bad cases, good cases stopped, good cases.
"""

import numpy as np

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost
from plangate.infrastructure.statistics.intervals import Floats, binomial
from plangate.infrastructure.statistics.resampling import UNDEFINED, ratio


class PolicyGain:
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

    def if_independent(self, sums: Floats) -> tuple[float, float]:
        """The interval if all cases were independent: from those of both rates, by Wilson.

        The distances from each rate to its ends are added as errors of independent rates are.
        """
        below, above = [], []
        for one, of, rises in zip(sums[::2], sums[1::2], self._slopes(sums), strict=True):
            rate = one / of
            low, high = binomial(int(one), int(of), "wilson")
            ends = sorted((rises * (low - rate), rises * (high - rate)))
            below.append(ends[0])
            above.append(ends[1])
        value = self.value(sums) or 0.0
        return value - float(np.hypot(*below)), value + float(np.hypot(*above))

    def _slopes(self, sums: Floats) -> tuple[float, float]:
        """By how much the shown measure rises with the rates of bad and good cases stopped."""
        if self._cost is None:
            return 0.5, -0.5
        cases = float(sums[1] + sums[3])
        return -self._cost.missed * sums[1] / cases, self._cost.stopped * sums[3] / cases

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
    """The share of stopped cases that are bad, from rows of both: a value for each column."""
    return ratio(sums[0], sums[0] + sums[1])
