"""The statistics port, a method for each question, with numpy and scipy."""

from collections.abc import Sequence

from typing_extensions import override

from plangate.application.evidence.calibration import Case, Reliability
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.held_out import HeldOutFigures, PolicyCase, PolicySearch
from plangate.application.evidence.statistics import ShareCounts, Statistics
from plangate.infrastructure.statistics.held_out import held_out
from plangate.infrastructure.statistics.reliability import reliability
from plangate.infrastructure.statistics.shares import shares


class ScipyStatistics(Statistics):
    """Estimates with numpy and scipy."""

    resamples = 1_000

    @override
    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        return reliability(cases, resamples=self.resamples, seed=seed)

    @override
    def shares(self, counts: Sequence[ShareCounts], seed: int) -> Sequence[Estimate]:
        return shares(counts, resamples=self.resamples, seed=seed)

    @override
    def held_out(self, cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
        return held_out(cases, search)
