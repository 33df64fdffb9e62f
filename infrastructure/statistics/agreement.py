"""Cohen's kappa, Krippendorff's alpha and differing verdicts, with intervals by drawing plans.

Kappa and alpha are 1 minus a quotient: disagreement observed, by disagreement expected. What
is expected is linearised around all plans, so both are sums over plans, and their intervals
are bootstrap-t ones. Where few plans disagree, and for verdicts, one a plan, the percentiles
of draws are taken, with half a plan more that may go any way (Jeffreys' prior). A share has
Wilson's interval, with as many cases as its variance between plans is worth.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from plangate.application.evidence.agreement_results import AgreementEstimates, VerdictAgreement
from plangate.application.evidence.estimates import MIN_OF_EACH, Estimate, too_few
from plangate.application.evidence.pair_sums import SCORES, VERDICTS, PairSums
from plangate.infrastructure.statistics.intervals import TAILS, Floats, binomial, student, wilson
from plangate.infrastructure.statistics.pair_measures import (
    CONSTANT,
    disagreements,
    kappa,
    linearised_chance,
    linearised_variance,
)
from plangate.infrastructure.statistics.plan_draws import PlanDraws
from plangate.infrastructure.statistics.resampling import RESAMPLES, group_sums

_PRIOR: Final = np.array([0.5, 0.25, 0.25, 0.5])
"""How much of a unit may agree on either, or disagree in either direction."""

_FEW: Final = 10
"""With disagreement in fewer units than this, a bootstrap-t interval is not to be trusted."""

_ONE_SORT: Final = "each pair of judges has one sort only"
_NORMAL: Final = float(stats.norm.ppf(TAILS[1]))

_Table = tuple[NDArray[np.intp], Floats]
"""Some numbers of the rows of a pair, and the unit of each row."""


class _Options(NamedTuple):
    """The policies that were tried, whether whole works are drawn, and how often."""

    policies: tuple[str, ...]
    by_work: bool
    resamples: int
    seed: int


def agreement_estimates(
    pairs: Sequence[PairSums],
    joint: PairSums | None,
    policies: Sequence[str],
    *,
    by_work: bool,
    listed: int,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[AgreementEstimates, ...]:
    """The estimates of the first pairs, and last of all; `joint` has the scores of their alpha."""
    options = _Options(tuple(policies), by_work, resamples, seed)
    rows = [_Rows(one) for one in pairs]
    for_alpha = rows if joint is None else [_Rows(joint)]
    found = [_Estimator([row], [row], options).estimates() for row in rows[:listed]]
    return *found, _Estimator(rows, for_alpha, options).estimates()


class _Rows:
    """The rows of one pair, as arrays."""

    def __init__(self, sums: PairSums) -> None:
        self.numbers = np.frombuffer(sums.numbers).reshape(-1, sums.width)
        self.plans, self.works, self.sides = (
            np.frombuffer(column, dtype=np.int64) for column in (sums.plans, sums.works, sums.sides)
        )

    def cells(self, policy: int | None) -> Floats:
        """Pairs that are both so, the first, the second, none: of scores, or of verdicts."""
        first = 0 if policy is None else SCORES + VERDICTS * policy
        return self.numbers[:, first : first + VERDICTS]


class _Estimator:
    """The estimates from some pairs of judges together."""

    def __init__(
        self, pairs: Sequence[_Rows], for_alpha: Sequence[_Rows], options: _Options
    ) -> None:
        everything = [*pairs, *for_alpha]
        self._draws = PlanDraws(
            np.concatenate([rows.plans for rows in everything]),
            np.concatenate([rows.works for rows in everything]),
            np.concatenate([rows.sides for rows in everything]),
            by_work=options.by_work,
        )
        self._pairs, self._for_alpha = pairs, for_alpha
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
        rests_on = self._basis(None, both=True)
        if rests_on.reason is not None:
            return rests_on
        above, below = self._quotient(self._cells(None))
        if below.sum() <= CONSTANT:
            return rests_on.model_copy(update={"reason": _ONE_SORT})
        return self._one_minus(above, below, rests_on)

    def _alpha(self) -> Estimate:
        moments = [rows.numbers[:, VERDICTS:SCORES] for rows in self._for_alpha]
        pairs = list(zip(self._for_alpha, moments, strict=True))
        scores = round(sum(float(one[:, 0].sum()) for one in moments))
        plans = [rows.plans[one[:, 0] > 0] for rows, one in pairs]
        rests_on = self._enough(scores, plans, MIN_OF_EACH, "scores")
        if rests_on.reason is not None:
            return rests_on
        tables = [(self._units(rows), one) for rows, one in pairs]
        above = self._by_unit((units, one[:, 3]) for units, one in tables)
        below = self._by_unit((units, linearised_variance(one)) for units, one in tables)
        if not below.any():
            return rests_on.model_copy(update={"reason": "all scores are equal"})
        return self._one_minus(above, below, rests_on)

    def _one_minus(self, above: Floats, below: Floats, rests_on: Estimate) -> Estimate:
        """1 minus a quotient of sums, with the interval of the quotient turned round."""
        draws, options = self._draws, self._options
        value, variance = draws.quotient(above, below)
        error = variance**0.5
        steady = error > CONSTANT and np.count_nonzero(above > 0.0) >= _FEW
        found: list[Floats] = []
        chance = np.random.default_rng([options.seed, 1])
        for counts in draws.counts(options.resamples, options.seed):
            if steady:
                drawn, variances = draws.quotients(counts, above, below)
                errors = np.sqrt(np.where(variances > 0.0, variances, np.nan))
                found.append((drawn - value) / errors)
            else:
                weights = draws.weights(counts)
                more = chance.standard_gamma(0.5, (2, len(counts))) * below.mean()
                observed = np.maximum(weights @ above + more[0], 0.0)
                found.append(observed / np.maximum(weights @ below + more.sum(0), 1e-300))
        all_found = np.concatenate(found)
        low, high = np.quantile(all_found[np.isfinite(all_found)], TAILS)
        if steady:
            low, high = value - error * high, value - error * low
        return _estimate(1.0 - value, (1.0 - float(high), 1.0 - float(low)), rests_on)

    # --- verdicts ---

    def _share(self, policy: int, counted: Floats) -> Estimate:
        """How often something is so, by the cells in which it counts."""
        rests_on = self._basis(policy, both=False)
        if rests_on.reason is not None:
            return rests_on
        tables = self._cells(policy)
        below = self._by_unit((units, cells.sum(axis=1)) for units, cells in tables)
        value, variance = self._draws.quotient(
            self._by_unit((units, cells @ counted) for units, cells in tables), below
        )
        if variance <= 0.0 or not 0.0 < value < 1.0:
            trials = int(np.count_nonzero(below))
            return _estimate(value, binomial(round(value * trials), trials, "exact"), rests_on)
        errors = student(self._draws.freedom)
        return _estimate(value, wilson(value, value * (1 - value) / variance, errors), rests_on)

    def _kappa_of_verdicts(self, policy: int) -> Estimate:
        rests_on = self._basis(policy, both=True)
        if rests_on.reason is not None:
            return rests_on
        tables = self._cells(policy)
        whole = [cells.sum(axis=0)[None] for _, cells in tables]
        value = float(kappa(whole)[0])
        if np.isnan(value):
            return rests_on.model_copy(update={"reason": _ONE_SORT})
        everything = float(sum(sums.sum() for sums in whole))
        options, draws = self._options, self._draws
        scale = everything / draws.units
        chance = np.random.default_rng([options.seed, 2])
        bare, smooth = list[Floats](), list[Floats]()
        for counts in draws.counts(options.resamples, options.seed):
            weights = draws.weights(counts)
            drawn = [np.maximum(weights[:, units] @ cells, 0.0) for units, cells in tables]
            more = [
                chance.standard_gamma(_PRIOR * (sums.sum() / everything), (len(counts), VERDICTS))
                for sums in whole
            ]
            bare.append(kappa(drawn))
            smooth.append(
                kappa([one + scale * extra for one, extra in zip(drawn, more, strict=True)])
            )
        tails = self._corrected(value, np.concatenate(bare), tables)
        low, high = np.quantile(np.concatenate(smooth), tails)
        return _estimate(value, (float(low), float(high)), rests_on)

    def _corrected(
        self, value: float, drawn: Floats, tables: Sequence[_Table]
    ) -> tuple[float, float]:
        """The two tails, corrected for bias and acceleration (BCa)."""
        if value == 1.0:
            return TAILS
        drawn = drawn[np.isfinite(drawn)]
        share = (drawn < value).mean() + (drawn == value).mean() / 2
        bias = stats.norm.ppf(min(max(share, 0.01), 0.99))
        acceleration = -self._draws.skewness(*self._quotient(tables)) / 6
        far = _NORMAL if self._draws.by_work else student(self._draws.freedom)
        shifted = bias - far, bias + far
        low, high = (stats.norm.cdf(bias + z / (1 - acceleration * z)) for z in shifted)
        return float(low), float(high)

    # --- what they rest on ---

    def _basis(self, policy: int | None, *, both: bool) -> Estimate:
        """Whether there are enough pairs of scores or verdicts; `both` sorts are needed."""
        cells = [rows.cells(policy) for rows in self._pairs]
        sums = np.concatenate(cells).sum(axis=0)
        so, everything = float(2 * sums[0] + sums[1] + sums[2]), float(sums.sum())
        fewer = min(so, 2 * everything - so) if both else MIN_OF_EACH
        plans = [
            rows.plans[one.sum(axis=1) > 0] for rows, one in zip(self._pairs, cells, strict=True)
        ]
        unit = "scores" if policy is None else "verdicts"
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

    def _quotient(self, tables: Sequence[_Table]) -> tuple[Floats, Floats]:
        """Disagreements by unit, and what they are by chance."""
        return (
            self._by_unit((units, disagreements(cells)) for units, cells in tables),
            self._by_unit((units, linearised_chance(cells)) for units, cells in tables),
        )

    def _cells(self, policy: int | None) -> list[_Table]:
        return [(self._units(rows), rows.cells(policy)) for rows in self._pairs]

    def _units(self, rows: _Rows) -> NDArray[np.intp]:
        return self._draws.unit_of(rows.plans, rows.works)

    def _by_unit(self, tables: Iterable[_Table]) -> Floats:
        sums = np.zeros(self._draws.units)
        for units, values in tables:
            sums += group_sums(units, self._draws.units, values)
        return sums


def _estimate(value: float, interval: tuple[float, float], rests_on: Estimate) -> Estimate:
    """An estimate with an interval that holds its value, within what it can be."""
    low, high = interval
    given = {"value": value, "low": max(min(low, value), -1.0), "high": min(max(high, value), 1.0)}
    return rests_on.model_copy(update=given)
