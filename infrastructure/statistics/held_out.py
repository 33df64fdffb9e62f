"""Choose among policies by folds, and estimate what the choice is worth on unseen groups.

A choice is made for robustness, not for the last point in sample: of the candidates within
one standard error of the best, the one whose neighbourhood in the grid does best.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from plangate.application.evidence.estimates import MIN_CASES, MIN_OF_EACH, Estimate
from plangate.application.evidence.held_out import (
    MIN_GROUPS,
    FoldFigures,
    HeldOutFigures,
    PolicyCase,
    PolicyFigures,
    PolicySearch,
)
from plangate.domain.confidence import TOLERANCE
from plangate.infrastructure.statistics import left_out
from plangate.infrastructure.statistics.columns import Flags
from plangate.infrastructure.statistics.left_out import Sums
from plangate.infrastructure.statistics.policy_measures import PolicyGain, precision
from plangate.infrastructure.statistics.resampling import UNDEFINED, Floats, ratio

_ROUNDING: Final = 12
"""Digits to which measures are compared, so that equal ones tie."""


def held_out(cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
    """The figures of a search; the same for the same cases."""
    if (reason := _too_few(cases)) is not None:
        none = _nothing(len(cases), len({case.plan for case in cases}), reason)
        return HeldOutFigures(
            chosen=None,
            cut=None,
            alike=None,
            tuned=none,
            mean=none,
            fixed=(none,) * search.fixed,
            always=none,
            never=none,
            folds=(),
        )
    table = _Cases(cases, search)
    everything = np.ones(len(cases), dtype=np.bool_)
    chosen, alike = table.choose(everything)
    cut = table.best_cut(everything)
    tuned, by_mean = np.zeros((2, len(cases)), dtype=np.bool_)
    folds: list[FoldFigures] = []
    for number in range(int(table.fold.max()) + 1):
        here = table.fold == number
        one, _ = table.choose(~here)
        threshold = table.best_cut(~here)
        tuned[here] = table.stopped(one)[here]
        by_mean[here] = table.below(threshold)[here]
        folds.append(table.fold_figures(here, one, threshold))
    recorded = table.stopped(search.candidates)
    against = (by_mean, recorded)
    wider = math.sqrt(len(folds) / (len(folds) - 1))
    return HeldOutFigures(
        chosen=chosen,
        cut=cut,
        alike=alike,
        tuned=table.figures(_StoppedCases(tuned, table.stopped(chosen), wider), against),
        mean=table.figures(_StoppedCases(by_mean, table.below(cut), wider), against),
        fixed=tuple(
            table.figures(_StoppedCases(stopped, stopped, wider), against)
            for stopped in map(table.stopped, range(search.candidates, search.policies))
        ),
        always=table.figures(_StoppedCases(everything, everything, wider, varies=False), against),
        never=table.figures(_StoppedCases(~everything, ~everything, wider, varies=False), against),
        folds=tuple(folds),
    )


def _too_few(cases: Sequence[PolicyCase]) -> str | None:
    """Why there is too little to choose by; None if there is enough."""
    bad = [case.group for case in cases if case.bad]
    good = [case.group for case in cases if not case.bad]
    short = [
        f"{there} of {needed} {what}"
        for there, needed, what in (
            (len(cases), MIN_CASES, "cases"),
            (min(len(bad), len(good)), MIN_OF_EACH, "of each sort"),
            (len({*bad, *good}), MIN_GROUPS, "groups"),
            (min(len({*bad}), len({*good})), 2, "groups of each sort"),
        )
        if there < needed
    ]
    return f"not enough cases: {', '.join(short)}" if short else None


class _StoppedCases(NamedTuple):
    """What is stopped, held out and by what all cases choose; always the same unless it `varies`.

    What the folds choose rests on each other's cases, so errors of comparisons with the cut
    on the mean, which is chosen too, are made `wider`.
    """

    stopped: Flags
    in_sample: Flags
    wider: float
    varies: bool = True


class _Choice(NamedTuple):
    policy: int
    alike: int


class _Cases:
    """The cases as columns, and what follows from some of them."""

    def __init__(self, cases: Sequence[PolicyCase], search: PolicySearch) -> None:
        self._search = search
        self._measured = PolicyGain(search.cost)
        self._plan = np.array([case.plan for case in cases], dtype=np.intp)
        self._group = np.array([case.group for case in cases], dtype=np.intp)
        self.fold = np.array([case.fold for case in cases], dtype=np.intp)
        self._bad = np.array([case.bad for case in cases], dtype=np.bool_)
        self._mean = np.array([case.mean for case in cases], dtype=np.float64)
        numbers: dict[int, int] = {}
        self._pattern = np.array(
            [numbers.setdefault(case.stopped, len(numbers)) for case in cases], dtype=np.intp
        )
        size = (search.policies + 7) // 8
        packed = np.frombuffer(
            b"".join(pattern.to_bytes(size, "little") for pattern in numbers), dtype=np.uint8
        )
        bits = np.unpackbits(packed.reshape(len(numbers), size), axis=1, bitorder="little")
        self._stops = bits[:, : search.policies].astype(np.bool_)
        self._near = [np.array([number, *near]) for number, near in enumerate(search.neighbours)]

    def stopped(self, policy: int) -> Flags:
        """Which cases a policy stops."""
        stopped: Flags = self._stops[self._pattern, policy]
        return stopped

    def below(self, cut: float) -> Flags:
        """Which cases have a plain mean below a threshold, by the gate's tolerance."""
        below: Flags = self._mean < cut - TOLERANCE
        return below

    def choose(self, among: Flags) -> _Choice:
        """The robust choice by some cases, and how many candidates are within an error of it."""
        candidates = self._stops[:, : self._search.candidates].astype(np.float64)
        patterns = len(candidates)
        bad = np.bincount(self._pattern[among & self._bad], minlength=patterns)
        good = np.bincount(self._pattern[among & ~self._bad], minlength=patterns)
        each = np.ones(self._search.candidates)
        sums = (bad @ candidates, bad.sum() * each, good @ candidates, good.sum() * each)
        gains = self._measured.gain(np.vstack(sums))
        best = int(np.argmax(gains))
        error, _ = left_out.standard_error(
            self._by_group(self.stopped(best), among), self._measured.gain
        )
        alike = gains >= gains[best] - error - TOLERANCE
        around = np.array([gains[near].mean() for near in self._near]).round(_ROUNDING)
        return _Choice(int(np.argmax(np.where(alike, around, -np.inf))), int(alike.sum()))

    def best_cut(self, among: Flags) -> float:
        """The threshold of the plain mean that does best on some cases; the middle one of ties."""
        order = np.argsort(self._mean[among], kind="stable")
        means, bad = self._mean[among][order], self._bad[among][order]
        last = np.flatnonzero(np.append(means[1:] > means[:-1] + 2 * TOLERANCE, True))
        stopped_bad = np.append(0, np.cumsum(bad)[last])
        stopped_good = np.append(0, np.cumsum(~bad)[last])
        whole = np.ones(len(stopped_bad))
        sums = (stopped_bad, bad.sum() * whole, stopped_good, (~bad).sum() * whole)
        gains = self._measured.gain(np.vstack(sums)).round(_ROUNDING)
        ends = means[last]
        cuts = np.concatenate(([0.0], (ends[:-1] + means[last[:-1] + 1]) / 2, [np.nan]))
        cuts[-1] = ends[-1] + 2 * TOLERANCE
        ties = np.flatnonzero(gains == gains.max())
        return float(cuts[ties[len(ties) // 2]])

    def fold_figures(self, here: Flags, chosen: int, cut: float) -> FoldFigures:
        """What the other folds chose, there and here."""
        stopped = self.stopped(chosen)
        there, tested = (self._by_group(stopped, among).sum(axis=1) for among in (~here, here))
        return FoldFigures(
            groups=len(np.unique(self._group[here])),
            cases=int(here.sum()),
            bad=int((here & self._bad).sum()),
            chosen=chosen,
            cut=cut,
            in_sample=self._measured.value(there) or 0.0,
            held_out=self._measured.value(tested),
        )

    def figures(self, line: _StoppedCases, against: tuple[Flags, Flags]) -> PolicyFigures:
        """The estimates of what is stopped, alone and against the mean and the recorded policy."""
        everything = np.ones(len(self._bad), dtype=np.bool_)
        stopped, table = line.stopped, self._by_group(line.stopped, everything)
        bad = self._share(_rate, table[:2], self._bad, varies=line.varies)
        good = self._share(_rate, table[2:], ~self._bad, varies=line.varies)
        mean, recorded = against
        return PolicyFigures(
            in_sample=self._measured.value(self._by_group(line.in_sample, everything).sum(axis=1)),
            held_out=self._held_out(table, bad, good, varies=line.varies),
            stopped_bad=bad,
            stopped_good=good,
            precision=self._share(precision, table[::2], stopped),
            over_mean=self._over(table, mean, line.wider),
            over_recorded=self._over(table, recorded),
        )

    def _held_out(self, table: Floats, bad: Estimate, good: Estimate, *, varies: bool) -> Estimate:
        whole = table.sum(axis=1)
        value, most = self._measured.value(whole) or 0.0, self._measured.most
        error, groups = left_out.standard_error(table, self._measured.gain)
        if not varies and error <= TOLERANCE:
            low = high = value
        elif value in {0.0, most}:  # the interval follows from those of both rates
            low, high = self._measured.between(bad, good, whole)
        else:
            ends = left_out.of_share(value / most, error / most, groups, len(self._bad))
            low, high = (most * end for end in ends)
            if varies:
                least = self._measured.if_independent(whole)
                low, high = min(low, max(least[0], 0.0)), max(high, min(least[1], most))
        return self._estimate(value, (low, high), np.ones(len(self._bad), dtype=np.bool_))

    def _over(self, table: Floats, other: Flags, wider: float = 1.0) -> Estimate:
        """By how much it is better than another, with both on the same groups."""
        everything = np.ones(len(self._bad), dtype=np.bool_)
        both = np.vstack([table, self._by_group(other, everything)])

        def gained(sums: Floats) -> Floats:
            one, two = self._measured.gain(sums[:4]), self._measured.gain(sums[4:])
            return np.where((one == UNDEFINED) | (two == UNDEFINED), UNDEFINED, one - two)

        value = float(gained(both.sum(axis=1, keepdims=True))[0])
        error, groups = left_out.standard_error(both, gained)
        return self._estimate(value, left_out.of_value(value, wider * error, groups), everything)

    def _share(
        self, value_of: Sums, table: Floats, among: Flags, *, varies: bool = True
    ) -> Estimate:
        value = float(value_of(table.sum(axis=1, keepdims=True))[0])
        cases, plans = int(among.sum()), len(np.unique(self._plan[among]))
        if value == UNDEFINED:
            return Estimate(cases=cases, plans=plans, reason="nothing is stopped")
        if not varies:
            return self._estimate(value, (value, value), among)
        error, groups = left_out.standard_error(table, value_of)
        if groups == 1:
            return Estimate(cases=cases, plans=plans, reason="not enough cases: 1 of 2 groups")
        return self._estimate(value, left_out.of_share(value, error, groups, cases), among)

    def _estimate(self, value: float, interval: tuple[float, float], among: Flags) -> Estimate:
        return Estimate(
            value=value,
            low=interval[0],
            high=interval[1],
            cases=int(among.sum()),
            plans=len(np.unique(self._plan[among])),
        )

    def _by_group(self, stopped: Flags, among: Flags) -> Floats:
        """Stopped bad, bad, stopped good and good cases: a row for each, a column a group."""
        groups = int(self._group.max()) + 1
        kinds = (stopped & self._bad, self._bad, stopped & ~self._bad, ~self._bad)
        return np.stack(
            [
                np.bincount(self._group[among & kind], minlength=groups).astype(np.float64)
                for kind in kinds
            ]
        )


def _rate(sums: Floats) -> Floats:
    return ratio(sums[0], sums[1])


def _nothing(cases: int, plans: int, reason: str) -> PolicyFigures:
    none = Estimate(cases=cases, plans=plans, reason=reason)
    return PolicyFigures(
        in_sample=None,
        held_out=none,
        stopped_bad=none,
        stopped_good=none,
        precision=none,
        over_mean=none,
        over_recorded=none,
    )
