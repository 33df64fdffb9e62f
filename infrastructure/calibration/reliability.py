"""The estimates of a calibration, with their confidence intervals.

Tasks of one plan share a goal, a worker and a judge, so their outcomes are not independent.
The bootstrap therefore draws whole plans, all estimates from the same draws; a draw that
leaves an estimate undefined counts for the others alone. An estimate of exactly 0 or 1
would be the same in every draw, so its interval is the exact binomial one, with each plan
as one trial.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from plangate.application.evidence.calibration import (
    MIN_OF_EACH,
    Case,
    Estimate,
    Reliability,
    ReliabilityBin,
    ThresholdPoint,
    too_few,
)
from plangate.domain.confidence import TOLERANCE

LEVEL: Final = 0.95
_BINS: Final = 10
_THRESHOLDS: Final = tuple(step / 20 for step in range(1, 20))
_UNDEFINED: Final = -1.0
"""Marks an undefined estimate: none is below 0, and NaN would make scipy warn."""

_AT_ONCE: Final = 2_000_000
"""Numbers in memory at once."""

_Floats = NDArray[np.float64]
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


def _passes(confidence: _Floats, threshold: float) -> _Flags:
    """Which cases pass a threshold, by the gate's tolerance."""
    passed: _Flags = confidence >= threshold - TOLERANCE
    return passed


def _inside(confidence: _Floats, number: int) -> _Flags:
    """Which cases are in a bin; every confidence is in exactly one."""
    inside = np.ones(len(confidence), dtype=np.bool_)
    if number > 0:
        inside &= _passes(confidence, number / _BINS)
    if number < _BINS - 1:
        inside &= ~_passes(confidence, (number + 1) / _BINS)
    return inside


def _bin(number: int, confidence: _Floats, accepted: Estimate) -> ReliabilityBin:
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
        confidence: _Floats,
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
        rests_on = [(len(self._plan), self._plans, self._fewer)] * 3
        rests_on += [(int(a.sum()), int((a > 0).sum()), MIN_OF_EACH) for a in self._among]
        reasons = [too_few(*there) for there in rests_on]
        estimates = [
            Estimate(cases=cases, plans=plans, reason=reason)
            for (cases, plans, _), reason in zip(rests_on, reasons, strict=True)
        ]
        if None in reasons:
            values, draws = self._drawn(resamples, seed)
            for index, estimate in enumerate(estimates):
                if estimate.reason is None:
                    estimates[index] = _estimate(float(values[index]), draws[index], estimate)
        return estimates

    def _drawn(self, resamples: int, seed: int) -> tuple[_Floats, _Floats]:
        plans = np.arange(self._plans)
        result: Any = stats.bootstrap(
            (plans,),
            lambda drawn, axis: self._values(drawn),  # noqa: ARG005  (scipy names it)
            n_resamples=resamples,
            batch=max(1, _AT_ONCE // max(len(self._plan), self._plans)),
            vectorized=True,
            method="percentile",
            confidence_level=LEVEL,
            rng=np.random.default_rng(seed),
        )
        return self._values(plans), result.bootstrap_distribution

    def _values(self, drawn: NDArray[np.intp]) -> _Floats:
        """The estimates of draws of plans: a row for each estimate, a column for each draw."""
        draws = np.atleast_2d(drawn)
        places = draws + self._plans * np.arange(len(draws))[:, None]
        counts = np.bincount(places.ravel(), minlength=len(draws) * self._plans)
        weights = counts.reshape(len(draws), self._plans).astype(np.float64)
        everything = weights @ self._everything
        base = weights @ self._accepted / everything
        values = np.vstack(
            [
                self._ranking(weights),
                weights @ self._square / everything,
                base * (1.0 - base),
                _ratio(self._having @ weights.T, self._among @ weights.T),
            ]
        )
        return values if drawn.ndim > 1 else values[:, 0]

    def _ranking(self, weights: _Floats) -> _Floats:
        """How often a rejected case has lower confidence than an accepted one; ties count half."""
        ranked = weights[:, self._ranked_plan]
        accepted = np.add.reduceat(ranked * self._ranked_accepted, self._ties, axis=1)
        rejected = np.add.reduceat(ranked * ~self._ranked_accepted, self._ties, axis=1)
        in_all = accepted.sum(axis=1, keepdims=True)
        higher = in_all - np.cumsum(accepted, axis=1) + accepted / 2
        return _ratio((rejected * higher).sum(axis=1), rejected.sum(axis=1) * in_all[:, 0])

    def _sums(self, of_cases: NDArray[Any]) -> _Floats:
        """Values of cases, summed by plan."""
        sums = np.bincount(self._plan, weights=of_cases.astype(np.float64), minlength=self._plans)
        return sums.astype(np.float64)


def _estimate(value: float, draws: _Floats, rests_on: Estimate) -> Estimate:
    """An estimate with the central interval of all draws in which it is defined."""
    if 0.0 < value < 1.0:
        defined = draws[draws != _UNDEFINED]
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    else:
        trials = rests_on.plans
        exact = stats.binomtest(round(value) * trials, trials).proportion_ci(LEVEL, method="exact")
        low, high = exact.low, exact.high
    given = {"value": value, "low": float(low), "high": float(high)}
    return rests_on.model_copy(update=given)


def _ratio(above: _Floats, below: _Floats) -> _Floats:
    """A quotient, undefined where the divisor is 0."""
    nothing = np.full(np.shape(above), _UNDEFINED)
    ratio: _Floats = np.divide(above, below, out=nothing, where=below > 0)
    return ratio
