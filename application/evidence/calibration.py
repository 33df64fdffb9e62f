"""Calibration: find out whether low confidence predicts rejection.

Confidences are compared with recorded outcomes. A `Calibrator` computes the statistics;
one that rests on too few outcomes has no value.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, Field, Strict

from plangate.application.errors import AnalysisMissing, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.outcomes import Outcomes, RecordedOutcome
from plangate.application.plan_log import PlanIds, plan_steps, selected
from plangate.application.progress import Progress
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.vocabulary import Outcome

MIN_CASES: Final = 20
"""An estimate needs so many outcomes; with fewer, half its interval could be luck."""

MIN_PLANS: Final = 10
"""An estimate needs so many plans, because the intervals come from drawing plans."""

MIN_OF_EACH: Final = 10
"""Comparing accepted with rejected outcomes needs so many of each."""


class Confidence(StrEnum):
    """Which confidence is compared: the task's own, or its plan's rolling one."""

    TASK = "task"
    ROLLING = "rolling"


class CalibrationOptions(BaseModel):
    """Which confidence to calibrate, and the seed of the random draws."""

    confidence: Confidence = Confidence.TASK
    seed: Annotated[int, Strict(), Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One outcome, and the confidence in the version before it."""

    plan_id: str
    confidence: float
    accepted: bool


class Estimate(Result):
    """A statistic, its 95 % interval, and how many outcomes and plans it rests on.

    With too few of them, `value`, `low` and `high` are None, and `reason` says why.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    cases: int
    plans: int
    reason: str | None = None


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
    """

    ranking: Estimate
    brier: Estimate
    base_brier: Estimate
    bins: tuple[ReliabilityBin, ...]
    thresholds: tuple[ThresholdPoint, ...]


class Calibration(Reliability):
    """Whether low confidence predicts rejection, and on how much data that rests.

    `cases` counts the outcomes with a confidence, `unscored` those without; `sources` counts
    the cases by source. The intervals come from `resamples` random draws of whole plans,
    seeded by `seed`.
    """

    confidence: Confidence
    cases: int
    plans: int
    accepted: int
    rejected: int
    unscored: int
    sources: dict[str, int]
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


class Calibrator(Protocol):
    """Computes the statistics of a calibration."""

    @property
    def resamples(self) -> int:
        """How many draws of plans an interval rests on."""

    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        """The statistics, the same for the same cases and seed. Raises `AnalysisMissing`."""


class NoCalibrator:
    """Used where no calibrator is provided."""

    resamples = 0

    def reliability(self, _cases: Sequence[Case], _seed: int) -> Reliability:
        """Raises `AnalysisMissing`."""
        raise AnalysisMissing("this registry was made without a calibrator")


def too_few(cases: int, plans: int, fewer: int = MIN_OF_EACH) -> str | None:
    """Why there is too little data for an estimate; None if there is enough.

    `fewer` is the number of accepted or of rejected outcomes, whichever is less, for an
    estimate that needs both.
    """
    short = [
        f"{there} of {needed} {what}"
        for there, needed, what in (
            (cases, MIN_CASES, "outcomes"),
            (plans, MIN_PLANS, "plans"),
            (fewer, MIN_OF_EACH, "of each sort"),
        )
        if there < needed
    ]
    return f"not enough outcomes: {', '.join(short)}" if short else None


def calibrate(
    store: EventStore,
    plan_ids: PlanIds,
    options: CalibrationOptions,
    calibrator: Calibrator,
    progress: Progress,
) -> Calibration:
    """Compare the recorded outcomes of plans with the confidences before them."""
    cases: list[Case] = []
    sources: Counter[str] = Counter()
    unreadable: list[UnreadablePlan] = []
    unscored = 0
    for plan_id in selected(store, plan_ids, progress):
        try:
            outcomes = _outcomes_of(store, plan_id)
        except UnreadableEvent as error:
            unreadable.append(UnreadablePlan.of(error))
            continue
        for outcome in outcomes:
            of_task = outcome.assessment.confidence
            confidence = outcome.rolling_confidence if options.confidence == "rolling" else of_task
            if confidence is None:
                unscored += 1
                continue
            cases.append(Case(plan_id, confidence, outcome.outcome is Outcome.ACCEPTED))
            sources[outcome.source] += 1
    accepted = sum(case.accepted for case in cases)
    return Calibration(
        **dict(calibrator.reliability(cases, options.seed)),
        confidence=options.confidence,
        cases=len(cases),
        plans=len({case.plan_id for case in cases}),
        accepted=accepted,
        rejected=len(cases) - accepted,
        unscored=unscored,
        sources=dict(sorted(sources.items())),
        resamples=calibrator.resamples,
        seed=options.seed,
        unreadable=tuple(unreadable),
    )


def _outcomes_of(store: EventStore, plan_id: str) -> Iterable[RecordedOutcome]:
    outcomes = Outcomes()
    for step in plan_steps(store, plan_id):
        outcomes.add(step)
    return outcomes.newest()
