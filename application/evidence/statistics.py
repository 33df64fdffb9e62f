"""The port for statistics: the application collects cases, numpy and scipy estimate.

The libraries are an extra. Where they are missing, asking for the statistics raises.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.agreement_results import AgreementEstimates
from plangate.application.evidence.calibration import CalibrationGroup, Reliability
from plangate.application.evidence.cases import Cases, Grouping
from plangate.application.evidence.comparisons import Comparison, Significance
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_cases import GateCounts
from plangate.application.evidence.gate_worth import Cost, Costs, MoreOutcomes
from plangate.application.evidence.held_out import HeldOutFigures, PolicyCase, PolicySearch
from plangate.application.evidence.judge_calibration import JudgeCalibration
from plangate.application.evidence.pair_sums import PairSums


class ShareCounts(NamedTuple):
    """A share of cases by group: in each, how many there are `among`, and how many are meant.

    All shares of one question have the same groups; those without cases count for none.
    """

    having: Sequence[int]
    among: Sequence[int]


class Statistics(Protocol):
    """Estimates from cases; the same for the same cases and seed.

    Intervals come from random draws of whole plans.
    """

    @property
    def resamples(self) -> int:
        """How many draws of plans an interval rests on."""

    def reliability(self, cases: Cases, seed: int) -> Reliability:
        """Whether low confidence predicts rejection."""

    def shares(self, counts: Sequence[ShareCounts], seed: int) -> Sequence[Estimate]:
        """Each share with its interval, all of them from the same draws of groups."""

    def held_out(self, cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
        """What choosing among policies is worth; its intervals leave out one group at a time."""

    def groups(self, cases: Cases, by: Grouping, seed: int) -> tuple[CalibrationGroup, ...]:
        """The same for each group of cases, in the order of their names."""

    def gate_shares(self, cases: Cases, seed: int) -> tuple[Estimate, Estimate, Estimate]:
        """Precision and recall of the gate, and the share of accepted results it stopped."""

    def costs(
        self, counts: GateCounts, thresholds: Sequence[float], cost: Cost, seed: int
    ) -> Costs:
        """What the gate would have cost at each threshold: one for each policy of `counts`."""

    def judges(self, cases: Cases, seed: int) -> tuple[JudgeCalibration, ...]:
        """What each judge's scores are worth, and whether that changed."""

    def more_outcomes(self, cases: Cases, seed: int) -> tuple[MoreOutcomes, ...]:
        """How many more outcomes narrow intervals need."""

    def agreement(
        self,
        pairs: Sequence[PairSums],
        joint: PairSums | None,
        policies: Sequence[str],
        *,
        by_work: bool,
        listed: int,
        seed: int,
    ) -> Sequence[AgreementEstimates]:
        """How far the judges of each pair agree, of the first `listed` pairs; last, of all.

        Works are drawn, or else the plans of each work. `joint` has the scores of all judges,
        where their alpha is not that of the pairs.
        """

    def significances(self, comparisons: Sequence[Comparison]) -> Sequence[Significance]:
        """Whether chance explains each of some comparisons that are made together."""


MakeStatistics = Callable[[], Statistics]
"""Gives the statistics, or raises `AnalysisMissing`."""


def no_statistics() -> Statistics:
    """Used where no statistics are provided. Raises `AnalysisMissing`."""
    raise AnalysisMissing("this registry was made without statistics")
