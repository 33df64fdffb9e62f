"""What each judge's scores are worth, and whether its bias drifted or changed at a point."""

from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import numpy as np
from scipy import stats

from plangate.application.evidence.cases import Cases, JudgeScores
from plangate.application.evidence.estimates import MIN_PLANS, Estimate
from plangate.application.evidence.judge_calibration import (
    ChangePoint,
    Drift,
    JudgeCalibration,
)
from plangate.infrastructure.statistics.columns import Columns, Flags
from plangate.infrastructure.statistics.distributions import adjusted
from plangate.infrastructure.statistics.intervals import Floats, student
from plangate.infrastructure.statistics.isotonic import worth
from plangate.infrastructure.statistics.reliability import whole_and_shares
from plangate.infrastructure.statistics.resampling import RESAMPLES, batches, drawn_estimates, ratio

_GRID: Final = tuple(step / 10 for step in range(11))
_MONTH: Final = 30.0

_Tested = TypeVar("_Tested", Drift, ChangePoint)


def judges(cases: Cases, seed: int, resamples: int = RESAMPLES) -> tuple[JudgeCalibration, ...]:
    """The calibration of each judge, in the order of their names."""
    scores = cases.scores
    number = np.array(scores.judge, dtype=np.intp)
    names = scores.judges.names
    found = [
        _judge(scores, number == names.index(name), resamples=resamples, seed=seed)
        for name in sorted(names)
    ]
    return _corrected(found)


def _judge(scores: JudgeScores, own: Flags, *, resamples: int, seed: int) -> JudgeCalibration:
    columns = Columns.of(scores).at(own)
    day = np.array(scores.day, dtype=np.float64)[own]
    versions = np.array(scores.version, dtype=np.intp)[own]
    whole, _ = whole_and_shares(columns, [], resamples=resamples, seed=seed)
    drifts, changes = _changes(columns, day, resamples=resamples, seed=seed)
    order = np.argsort(day, kind="stable")
    in_order = list(dict.fromkeys(versions[order].tolist()))
    return JudgeCalibration(
        judge=scores.judges.names[scores.judge[int(np.flatnonzero(own)[0])]],
        versions={
            scores.versions.names[number]: int((versions == number).sum()) for number in in_order
        },
        accepted=whole.accepted,
        mean_score=float(columns.score.mean()),
        bias=whole.bias,
        ranking=whole.ranking,
        worth=worth(columns, _GRID, resamples=resamples, seed=seed),
        drift=drifts,
        change=changes,
    )


def _changes(
    columns: Columns, day: Floats, *, resamples: int, seed: int
) -> tuple[Drift, ChangePoint]:
    """Whether the bias changed; scores of one day were imported, and say nothing about time."""
    if float(np.ptp(day)) < 1.0:
        reason = "all scores are of one day"
        basis = columns.basis(columns.fewer)
        nothing = Estimate(cases=basis.cases, plans=basis.plans, reason=reason)
        return Drift(slope=nothing), ChangePoint(reason=reason)
    return (
        drift(columns, day, resamples=resamples, seed=seed),
        change_point(columns, day, permutations=resamples - 1, seed=seed),
    )


def drift(columns: Columns, day: Floats, *, resamples: int, seed: int) -> Drift:
    """The trend of score minus outcome."""
    month = (day - day.mean()) / _MONTH
    excess = columns.score - columns.accepted
    sums = np.array(
        [
            columns.sums(part)
            for part in (np.ones(len(month)), month, excess, month**2, month * excess)
        ]
    )

    def values(weights: Floats) -> Floats:
        count, months, whole, squares, products = sums @ weights.T
        variance = squares - months**2 / count
        return ratio(products - months * whole / count, variance)[None, :]

    basis = columns.basis(columns.fewer, bounds=None)
    (slope,) = drawn_estimates(
        values, columns.plans, [basis], resamples=resamples, seed=seed, width=columns.width
    )
    if slope.value is None or slope.low is None or slope.high is None:
        return Drift(slope=slope)
    groups = max(basis.effective or 0.0, 2.0)
    half = (slope.high - slope.low) / 2
    spread = half / student(groups - 1)
    p = float(2 * stats.t.sf(abs(slope.value) / spread, groups - 1)) if spread else 1.0
    return Drift(slope=slope, p=p)


def change_point(columns: Columns, day: Floats, *, permutations: int, seed: int) -> ChangePoint:
    """The day from which the mean of score minus outcome most likely was another.

    Plans come in the order of their first score. The clearest change is compared with the
    clearest one of the same plans in random order.
    """
    if columns.plans < 2 * MIN_PLANS:
        return ChangePoint(reason=f"not enough plans: {columns.plans} of {2 * MIN_PLANS}")
    first = np.full(columns.plans, np.inf)
    np.minimum.at(first, columns.plan, day)
    order = np.argsort(first, kind="stable")
    excess = columns.sums(columns.score - columns.accepted)[order]
    sizes = columns.sums(np.ones(len(day)))[order]
    clearest, at = _clearest(excess[None, :], sizes[None, :])
    chance = np.random.default_rng(seed)
    as_clear = 0
    for count in batches(permutations, columns.plans):
        mixed = chance.permuted(np.tile(np.arange(columns.plans), (count, 1)), axis=1)
        found, _ = _clearest(excess[mixed], sizes[mixed])
        as_clear += int((found >= clearest[0] - 1e-12).sum())
    split = int(at[0])
    return ChangePoint(
        day=datetime.fromtimestamp(first[order][split] * 86_400, UTC).date(),
        before=float(excess[:split].sum() / sizes[:split].sum()),
        after=float(excess[split:].sum() / sizes[split:].sum()),
        p=(1 + as_clear) / (1 + permutations),
    )


def _clearest(excess: Floats, sizes: Floats) -> tuple[Floats, Any]:
    """How clear the clearest change is, and before which plan it comes, for each order."""
    mean = excess.sum(axis=1, keepdims=True) / sizes.sum(axis=1, keepdims=True)
    centred = excess - mean * sizes
    before = np.cumsum(centred, axis=1)[:, :-1]
    share = np.cumsum(sizes, axis=1)[:, :-1] / sizes.sum(axis=1, keepdims=True)
    clear = np.abs(before) / np.sqrt(share * (1.0 - share))
    inner = clear[:, MIN_PLANS - 1 : clear.shape[1] - MIN_PLANS + 1]
    at = inner.argmax(axis=1)
    return inner[np.arange(len(inner)), at], at + MIN_PLANS


def _corrected(found: list[JudgeCalibration]) -> tuple[JudgeCalibration, ...]:
    """With the q-values of all tests."""
    tests = [part.p for one in found for part in (one.drift, one.change)]
    corrected = iter(adjusted([p for p in tests if p is not None]))

    def with_q(part: _Tested) -> _Tested:
        return part if part.p is None else part.model_copy(update={"q": next(corrected)})

    return tuple(
        one.model_copy(update={"drift": with_q(one.drift), "change": with_q(one.change)})
        for one in found
    )
