"""Collect the recorded outcomes of plans with the confidences before them, and calibrate."""

from collections import Counter
from collections.abc import Iterable

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.calibration import Calibration, CalibrationOptions, Case
from plangate.application.evidence.outcomes import Outcomes, RecordedOutcome
from plangate.application.evidence.statistics import Statistics
from plangate.application.plan_log import PlanIds, plan_steps, selected
from plangate.application.progress import Progress
from plangate.application.results import UnreadablePlan
from plangate.domain.vocabulary import Outcome


def calibrate(
    store: EventStore,
    plan_ids: PlanIds,
    options: CalibrationOptions,
    statistics: Statistics,
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
        **dict(statistics.reliability(cases, options.seed)),
        confidence=options.confidence,
        cases=len(cases),
        plans=len({case.plan_id for case in cases}),
        accepted=accepted,
        rejected=len(cases) - accepted,
        unscored=unscored,
        sources=dict(sorted(sources.items())),
        resamples=statistics.resamples,
        seed=options.seed,
        unreadable=tuple(unreadable),
    )


def _outcomes_of(store: EventStore, plan_id: str) -> Iterable[RecordedOutcome]:
    outcomes = Outcomes()
    for step in plan_steps(store, plan_id):
        outcomes.add(step)
    return outcomes.newest()
