"""Held-out figures: what a choice among policies is worth on cases that it has not seen.

A case is a task or a plan of which it is known, or agreed, whether it was bad, and for each
policy whether its gate stopped it. Cases of one group are never apart: all of them choose,
or all of them test.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost
from plangate.application.results import Result

MIN_GROUPS: Final = 5
"""An interval needs so many groups; with fewer it would span nearly everything."""


class PolicyMeasure(StrEnum):
    """By what policies are compared.

    `balanced_accuracy`: the mean of the share of bad cases that are stopped and the share of
    good ones that are not; 0.5 is chance, 1 is best. `cost`: what a case costs on average.
    """

    BALANCED_ACCURACY = "balanced_accuracy"
    COST = "cost"


class PolicyCase(NamedTuple):
    """One case: its plan, its group and fold, and whether it is bad.

    `mean` is the plain mean of the output scores that were known; bit n of `stopped` says
    whether the gate of policy n stopped it.
    """

    plan: int
    group: int
    fold: int
    bad: bool
    mean: float
    stopped: int


class PolicySearch(NamedTuple):
    """What to choose from: the policies 0 to `candidates` - 1.

    `neighbours` are the candidates that differ from each by one step of one number. The
    policies after the candidates, `fixed` of them, are judged but never chosen; the first is
    the recorded one. Without a `cost` the measure is balanced accuracy.
    """

    candidates: int
    neighbours: Sequence[Sequence[int]]
    fixed: int
    cost: Cost | None = None

    @property
    def policies(self) -> int:
        """How many policies are judged."""
        return self.candidates + self.fixed


class PolicyFigures(Result):
    """What one policy, or one way to choose, does.

    `in_sample` is the measure on all cases, those included by which a policy was chosen;
    `held_out` on each case under what the other folds chose. `stopped_bad`, `stopped_good`
    and `precision` (the share of stopped cases that are bad) are held out too. `over_mean`
    and `over_recorded` are by how much it is better, case by case, than the cut on the plain
    mean and than the recorded policy; positive is better, for costs too.
    """

    in_sample: float | None
    held_out: Estimate
    stopped_bad: Estimate
    stopped_good: Estimate
    precision: Estimate
    over_mean: Estimate
    over_recorded: Estimate


class FoldFigures(Result):
    """One fold: what the others chose, and the measure there and here.

    `chosen` is the number of a candidate, `cut` the threshold of the plain mean.
    """

    groups: int
    cases: int
    bad: int
    chosen: int
    cut: float
    in_sample: float
    held_out: float | None


class HeldOutFigures(Result):
    """The figures of a search.

    `chosen` is the candidate that all cases choose, `cut` the threshold of the plain mean
    that they choose; `alike` counts the candidates within one standard error of the best.
    Without enough groups of both kinds there are no folds, and all of these are None.
    """

    chosen: int | None
    cut: float | None
    alike: int | None
    tuned: PolicyFigures
    mean: PolicyFigures
    fixed: tuple[PolicyFigures, ...]
    always: PolicyFigures
    never: PolicyFigures
    folds: tuple[FoldFigures, ...]


def is_better(one: Estimate, other: Estimate, cost: Cost | None) -> bool:
    """Whether all of a measure's interval is better than all of another's."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high if cost is None else one.high < other.low
