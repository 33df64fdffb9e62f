"""The port for statistics: the application collects cases, numpy and scipy estimate.

The libraries are an extra. Where they are missing, asking for the statistics raises.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.calibration import Case, Reliability


class Statistics(Protocol):
    """Estimates from cases; the same for the same cases and seed.

    Intervals come from random draws of whole plans.
    """

    @property
    def resamples(self) -> int:
        """How many draws of plans an interval rests on."""

    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        """Whether low confidence predicts rejection."""


MakeStatistics = Callable[[], Statistics]
"""Gives the statistics, or raises `AnalysisMissing`."""


def no_statistics() -> Statistics:
    """Used where no statistics are provided. Raises `AnalysisMissing`."""
    raise AnalysisMissing("this registry was made without statistics")
