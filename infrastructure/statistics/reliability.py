"""The estimates of a calibration, with their confidence intervals.

Tasks of one plan share a goal, a worker and a judge, so their outcomes are not independent.
"""

from typing import Final

import numpy as np

from plangate.application.evidence.calibration import Reliability, ReliabilityBin, ThresholdPoint
from plangate.application.evidence.cases import Cases
from plangate.application.evidence.estimates import Estimate
from plangate.domain.confidence import TOLERANCE
from plangate.infrastructure.statistics.columns import Columns, Flags, ranking
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.isotonic import worth
from plangate.infrastructure.statistics.resampling import RESAMPLES, drawn_estimates
from plangate.infrastructure.statistics.shares import Shares

_BINS: Final = 10
_THRESHOLDS: Final = tuple(step / 20 for step in range(1, 20))
_GRID: Final = tuple(step / 20 for step in range(21))
_MOST_UNCERTAIN: Final = 0.5


def reliability(cases: Cases, seed: int, resamples: int = RESAMPLES) -> Reliability:
    """All estimates; the same for the same cases and seed."""
    columns = Columns.of(cases)
    confidence, accepted = columns.score, columns.accepted
    bins = [_inside(confidence, number) for number in range(_BINS)]
    passing = [_passes(confidence, threshold) for threshold in _THRESHOLDS]
    shares = [(accepted, inside) for inside in bins]
    for above in passing:
        shares += [(~accepted, ~above), (~above, ~accepted), (accepted, above)]
    whole, given = whole_and_shares(columns, shares, resamples=resamples, seed=seed)
    found = iter(given)
    return Reliability(
        ranking=whole.ranking,
        brier=whole.brier,
        base_brier=whole.base_brier,
        bias=whole.bias,
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
        worth=worth(columns, _GRID, resamples=resamples, seed=seed),
    )


class Whole:
    """The estimates over all cases."""

    def __init__(self, found: list[Estimate]) -> None:
        self.ranking, self.brier, self.bias, self.accepted = found
        self.base_brier = _base_brier(self.accepted, self.brier.reason)


def whole_and_shares(
    columns: Columns, shares: list[tuple[Flags, Flags]], *, resamples: int, seed: int
) -> tuple[Whole, list[Estimate]]:
    """The estimates over all cases, and shares of them, from the same draws."""
    everything = np.ones(len(columns.plan), dtype=np.bool_)
    both = Shares.of(columns, [(columns.accepted, everything), *shares])
    of_pairs = ranking(columns)
    count = columns.sums(everything)
    square = columns.sums((columns.score - columns.accepted) ** 2)
    excess = columns.sums(columns.score - columns.accepted)

    def values(weights: Floats) -> Floats:
        cases = weights @ count
        means = [weights @ square / cases, weights @ excess / cases]
        return np.vstack([of_pairs(weights), *means, both.values(weights)])

    fewer = columns.fewer
    comparing = columns.basis(fewer)
    bases = [comparing, comparing, columns.basis(fewer, bounds=(-1.0, 1.0)), *both.bases]
    found = drawn_estimates(
        values, columns.plans, bases, resamples=resamples, seed=seed, width=columns.width
    )
    return Whole(found[:4]), found[4:]


def _passes(confidence: Floats, threshold: float) -> Flags:
    """Which cases pass a threshold, by the gate's tolerance."""
    passed: Flags = confidence >= threshold - TOLERANCE
    return passed


def _inside(confidence: Floats, number: int) -> Flags:
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


def _base_brier(accepted: Estimate, reason: str | None) -> Estimate:
    """The Brier score of the share itself: its interval follows from that of the share."""
    found = Estimate(cases=accepted.cases, plans=accepted.plans, reason=reason)
    if reason is not None or accepted.value is None:
        return found
    ends = [share * (1.0 - share) for share in (accepted.low or 0.0, accepted.high or 0.0)]
    if (accepted.low or 0.0) <= _MOST_UNCERTAIN <= (accepted.high or 0.0):
        ends.append(_MOST_UNCERTAIN**2)
    value = accepted.value * (1.0 - accepted.value)
    return found.model_copy(update={"value": value, "low": min(ends), "high": max(ends)})
