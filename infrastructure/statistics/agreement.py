"""Cohen's kappa, Krippendorff's alpha and differing verdicts, with intervals by drawing plans.

Kappa and alpha are 1 minus a quotient: disagreement observed, by disagreement expected. What
is expected is linearised around all plans, so both are sums over plans, and their intervals
are bootstrap-t ones. Where few plans disagree, and for verdicts, one a plan, the percentiles
of draws are taken, with half a plan more that may go any way (Jeffreys' prior). A share has
Wilson's interval, with as many cases as its variance between plans is worth.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from plangate.application.evidence.agreement_results import (
    AgreementEstimates,
    VerdictAgreement,
)
from plangate.application.evidence.estimates import MIN_OF_EACH, Estimate, too_few
from plangate.application.evidence.pair_sums import SCORES, VERDICTS, PairSums
from plangate.infrastructure.statistics.plan_draws import PlanDraws
from plangate.infrastructure.statistics.resampling import LEVEL, Floats, binomial, group_sums

_PRIOR: Final = np.array([0.5, 0.25, 0.25, 0.5])
"""How much of a unit may agree on either, or disagree in either direction."""

_FEW: Final = 10
"""With disagreement in fewer units than this, a bootstrap-t interval is not to be trusted."""

_CONSTANT: Final = 1e-12
"""A variance below this share of the mean square is that of equal scores."""

_ONE_SORT: Final = "each pair of judges has one sort only"
_TAILS: Final = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_Z: Final = float(stats.norm.ppf(_TAILS[1]))


class Options(NamedTuple):
    """The policies that were tried, whether whole works are drawn, and how often."""

    policies: tuple[str, ...]
    by_work: bool
    resamples: int
    seed: int


def agreement_estimates(
    pairs: Sequence[PairSums], joint: PairSums | None, options: Options, *, listed: int
) -> tuple[AgreementEstimates, ...]:
    """The estimates of the first pairs, and last of all; `joint` has the scores of their alpha."""
    rows = [_Rows(one) for one in pairs]
    for_alpha = rows if joint is None else [_Rows(joint)]
    found = [_Estimator([row], [row], options).estimates() for row in rows[:listed]]
    return *found, _Estimator(rows, for_alpha, options).estimates()


class _Rows:
    """The rows of one pair, as arrays."""

    def __init__(self, sums: PairSums) -> None:
        self.numbers = np.frombuffer(sums.numbers).reshape(-1, sums.width)
        self.plans = np.frombuffer(sums.plans, dtype=np.int64)
        self.works = np.frombuffer(sums.works, dtype=np.int64)
        self.sides = np.frombuffer(sums.sides, dtype=np.int64)

    def cells(self, policy: int | None) -> Floats:
        """Pairs that are both so, the first, the second, none: of scores, or of verdicts."""
        first = 0 if policy is None else SCORES + VERDICTS * policy
        return self.numbers[:, first : first + VERDICTS]


class _Quotient(NamedTuple):
    """Two sums by unit, whose quotient is estimated."""

    above: Floats
    below: Floats


class _Estimator:
    """The estimates from some pairs of judges together."""

    def __init__(
        self, pairs: Sequence[_Rows], for_alpha: Sequence[_Rows], options: Options
    ) -> None:
        everything = [*pairs, *for_alpha]
        self._draws = PlanDraws(
            np.concatenate([rows.plans for rows in everything]),
            np.concatenate([rows.works for rows in everything]),
            np.concatenate([rows.sides for rows in everything]),
            by_work=options.by_work,
        )
        self._pairs = [(self._draws.unit_of(rows.plans, rows.works), rows) for rows in pairs]
        self._for_alpha = [
            (self._draws.unit_of(rows.plans, rows.works), rows) for rows in for_alpha
        ]
        self._options = options

    def estimates(self) -> AgreementEstimates:
        """All of them."""
        return AgreementEstimates(
            kappa=self._kappa_of_scores(),
            alpha=self._alpha(),
            verdicts=tuple(
                VerdictAgreement(
                    policy=policy,
                    fires=self._share(index, np.array([1.0, 0.5, 0.5, 0.0])),
                    differs=self._share(index, np.array([0.0, 1.0, 1.0, 0.0])),
                    kappa=self._kappa_of_verdicts(index),
                )
                for index, policy in enumerate(self._options.policies)
            ),
        )

    # --- scores ---

    def _kappa_of_scores(self) -> Estimate:
        rests_on = self._basis(None, "scores", both=True)
        if rests_on.reason is not None:
            return rests_on
        above, below = self._empty()
        for units, rows in self._pairs:
            cells = rows.cells(None)
            above += self._by_unit(units, cells[:, 1] + cells[:, 2])
            below += self._by_unit(units, _linearised_chance(cells))
        if below.sum() <= _CONSTANT:
            return rests_on.model_copy(update={"reason": _ONE_SORT})
        return self._one_minus(_Quotient(above, below), rests_on)

    def _alpha(self) -> Estimate:
        moments = [rows.numbers[:, VERDICTS:SCORES] for _, rows in self._for_alpha]
        scores = round(sum(float(one[:, 0].sum()) for one in moments))
        plans = [
            rows.plans[one[:, 0] > 0]
            for one, (_, rows) in zip(moments, self._for_alpha, strict=True)
        ]
        rests_on = self._enough(scores, plans, MIN_OF_EACH, "scores")
        if rests_on.reason is not None:
            return rests_on
        above, below = self._empty()
        for (units, _), one in zip(self._for_alpha, moments, strict=True):
            above += self._by_unit(units, one[:, 3])
            below += self._by_unit(units, _linearised_variance(one))
        if not below.any():
            return rests_on.model_copy(update={"reason": "all scores are equal"})
        return self._one_minus(_Quotient(above, below), rests_on)

    def _one_minus(self, quotient: _Quotient, rests_on: Estimate) -> Estimate:
        """1 minus a quotient, with the interval of the quotient turned round."""
        draws, options = self._draws, self._options
        whole, variance = draws.quotients(np.ones((1, draws.units)), *quotient)
        value, error = float(whole[0]), float(variance[0]) ** 0.5
        steady = error > _CONSTANT and np.count_nonzero(quotient.above > 0.0) >= _FEW
        found: list[Floats] = []
        chance = np.random.default_rng([options.seed, 1])
        for counts in draws.counts(options.resamples, options.seed):
            if steady:
                drawn, variances = draws.quotients(counts, *quotient)
                errors = np.sqrt(np.where(variances > 0.0, variances, np.nan))
                found.append((drawn - value) / errors)
            else:
                weights = draws.weights(counts)
                more = chance.standard_gamma(0.5, (2, len(counts))) * quotient.below.mean()
                sums = weights @ quotient.above, weights @ quotient.below
                found.append(
                    np.maximum(sums[0] + more[0], 0.0) / np.maximum(sums[1] + more.sum(0), 1e-300)
                )
        all_found = np.concatenate(found)
        low, high = np.quantile(all_found[np.isfinite(all_found)], _TAILS)
        if steady:
            low, high = value - error * high, value - error * low
        return _estimate(1.0 - value, 1.0 - float(high), 1.0 - float(low), rests_on)

    # --- verdicts ---

    def _share(self, policy: int, counted: Floats) -> Estimate:
        """How often something is so, by the cells in which it counts."""
        rests_on = self._basis(policy, "verdicts", both=False)
        if rests_on.reason is not None:
            return rests_on
        above, below = self._empty()
        for units, rows in self._pairs:
            cells = rows.cells(policy)
            above += self._by_unit(units, cells @ counted)
            below += self._by_unit(units, cells.sum(axis=1))
        draws = self._draws
        whole, variance = draws.quotients(np.ones((1, draws.units)), above, below)
        value = float(whole[0])
        if variance[0] <= 0.0 or not 0.0 < value < 1.0:
            trials = int(np.count_nonzero(below))
            return _estimate(value, *binomial(round(value * trials), trials, "exact"), rests_on)
        scale = (self._t() / _Z) ** 2
        return _estimate(value, *_wilson(value, float(variance[0]) * scale), rests_on)

    def _kappa_of_verdicts(self, policy: int) -> Estimate:
        rests_on = self._basis(policy, "verdicts", both=True)
        if rests_on.reason is not None:
            return rests_on
        cells = [(units, rows.cells(policy)) for units, rows in self._pairs]
        whole = [one.sum(axis=0)[None] for _, one in cells]
        value = float(_kappa(whole)[0])
        if np.isnan(value):
            return rests_on.model_copy(update={"reason": _ONE_SORT})
        everything = float(sum(sums.sum() for sums in whole))
        options, draws = self._options, self._draws
        chance = np.random.default_rng([options.seed, 2])
        bare, smooth = list[Floats](), list[Floats]()
        for counts in draws.counts(options.resamples, options.seed):
            weights = draws.weights(counts)
            drawn = [np.maximum(weights[:, units] @ one, 0.0) for units, one in cells]
            more = [
                chance.standard_gamma(_PRIOR * (sums.sum() / everything), (len(counts), VERDICTS))
                for sums in whole
            ]
            scale = everything / draws.units
            bare.append(_kappa(drawn))
            smooth.append(
                _kappa([one + scale * extra for one, extra in zip(drawn, more, strict=True)])
            )
        tails = self._corrected(value, np.concatenate(bare), cells)
        low, high = np.quantile(np.concatenate(smooth), tails)
        return _estimate(value, float(low), float(high), rests_on)

    def _corrected(
        self, value: float, drawn: Floats, cells: Sequence[tuple[NDArray[np.intp], Floats]]
    ) -> tuple[float, float]:
        """The two tails, corrected for bias and acceleration (BCa)."""
        if value == 1.0:
            return _TAILS
        above, below = self._empty()
        for units, one in cells:
            above += self._by_unit(units, one[:, 1] + one[:, 2])
            below += self._by_unit(units, _linearised_chance(one))
        drawn = drawn[np.isfinite(drawn)]
        share = (drawn < value).mean() + (drawn == value).mean() / 2
        bias = stats.norm.ppf(min(max(share, 0.01), 0.99))
        acceleration = -self._draws.skewness(above, below) / 6
        far = _Z if self._draws.by_work else self._t()
        shifted = bias - far, bias + far
        low, high = (stats.norm.cdf(bias + z / (1 - acceleration * z)) for z in shifted)
        return float(low), float(high)

    def _t(self) -> float:
        """How many standard errors an interval is wide, to each side."""
        return float(stats.t.ppf(_TAILS[1], self._draws.freedom))

    # --- what they rest on ---

    def _basis(self, policy: int | None, unit: str, *, both: bool) -> Estimate:
        """Whether there are enough pairs of scores or verdicts; `both` sorts are needed."""
        cells = [rows.cells(policy) for _, rows in self._pairs]
        sums = np.concatenate(cells).sum(axis=0)
        so, everything = float(2 * sums[0] + sums[1] + sums[2]), float(sums.sum())
        fewer = min(so, 2 * everything - so) if both else MIN_OF_EACH
        plans = [
            rows.plans[one.sum(axis=1) > 0]
            for (_, rows), one in zip(self._pairs, cells, strict=True)
        ]
        return self._enough(round(everything), plans, int(fewer), unit)

    def _enough(
        self, cases: int, of_plans: Sequence[NDArray[np.int64]], fewer: int, unit: str
    ) -> Estimate:
        plans = len(np.unique(np.concatenate(of_plans)))
        reason = too_few(cases, plans, fewer, unit=unit)
        if reason is None and self._draws.by_work:
            reason = too_few(cases, self._draws.units, unit=unit, group="works")
        if reason is None and self._draws.lone:
            reason = (
                f"not enough {unit}: a judge has one plan of some work only, and there are "
                "fewer than 10 works"
            )
        return Estimate(cases=cases, plans=plans, reason=reason)

    def _empty(self) -> tuple[Floats, Floats]:
        return np.zeros(self._draws.units), np.zeros(self._draws.units)

    def _by_unit(self, units: NDArray[np.intp], values: Floats) -> Floats:
        return group_sums(units, self._draws.units, values)


def _estimate(value: float, low: float, high: float, rests_on: Estimate) -> Estimate:
    """An estimate with an interval that holds its value, within what it can be."""
    given = {
        "value": value,
        "low": max(min(low, value), -1.0),
        "high": min(max(high, value), 1.0),
    }
    return rests_on.model_copy(update=given)


def _linearised_chance(cells: Floats) -> Floats:
    """What each row adds to the disagreement that the two margins lead to by chance."""
    first, second = cells[:, 0] + cells[:, 1], cells[:, 0] + cells[:, 2]
    size = cells.sum(axis=1)
    one, other = (float(sums.sum()) / (float(size.sum()) or 1.0) for sums in (first, second))
    chance: Floats = (1 - 2 * other) * first + (1 - 2 * one) * second + 2 * one * other * size
    return chance


def _linearised_variance(moments: Floats) -> Floats:
    """What each row adds to the squared differences of all scores; all zero if they are equal."""
    size, total, squares = (float(moments[:, column].sum()) for column in range(3))
    mean = total / size if size else 0.0
    if squares - total * mean <= _CONSTANT * squares:
        return np.zeros(len(moments))
    rows = moments[:, 2] - 2 * mean * moments[:, 1] + mean**2 * moments[:, 0]
    differences: Floats = 2 * size / (size - 1) * rows
    return differences


def _kappa(cells: Sequence[Floats]) -> Floats:
    """Kappa of all pairs together: their disagreements, by those of each by chance."""
    observed, expected = np.zeros(len(cells[0])), np.zeros(len(cells[0]))
    for one in cells:
        size = one.sum(axis=1)
        first, second = one[:, 0] + one[:, 1], one[:, 0] + one[:, 2]
        observed += one[:, 1] + one[:, 2]
        chance = first * (size - second) + (size - first) * second
        expected += np.divide(chance, size, out=np.zeros(len(size)), where=size > 0.0)
    kappa: Floats = 1.0 - np.divide(
        observed, expected, out=np.full(len(observed), np.nan), where=expected > 0.0
    )
    return kappa


def _wilson(share: float, variance: float) -> tuple[float, float]:
    """Wilson's interval for a share with a known variance."""
    cases = share * (1 - share) / variance
    middle = (share + _Z**2 / (2 * cases)) / (1 + _Z**2 / cases)
    half = _Z / (1 + _Z**2 / cases) * (variance + _Z**2 / (4 * cases**2)) ** 0.5
    return middle - half, middle + half
