"""The statistics port, a method for each question, with numpy and scipy."""

from collections.abc import Sequence

from typing_extensions import override

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
from plangate.application.evidence.statistics import ShareCounts, Statistics
from plangate.infrastructure.statistics.agreement import Options, agreement_estimates
from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.distributions import significances
from plangate.infrastructure.statistics.gates import costs, gate_shares, more_outcomes
from plangate.infrastructure.statistics.groups import groups
from plangate.infrastructure.statistics.held_out import held_out
from plangate.infrastructure.statistics.judges import judges
from plangate.infrastructure.statistics.reliability import reliability
from plangate.infrastructure.statistics.shares import shares


class ScipyStatistics(Statistics):
    """Estimates with numpy and scipy."""

    resamples = 1_000

    @override
    def reliability(self, cases: Cases, seed: int) -> Reliability:
        return reliability(Columns.of(cases), resamples=self.resamples, seed=seed)

    @override
    def groups(self, cases: Cases, by: Grouping, seed: int) -> tuple[CalibrationGroup, ...]:
        return groups(cases, by, resamples=self.resamples, seed=seed)

    @override
    def gate_shares(self, cases: Cases, seed: int) -> tuple[Estimate, Estimate, Estimate]:
        return gate_shares(cases, resamples=self.resamples, seed=seed)

    @override
    def costs(
        self, counts: GateCounts, thresholds: Sequence[float], cost: Cost, seed: int
    ) -> Costs:
        return costs(counts, thresholds, cost, resamples=self.resamples, seed=seed)

    @override
    def judges(self, cases: Cases, seed: int) -> tuple[JudgeCalibration, ...]:
        return judges(cases.scores, resamples=self.resamples, seed=seed)

    @override
    def more_outcomes(self, cases: Cases, seed: int) -> tuple[MoreOutcomes, ...]:
        return more_outcomes(cases, resamples=self.resamples, seed=seed)

    @override
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
        options = Options(tuple(policies), by_work, self.resamples, seed)
        return agreement_estimates(pairs, joint, options, listed=listed)

    @override
    def significances(self, comparisons: Sequence[Comparison]) -> Sequence[Significance]:
        return significances(comparisons)

    @override
    def shares(self, counts: Sequence[ShareCounts], seed: int) -> Sequence[Estimate]:
        return shares(counts, resamples=self.resamples, seed=seed)

    @override
    def held_out(self, cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
        return held_out(cases, search)
