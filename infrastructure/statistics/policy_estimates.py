"""What is stopped of some cases, alone and against the plain mean and the recorded policy."""

import math
from typing import NamedTuple

import numpy as np

from plangate.application.evidence.estimates import Estimate, short_of
from plangate.application.evidence.held_out import PolicyFigures
from plangate.domain.confidence import TOLERANCE
from plangate.infrastructure.statistics.columns import Flags
from plangate.infrastructure.statistics.intervals import (
    Floats,
    Interval,
    Sums,
    jackknife,
    of_share,
    of_value,
)
from plangate.infrastructure.statistics.policy_cases import PolicyCases
from plangate.infrastructure.statistics.policy_measures import precision
from plangate.infrastructure.statistics.resampling import UNDEFINED, ratio


class PolicyEstimates(NamedTuple):
    """The estimates over some cases; `by_mean` and `recorded` are what these two stop.

    What the folds choose rests on each other's cases, so errors of comparisons with the cut
    on the mean, which is chosen too, are wider.
    """

    cases: PolicyCases
    by_mean: Flags
    recorded: Flags
    folds: int

    def figures(
        self, stopped: Flags, in_sample: Flags | None = None, *, varies: bool = True
    ) -> PolicyFigures:
        """The figures of what is stopped, held out and by what all cases choose.

        Unless it `varies`, the same is stopped in every draw of cases.
        """
        cases, measured = self.cases, self.cases.measured
        table = cases.by_group(stopped, cases.every)
        bad = self._share(_rate, table[:2], cases.bad, varies=varies)
        good = self._share(_rate, table[2:], ~cases.bad, varies=varies)
        chosen = table if in_sample is None else cases.by_group(in_sample, cases.every)
        return PolicyFigures(
            in_sample=measured.value(chosen.sum(axis=1)),
            held_out=self._held_out(table, bad, good, varies=varies),
            stopped_bad=bad,
            stopped_good=good,
            precision=self._share(precision, table[::2], stopped),
            over_mean=self._over(table, self.by_mean, math.sqrt(self.folds / (self.folds - 1))),
            over_recorded=self._over(table, self.recorded, 1.0),
        )

    def _held_out(self, table: Floats, bad: Estimate, good: Estimate, *, varies: bool) -> Estimate:
        measured, whole = self.cases.measured, table.sum(axis=1)
        value, most = measured.value(whole) or 0.0, measured.most
        error, groups = jackknife(table, measured.gain)
        if not varies and error <= TOLERANCE:
            low = high = value
        elif value in {0.0, most}:  # the interval follows from those of both rates
            low, high = measured.between(bad, good, whole)
        else:
            ends = of_share(value / most, error / most, groups, len(self.cases.bad))
            low, high = (most * end for end in ends)
            if varies:
                least = measured.if_independent(whole)
                low, high = min(low, max(least[0], 0.0)), max(high, min(least[1], most))
        return self._estimate(value, (low, high), self.cases.every)

    def _over(self, table: Floats, other: Flags, wider: float) -> Estimate:
        """By how much it is better than another, with both on the same groups."""
        both = np.vstack([table, self.cases.by_group(other, self.cases.every)])

        def gained(sums: Floats) -> Floats:
            one, two = self.cases.measured.gain(sums[:4]), self.cases.measured.gain(sums[4:])
            return np.where((one == UNDEFINED) | (two == UNDEFINED), UNDEFINED, one - two)

        value = float(gained(both.sum(axis=1, keepdims=True))[0])
        error, groups = jackknife(both, gained)
        return self._estimate(value, of_value(value, wider * error, groups), self.cases.every)

    def _share(
        self, value_of: Sums, table: Floats, among: Flags, *, varies: bool = True
    ) -> Estimate:
        value = float(value_of(table.sum(axis=1, keepdims=True))[0])
        found = self._estimate(value, (value, value), among)
        error, groups = jackknife(table, value_of)
        reason = short_of("cases", (groups, 2, "groups"))
        if value == UNDEFINED:
            reason = "nothing is stopped"
        elif not varies:
            return found
        elif reason is None:
            return self._estimate(value, of_share(value, error, groups, found.cases), among)
        return Estimate(cases=found.cases, plans=found.plans, reason=reason)

    def _estimate(self, value: float, interval: Interval, among: Flags) -> Estimate:
        low, high = interval
        cases, plans = int(among.sum()), len(np.unique(self.cases.plan[among]))
        return Estimate(value=value, low=low, high=high, cases=cases, plans=plans)


def _rate(sums: Floats) -> Floats:
    return ratio(sums[0], sums[1])
