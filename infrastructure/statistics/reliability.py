"""The estimates of a calibration, with their confidence intervals.

Tasks of one plan share a goal, a worker and a judge, so their outcomes are not independent.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.calibration import (
    Case,
    Reliability,
    ReliabilityBin,
    ThresholdPoint,
)
from plangate.application.evidence.estimates import Estimate
from plangate.domain.confidence import TOLERANCE
from plangate.infrastructure.statistics.resampling import (
    Basis,
    Floats,
    drawn_estimates,
    group_sums,
    ratio,
)

_BINS: Final = 10
_THRESHOLDS: Final = tuple(step / 20 for step in range(1, 20))
_Flags = NDArray[np.bool_]
_Share = tuple[_Flags, _Flags]
"""The numerator and the denominator of a share, as `(accepted, all in a bin)`."""


def reliability(cases: Sequence[Case], *, resamples: int, seed: int) -> Reliability:
    """All estimates; the same for the same cases and seed."""
    confidence = np.array([case.confidence for case in cases], dtype=np.float64)
    accepted = np.array([case.accepted for case in cases], dtype=np.bool_)
    bins = [_inside(confidence, number) for number in range(_BINS)]
    passing = [_passes(confidence, threshold) for threshold in _THRESHOLDS]
    shares: list[_Share] = [(accepted, inside) for inside in bins]
    for above in passing:
        shares += [(~accepted, ~above), (~above, ~accepted), (accepted, above)]
    table = _PlanSums(cases, confidence, accepted, shares)
    ranking, brier, base_brier, *given = table.estimates(resamples, seed)
    found = iter(given)
    return Reliability(
        ranking=ranking,
        brier=brier,
        base_brier=base_brier,
        bins=tuple(
            _bin(number, confidence[inside], next(found)) for number, inside in enumerate(bins)
        ),
        thresholds=tuple(
            ThresholdPoint(
                threshold=threshold,
                below=int((~above).sum()),
                rejected_below=int((~above & ~accepted).sum()),
                above=int(above.sum()),
                accepted_above=int((above & accepted).sum()),
                precision=next(found),
                recall=next(found),
                passed=next(found),
            )
            for threshold, above in zip(_THRESHOLDS, passing, strict=True)
        ),
    )


def _passes(confidence: Floats, threshold: float) -> _Flags:
    """Which cases pass a threshold, by the gate's tolerance."""
    passed: _Flags = confidence >= threshold - TOLERANCE
    return passed


def _inside(confidence: Floats, number: int) -> _Flags:
    """Which cases are in a bin; every confidence is in exactly one."""
    inside = np.ones(len(confidence), dtype=np.bool_)
    if number > 0:
        inside &= _passes(confidence, number / _BINS)
    if number < _BINS - 1:
        inside &= ~_passes(confidence, (number + 1) / _BINS)
    return inside


def _bin(number: int, confidence: Floats, accepted: Estimate) -> ReliabilityBin:
    known = accepted.value is not None
    return ReliabilityBin(
        at_least=number / _BINS,
        below=(number + 1) / _BINS,
        mean_confidence=float(confidence.mean()) if known else None,
        accepted=accepted,
    )


class _PlanSums:
    """Sums by plan, from which the estimates of any draw of plans follow."""

    def __init__(
        self,
        cases: Sequence[Case],
        confidence: Floats,
        accepted: _Flags,
        shares: Sequence[_Share],
    ) -> None:
        numbers: dict[str, int] = {}
        plan = [numbers.setdefault(case.plan_id, len(numbers)) for case in cases]
        self._plan = np.array(plan, dtype=np.intp)
        self._plans = len(numbers)
        self._fewer = min(int(accepted.sum()), int((~accepted).sum()))
        everything = np.ones(len(cases), dtype=np.bool_)
        self._square = self._sums((confidence - accepted) ** 2)
        self._accepted = self._sums(accepted)
        self._everything = self._sums(everything)
        self._having = np.array([self._sums(having & among) for having, among in shares])
        self._among = np.array([self._sums(among) for _, among in shares])
        order = np.argsort(confidence, kind="stable")
        self._ranked_plan, self._ranked_accepted = self._plan[order], accepted[order]
        ranked = confidence[order]
        self._ties = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))

    def estimates(self, resamples: int, seed: int) -> list[Estimate]:
        """Ranking, Brier score, Brier score of the base rate, and the shares, in this order."""
        bases = [Basis(len(self._plan), self._plans, self._fewer)] * 3
        bases += [Basis(int(among.sum()), int((among > 0).sum())) for among in self._among]
        width = max(1, len(self._plan) // max(self._plans, 1))
        return drawn_estimates(
            self._values, self._plans, bases, resamples=resamples, seed=seed, width=width
        )

    def _values(self, weights: Floats) -> Floats:
        """The estimates of draws of plans: a row for each estimate, a column for each draw."""
        everything = weights @ self._everything
        base = weights @ self._accepted / everything
        return np.vstack(
            [
                self._ranking(weights),
                weights @ self._square / everything,
                base * (1.0 - base),
                ratio(self._having @ weights.T, self._among @ weights.T),
            ]
        )

    def _ranking(self, weights: Floats) -> Floats:
        """How often a rejected case has lower confidence than an accepted one; ties count half."""
        ranked = weights[:, self._ranked_plan]
        accepted = np.add.reduceat(ranked * self._ranked_accepted, self._ties, axis=1)
        rejected = np.add.reduceat(ranked * ~self._ranked_accepted, self._ties, axis=1)
        in_all = accepted.sum(axis=1, keepdims=True)
        higher = in_all - np.cumsum(accepted, axis=1) + accepted / 2
        return ratio((rejected * higher).sum(axis=1), rejected.sum(axis=1) * in_all[:, 0])

    def _sums(self, of_cases: NDArray[Any]) -> Floats:
        """Values of cases, summed by plan."""
        return group_sums(self._plan, self._plans, of_cases)
