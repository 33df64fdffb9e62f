"""A calibration: find out whether low confidence predicts rejection.

Confidences are compared with recorded outcomes; one that rests on too few has no value.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from plangate.application.evidence.cases import Grouping
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost, Costs, GateWorth, MoreOutcomes
from plangate.application.evidence.judge_calibration import JudgeCalibration, Worth
from plangate.application.models import Model
from plangate.application.rerun.assumptions import Assumption
from plangate.application.results import Result, UnreadablePlan


class Confidence(StrEnum):
    """Which confidence is compared: the task's own, or its plan's rolling one."""

    TASK = "task"
    ROLLING = "rolling"


class CalibrationOptions(Model):
    """Which confidence to calibrate, what to separate, and the seed of the random draws."""

    confidence: Confidence = Confidence.TASK
    by: Grouping | None = None
    cost: Cost | None = None
    seed: Annotated[int, Strict(), Field(ge=0)] = 0


class ReliabilityBin(Result):
    """The outcomes with a confidence in [`at_least`, `below`); the last bin includes 1.

    In a well calibrated bin the share of `accepted` outcomes is the `mean_confidence`.
    """

    at_least: float
    below: float
    mean_confidence: float | None
    accepted: Estimate


class ThresholdPoint(Result):
    """How a gate at one threshold would have separated the outcomes.

    `precision`: the share of tasks below it that were rejected. `recall`: the share of
    rejected tasks that were below it. `passed`: the share of the other tasks that were
    accepted.
    """

    threshold: float
    below: int
    rejected_below: int
    above: int
    accepted_above: int
    precision: Estimate
    recall: Estimate
    passed: Estimate


class Reliability(Result):
    """The statistics of a calibration.

    `brier` is the mean square of confidence minus outcome (accepted 1, rejected 0); 0 is
    best. `base_brier` is the same for a constant confidence, the share of accepted tasks.
    `ranking` is how often a rejected task had a lower confidence than an accepted one (ties
    count half); 0.5 is chance, 1 is best. It ignores a bias common to all confidences.
    `bias` is the mean confidence minus the share of accepted tasks: above 0 it is too high.
    `worth` is an isotonic fit: the share accepted at each confidence. It is never applied.
    """

    ranking: Estimate
    brier: Estimate
    base_brier: Estimate
    bias: Estimate
    bins: tuple[ReliabilityBin, ...]
    thresholds: tuple[ThresholdPoint, ...]
    worth: tuple[Worth, ...]


class CalibrationGroup(Result):
    """The calibration of the cases in one group; `gate_recall` is that of the gate."""

    name: str
    accepted: Estimate
    mean_confidence: float
    bias: Estimate
    ranking: Estimate
    brier: Estimate
    gate_recall: Estimate


class Calibration(Reliability):
    """Whether low confidence predicts rejection, and on how much data that rests.

    `cases` counts the outcomes with a confidence, `unscored` those without; `sources` counts
    the cases by source. `gate` is what the gate itself would have stopped, `judges` what
    each judge's scores are worth, `more` how many more outcomes narrow intervals need.
    `groups` has a row for each group of `by`, and `costs` one for each threshold, where
    these were asked for: what other policies or thresholds would have done rests on the
    `assumptions`. The intervals come from `resamples` random draws of whole plans,
    seeded by `seed`; `comparisons` is how many tests the q-values are corrected for.
    """

    assumptions: tuple[Assumption, ...] = ()
    confidence: Confidence
    cases: int
    plans: int
    accepted: int
    rejected: int
    unscored: int
    sources: dict[str, int]
    gate: GateWorth
    judges: tuple[JudgeCalibration, ...]
    comparisons: int
    more: tuple[MoreOutcomes, ...]
    by: Grouping | None = None
    groups: tuple[CalibrationGroup, ...] = ()
    costs: Costs | None = None
    resamples: int
    seed: int
    unreadable: tuple[UnreadablePlan, ...] = ()

    @property
    def sentence(self) -> str:
        """How much it rests on, and how well confidence ranks, in words."""
        rests = (
            f"{self.cases:,} outcomes of {self.plans:,} plans, {self.rejected:,} of them "
            f"rejected; {self.confidence} confidence."
        )
        found = self.ranking
        if found.value is None:
            return f"{rests} {(found.reason or '').capitalize()}."
        value, low, high = (100 * (part or 0.0) for part in (found.value, found.low, found.high))
        return (
            f"{rests} A rejected task had the lower confidence in {value:.0f} % "
            f"[{low:.0f}, {high:.0f}] of pairs with an accepted one (chance: 50 %)."
        )
