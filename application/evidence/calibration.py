"""Does low confidence predict rejection? What was thought of tasks, held against their outcomes.

Here is what is asked and what is answered; the figures are worked out by a
`Calibrator`. A figure that rests on too little is not given at all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, Field, Strict

from plangate.application.errors import AnalysisMissing, CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.outcomes import Outcomes, Told
from plangate.application.plan_log import plan_steps
from plangate.application.plan_selection import PlanIds, selected
from plangate.application.progress import Progress
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.vocabulary import Outcome

MIN_CASES: Final = 20
"""A figure from fewer outcomes is not given: half its interval could be a matter of luck."""

MIN_PLANS: Final = 10
"""Nor from fewer plans: the intervals are found by drawing plans."""

MIN_OF_EACH: Final = 10
"""Nor, where it compares accepted with rejected ones, from fewer of either."""


class Confidence(StrEnum):
    """Which confidence is held against the outcomes: the task's own, or its plan's rolling one."""

    TASK = "task"
    ROLLING = "rolling"


class CalibrationWanted(BaseModel):
    """What is to be calibrated, and the seed of what is drawn by chance."""

    confidence: Confidence = Confidence.TASK
    seed: Annotated[int, Strict(), Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One outcome that counts, and the confidence in the version before it."""

    plan_id: str
    confidence: float
    accepted: bool


class Estimate(Result):
    """A figure, its 95 % interval, and how many outcomes of how many plans it rests on.

    With too few of them `value`, `low` and `high` are None, and `reason` says so.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    cases: int
    plans: int
    reason: str | None = None


class ReliabilityBin(Result):
    """The outcomes whose confidence lies from `at_least` up to, but not at, `below` (1 included).

    Well calibrated, the share of `accepted` ones is the `mean_confidence`.
    """

    at_least: float
    below: float
    mean_confidence: float | None
    accepted: Estimate


class ThresholdPoint(Result):
    """What a gate at one threshold would have made of the outcomes.

    `precision`: of the tasks below it, the share that was rejected. `recall`: of the
    rejected ones, the share that was below it. `passed`: of the tasks at it or above,
    the share that was accepted.
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
    """The figures of a calibration.

    `brier` is the mean square of confidence minus outcome (accepted 1, rejected 0): 0 is
    best. `base_brier` is what always expecting the share of accepted tasks would have.
    `ranking` is how often, of a rejected and an accepted task, the rejected one had the
    lower confidence (ties count half): 0.5 is chance, 1 is best. It does not mind
    confidences that are all too high or all too low.
    """

    ranking: Estimate
    brier: Estimate
    base_brier: Estimate
    bins: tuple[ReliabilityBin, ...]
    thresholds: tuple[ThresholdPoint, ...]


class Calibration(Reliability):
    """Whether low confidence predicts rejection, and on what that rests.

    `cases` counts the outcomes that were held against a confidence, `unscored` those of
    tasks that had none; `sources` counts the cases by who told them. The intervals come
    from `resamples` draws of whole plans, by chance from `seed`.
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


class Calibrator(Protocol):
    """Works out the figures of a calibration."""

    @property
    def resamples(self) -> int:
        """How often it draws plans for an interval."""
        ...

    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        """The figures; the same for the same cases and seed. Raises `AnalysisMissing`."""
        ...


class NoCalibrator:
    """Stands where the libraries for calibration are not provided."""

    resamples = 0

    def reliability(self, _cases: Sequence[Case], _seed: int) -> Reliability:
        """Raises `AnalysisMissing`."""
        raise AnalysisMissing("this registry was made without a calibrator")


def lacking(cases: int, plans: int, fewer: int = MIN_OF_EACH) -> str | None:
    """Why a figure that rests on so little is not given; None if it is enough.

    `fewer` is how many of the outcomes are accepted or rejected, whichever is less,
    where a figure needs both.
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


def calibrated(
    store: EventStore,
    plan_ids: PlanIds,
    wanted: CalibrationWanted,
    calibrator: Calibrator,
    progress: Progress,
) -> Calibration:
    """The outcomes of plans held against what was thought of their tasks."""
    cases: list[Case] = []
    sources: Counter[str] = Counter()
    unreadable: list[UnreadablePlan] = []
    unscored = 0
    for plan_id in selected(store, plan_ids, progress):
        try:
            outcomes = list(_outcomes_of(store, plan_id))
        except CorruptEvent as error:
            unreadable.append(UnreadablePlan(plan_id=plan_id, version=error.version, why=error.why))
            continue
        for told in outcomes:
            of_task = told.standing.confidence
            confidence = told.rolling_confidence if wanted.confidence == "rolling" else of_task
            if confidence is None:
                unscored += 1
                continue
            cases.append(Case(plan_id, confidence, told.outcome is Outcome.ACCEPTED))
            sources[told.source] += 1
    accepted = sum(case.accepted for case in cases)
    return Calibration(
        **dict(calibrator.reliability(cases, wanted.seed)),
        confidence=wanted.confidence,
        cases=len(cases),
        plans=len({case.plan_id for case in cases}),
        accepted=accepted,
        rejected=len(cases) - accepted,
        unscored=unscored,
        sources=dict(sorted(sources.items())),
        resamples=calibrator.resamples,
        seed=wanted.seed,
        unreadable=tuple(unreadable),
    )


def _outcomes_of(store: EventStore, plan_id: str) -> Iterator[Told]:
    outcomes = Outcomes()
    for step in plan_steps(store, plan_id):
        outcomes.note(step.before, step.recorded)
    yield from outcomes.counting()
