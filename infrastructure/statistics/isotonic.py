"""What a score is worth: the share accepted, by a fit that only rises, with its interval.

An isotonic fit of few cases bends to them at both ends. So a score has a value only where
enough cases lie on both sides of it, and the interval lies round the mean of the fits of all
draws, which bends less than the fit itself.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.judge_calibration import Worth
from plangate.infrastructure.statistics.columns import Columns, Numbers, tie_starts
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import Basis, draws, effective, interval

_STEPS: Final = 200
"""A fit of a draw has at most so many steps: more cannot be seen, and cost time."""

_EDGE: Final = 0.01
"""A mean of fits is taken to be so far from 0 and 1: closer, its interval would vanish."""

_ALMOST_NONE: Final = 1e-9


def worth(columns: Columns, at: Sequence[float], *, resamples: int, seed: int) -> tuple[Worth, ...]:
    """The share accepted at some scores."""
    pooled = effective(columns.sums(np.ones(len(columns.plan))))  # the fit pools both sides
    sides = [_side(columns, score)._replace(effective=pooled) for score in at]
    found = [side.estimate() for side in sides]
    if not all(one.reason for one in found):
        ranked = columns.at(np.argsort(columns.score, kind="stable"))
        starts, once = tie_starts(ranked.score), np.ones((1, ranked.plans))
        whole = _fitted(ranked, starts, once, at)[0]
        of_cases = _fitted(ranked, starts, once, ranked.score)[0]
        steps = _merged(ranked.score)
        drawn = np.vstack(
            [
                _fitted(ranked, steps, weights, at)
                for weights in draws(ranked.plans, resamples, seed, width=columns.width)
            ]
        )
        for index, side in enumerate(sides):
            if found[index].reason is None:
                value = float(whole[index])
                alike = ranked.plan[np.abs(of_cases - value) < _ALMOST_NONE]
                basis = side._replace(plans=len(np.unique(alike)))
                found[index] = _estimate(found[index], value, drawn[:, index], basis)
    return tuple(
        Worth(score=score, accepted=estimate) for score, estimate in zip(at, found, strict=True)
    )


def _side(columns: Columns, score: float) -> Basis:
    """What a fit at a score rests on: the cases on the side of it that has fewer."""
    below = columns.sums(columns.score <= score)
    above = columns.sums(columns.score >= score)
    fewer = min(below, above, key=lambda sizes: (float(sizes.sum()), float((sizes > 0).sum())))
    return Basis(int(fewer.sum()), int((fewer > 0).sum()), share=False)


def _estimate(found: Estimate, value: float, drawn: Floats, basis: Basis) -> Estimate:
    """The value with its interval; one at 0 or 1 rests on the plans that it is the fit of."""
    at_bound = not _ALMOST_NONE < value < 1.0 - _ALMOST_NONE
    middle = round(value) if at_bound else np.clip(drawn.mean(), _EDGE, 1.0 - _EDGE)
    low, high = interval(float(middle), drawn, basis)
    given = {"value": value, "low": min(low, value), "high": max(high, value)}
    return found.model_copy(update=given)


def _fitted(
    ranked: Columns, starts: Numbers, weights: Floats, at: Sequence[float] | Floats
) -> Floats:
    """The fit at some scores: a row for each draw. Between two scores it is a line."""
    of_cases = weights[:, ranked.plan]
    counts = np.add.reduceat(of_cases, starts, axis=1)
    accepted = np.add.reduceat(of_cases * ranked.accepted, starts, axis=1)
    places = np.add.reduceat(of_cases * ranked.score, starts, axis=1)
    fits = np.empty((len(weights), len(at)))
    for draw, (count, sums, scores) in enumerate(zip(counts, accepted, places, strict=True)):
        there = count > 0
        drawn = count[there]
        fit = isotonic_regression(sums[there] / drawn, weights=drawn)
        fits[draw] = np.interp(at, scores[there] / drawn, fit.x)
    return fits


def _merged(ranked: Floats) -> Numbers:
    """Where each run of equal scores starts, or of nearly equal ones where there are many."""
    starts = tie_starts(ranked)
    if len(starts) <= _STEPS:
        return starts
    even = np.searchsorted(starts, np.linspace(0, len(ranked), _STEPS, endpoint=False))
    return np.unique(starts[np.minimum(even, len(starts) - 1)])
