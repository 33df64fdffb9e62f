"""The cases of a search for a policy as columns, and what some of them choose.

A choice is made for robustness, not for the last point in sample: of the candidates within
one standard error of the best, the one whose neighbourhood in the grid does best.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from plangate.application.evidence.held_out import FoldFigures, PolicyCase, PolicySearch
from plangate.domain.confidence import TOLERANCE
from plangate.infrastructure.statistics.columns import Flags
from plangate.infrastructure.statistics.intervals import Floats, jackknife
from plangate.infrastructure.statistics.policy_measures import PolicyGain
from plangate.infrastructure.statistics.resampling import group_sums

_ROUNDING: Final = 12
"""Digits to which measures are compared, so that equal ones tie."""


class Choice(NamedTuple):
    """A candidate, and how many do as well within an error."""

    policy: int
    alike: int


class PolicyCases:
    """Which cases are bad, and which each policy stops."""

    def __init__(self, cases: Sequence[PolicyCase], search: PolicySearch) -> None:
        self.search = search
        self.measured = PolicyGain(search.cost)
        self.plan = np.array([case.plan for case in cases], dtype=np.intp)
        self.group = np.array([case.group for case in cases], dtype=np.intp)
        self.fold = np.array([case.fold for case in cases], dtype=np.intp)
        self.bad = np.array([case.bad for case in cases], dtype=np.bool_)
        self.every = np.ones(len(cases), dtype=np.bool_)
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

    def by_group(self, stopped: Flags, among: Flags) -> Floats:
        """Stopped bad, bad, stopped good and good cases: a row for each, a column a group."""
        groups = int(self.group.max()) + 1
        kinds = (stopped & self.bad, self.bad, stopped & ~self.bad, ~self.bad)
        return np.stack([group_sums(self.group, groups, among & kind) for kind in kinds])

    def choose(self, among: Flags) -> Choice:
        """The robust choice by some cases."""
        candidates = self._stops[:, : self.search.candidates].astype(np.float64)
        bad, good = (
            group_sums(self._pattern, len(candidates), among & kind)
            for kind in (self.bad, ~self.bad)
        )
        gains = self._gains(bad @ candidates, bad.sum(), good @ candidates, good.sum())
        best = int(np.argmax(gains))
        error, _ = jackknife(self.by_group(self.stopped(best), among), self.measured.gain)
        alike = gains >= gains[best] - error - TOLERANCE
        around = np.array([gains[near].mean() for near in self._near]).round(_ROUNDING)
        return Choice(int(np.argmax(np.where(alike, around, -np.inf))), int(alike.sum()))

    def best_cut(self, among: Flags) -> float:
        """The threshold of the plain mean that does best on some cases; the middle one of ties."""
        order = np.argsort(self._mean[among], kind="stable")
        means, bad = self._mean[among][order], self.bad[among][order]
        last = np.flatnonzero(np.append(means[1:] > means[:-1] + 2 * TOLERANCE, True))
        stopped_bad, stopped_good = (
            np.append(0, np.cumsum(kind)[last]).astype(np.float64) for kind in (bad, ~bad)
        )
        gains = self._gains(stopped_bad, bad.sum(), stopped_good, (~bad).sum()).round(_ROUNDING)
        between = (means[last[:-1]] + means[last[:-1] + 1]) / 2
        cuts = np.concatenate(([0.0], between, [means[-1] + 2 * TOLERANCE]))
        ties = np.flatnonzero(gains == gains.max())
        return float(cuts[ties[len(ties) // 2]])

    def fold_figures(self, here: Flags, chosen: int, cut: float) -> FoldFigures:
        """What the other folds chose, there and here."""
        stopped = self.stopped(chosen)
        there, tested = (self.by_group(stopped, among).sum(axis=1) for among in (~here, here))
        return FoldFigures(
            groups=len(np.unique(self.group[here])),
            cases=int(here.sum()),
            bad=int((here & self.bad).sum()),
            chosen=chosen,
            cut=cut,
            in_sample=self.measured.value(there) or 0.0,
            held_out=self.measured.value(tested),
        )

    def _gains(self, stopped_bad: Floats, bad: float, stopped_good: Floats, good: float) -> Floats:
        sums = np.broadcast_arrays(stopped_bad, float(bad), stopped_good, float(good))
        return self.measured.gain(np.vstack(sums))
