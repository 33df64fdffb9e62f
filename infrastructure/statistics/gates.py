"""What a gate would have stopped, what each threshold would have cost, and how many are needed."""

from collections.abc import Sequence
from math import ceil
from typing import Final

import numpy as np

from plangate.application.evidence.cases import Cases
from plangate.application.evidence.estimates import Estimate, too_few
from plangate.application.evidence.gate_cases import GateCounts
from plangate.application.evidence.gate_worth import Cost, CostPoint, Costs, MoreOutcomes
from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import (
    RESAMPLES,
    Basis,
    design_effect,
    drawn_estimates,
    effective,
)
from plangate.infrastructure.statistics.shares import Shares

_NARROW: Final = 0.05
"""Half of an interval of ±5 points."""


def gate_shares(
    cases: Cases, seed: int, resamples: int = RESAMPLES
) -> tuple[Estimate, Estimate, Estimate]:
    """Precision and recall of the gate, and the share of accepted results it stopped."""
    _, table = _judged(cases)
    precision, recall, good_stopped = table.estimates(resamples=resamples, seed=seed)
    return precision, recall, good_stopped


def _judged(cases: Cases) -> tuple[Columns, Shares]:
    """The cases with a verdict of the gate, and its three shares of them."""
    verdict = np.array(cases.stopped, dtype=np.int8)
    columns = Columns.of(cases).at(verdict >= 0)
    stopped, bad = verdict[verdict >= 0] > 0, ~columns.accepted
    return columns, Shares.of(columns, [(bad, stopped), (stopped, bad), (stopped, ~bad)])


def more_outcomes(cases: Cases, seed: int, resamples: int = RESAMPLES) -> tuple[MoreOutcomes, ...]:
    """How many more outcomes make the intervals of the main shares ±5 points wide."""
    everything = Columns.of(cases)
    judged, of_gate = _judged(cases)
    of_all = Shares.of(everything, [(everything.accepted, np.ones(len(cases), dtype=np.bool_))])
    found = [
        (columns, *one)
        for columns, table in ((everything, of_all), (judged, of_gate))
        for one in zip(
            table.estimates(resamples=resamples, seed=seed), table.having, table.among, strict=True
        )
    ]
    names = ("accepted", "precision", "recall", "good_stopped")
    return tuple(_more(name, *one) for name, one in zip(names, found, strict=True))


def _more(
    name: str, columns: Columns, estimate: Estimate, having: Floats, among: Floats
) -> MoreOutcomes:
    half = factor = None
    if estimate.low is not None and estimate.high is not None:
        half = (estimate.high - estimate.low) / 2
        # All outcomes grow in proportion, not those alone that the share is of.
        factor = max((half / _NARROW) ** 2 - 1.0, 0.0)
    return MoreOutcomes(
        share=name,
        half_width=half,
        design_effect=None if half is None else _effect(estimate, having, among),
        outcomes=None if factor is None else ceil(len(columns.plan) * factor),
        plans=None if factor is None else ceil(columns.plans * factor),
        reason=estimate.reason,
    )


def _effect(estimate: Estimate, having: Floats, among: Floats) -> float | None:
    """The design effect of plans; None where all cases agree."""
    share = estimate.value or 0.0
    if not 0.0 < share < 1.0:
        return None
    groups = effective(among)
    squares = float(((having - share * among) ** 2).sum())
    spread = np.sqrt(squares * groups / (groups - 1.0)) / float(among.sum())
    return design_effect(share, float(spread), estimate.cases)


def costs(
    counts: GateCounts,
    thresholds: Sequence[float],
    cost: Cost,
    seed: int,
    resamples: int = RESAMPLES,
) -> Costs:
    """The cost of each threshold, and which is the cheapest."""
    bad, good = np.array(counts.bad, dtype=float), np.array(counts.good, dtype=float)
    missed = np.array([bad - np.array(row, dtype=float) for row in counts.stopped_bad])
    stopped = np.array([np.array(row, dtype=float) for row in counts.stopped_good])
    by_plan = cost.missed * missed + cost.stopped * stopped
    sizes = bad + good
    totals = by_plan.sum(axis=1)
    best = int(totals.argmin())
    reason = too_few(int(sizes.sum()), len(sizes))

    def values(weights: Floats) -> Floats:
        means = by_plan @ weights.T / (weights @ sizes)
        return np.vstack([means, means - means[best]])

    basis = Basis(int(sizes.sum()), len(sizes), share=False, effective=effective(sizes))
    mean = basis._replace(bounds=(0.0, max(cost.missed, cost.stopped)))
    bases = [mean] * len(thresholds) + [basis._replace(bounds=None)] * len(thresholds)
    found = drawn_estimates(values, len(sizes), bases, resamples=resamples, seed=seed)
    points = tuple(
        CostPoint(
            threshold=threshold,
            missed_bad=int(missed[index].sum()),
            stopped_good=int(stopped[index].sum()),
            total=float(totals[index]),
            mean=found[index],
            extra=(extra := found[len(thresholds) + index]),
            overlaps=reason is None and (extra.low or 0.0) <= 0.0,
        )
        for index, threshold in enumerate(thresholds)
    )
    return Costs(
        missed=cost.missed,
        stopped=cost.stopped,
        points=points,
        cheapest=None if reason else thresholds[best],
        reason=reason,
    )
