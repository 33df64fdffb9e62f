"""What a report says about a whole store, summed up so that its size does not grow with it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from plangate.application.errors import AnalysisMissing, UnreadableEvent
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.findings import FindingsReport
from plangate.application.progress import Progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.views.plan_summaries import PlanOrder, PlanSummary
from plangate.domain import events
from plangate.domain.errors import PlanNotFound
from plangate.domain.judging import JudgeKey, judge_key
from plangate.domain.vocabulary import TaskStatus, Verdict
from plangate.infrastructure.charts.heat_map import PlanRow, plan_task_heat
from plangate.infrastructure.charts.judges import JudgeScores, judge_scores
from plangate.infrastructure.charts.plan import status_bar
from plangate.infrastructure.charts.reliability_diagram import reliability_diagram
from plangate.infrastructure.charts.svg import Chart
from plangate.infrastructure.charts.weeks import replans_by_week

NAMED: Final = 25
"""So many plans that need a person are named."""

_DRAWN: Final = 40
"""So many plans are in the heat map."""

_PAGE: Final = 2_000
_PARTS: Final = 5
"""The passes over the store, for the progress bar."""

_KINDS: Final = ("task-scored", "replan-triggered", "outcome-recorded")
_NEED_A_PERSON: Final = (Verdict.REPLAN, Verdict.BLOCKED)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """A whole store in counts and charts, with the plans that need a person."""

    plans: int
    tasks: int
    events: int
    replans: int
    verdicts: Mapping[Verdict, int]
    need_a_person: Sequence[PlanSummary]
    need_a_person_count: int
    statuses: Chart
    judges: Chart
    heat: Chart
    weeks: Chart
    findings: FindingsReport
    agreement: Agreement | None
    calibration: Calibration | None
    calibrated: Chart | None
    not_calibrated: str | None


@dataclass(slots=True)
class _Summaries:
    """What is kept of each plan while all of them are read."""

    plans: int = 0
    tasks: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    statuses: Counter[TaskStatus] = field(default_factory=Counter)
    thresholds: dict[str, float] = field(default_factory=dict)
    need_a_person: list[PlanSummary] = field(default_factory=list)
    need_a_person_count: int = 0

    def add(self, plan: PlanSummary) -> None:
        self.plans += 1
        self.tasks += plan.task_count
        self.verdicts[plan.verdict] += 1
        for status in TaskStatus:
            self.statuses[status] += getattr(plan, status)
        self.thresholds[plan.plan_id] = plan.confidence_threshold
        if plan.verdict in _NEED_A_PERSON:
            self.need_a_person_count += 1
            if len(self.need_a_person) < NAMED:
                self.need_a_person.append(plan)


@dataclass(slots=True)
class _Judging:
    """The scores, replans and outcomes of the log, counted."""

    judges: dict[tuple[JudgeKey, str | None], JudgeScores] = field(default_factory=dict)
    replanned_on: list[date] = field(default_factory=list)
    outcomes: int = 0

    def add(self, recorded: RecordedEvent, threshold: float) -> None:
        match recorded.event:
            case events.TaskScored() as scored:
                scorer, key = scored.scorer, judge_key(scored.scorer)
                version = None if scorer is None else scorer.version
                known = self.judges.get((key, version))
                if known is None:
                    judge = " ".join(filter(None, key)) or "unnamed judge"
                    known = self.judges[key, version] = JudgeScores(judge, version)
                known.add(scored.score, threshold)
            case events.ReplanTriggered():
                self.replanned_on.append(recorded.envelope.recorded_at.date())
            case _:
                self.outcomes += 1


def store_facts(registry: PlanRegistry, progress: Progress) -> StoreFacts:
    """Sum up all plans that were not deleted. Plans that cannot be read are in the findings."""
    parts = _parts(progress)
    known = _summaries(registry, next(parts))
    judging = _judging(registry, known.thresholds, next(parts))
    findings = registry.evidence.findings(progress=next(parts))
    agreement = _agreement(registry, next(parts))
    calibration, missing = _calibration(registry, judging.outcomes, next(parts))
    thresholds = set(known.thresholds.values())
    return StoreFacts(
        plans=known.plans,
        tasks=known.tasks,
        events=findings.events,
        replans=len(judging.replanned_on),
        verdicts={verdict: known.verdicts[verdict] for verdict in Verdict},
        need_a_person=known.need_a_person,
        need_a_person_count=known.need_a_person_count,
        statuses=status_bar(known.statuses),
        judges=judge_scores(
            judging.judges.values(), thresholds.pop() if len(thresholds) == 1 else None
        ),
        heat=plan_task_heat(_rows(registry), known.plans),
        weeks=replans_by_week(judging.replanned_on),
        findings=findings,
        agreement=agreement,
        calibration=calibration,
        calibrated=None if calibration is None else reliability_diagram(calibration),
        not_calibrated=missing,
    )


def _parts(progress: Progress) -> Iterator[Progress]:
    """The progress of one pass after the other, each a share of the whole."""

    def part(number: int) -> Callable[[int, int], None]:
        def update(done: int, total: int) -> None:
            share = 1_000 if total <= 0 else 1_000 * done // total
            progress(1_000 * number + share, 1_000 * _PARTS)

        return update

    return map(part, range(_PARTS))


def _summaries(registry: PlanRegistry, progress: Progress) -> _Summaries:
    """Every plan once, the lowest confidence first."""
    known, after = _Summaries(), None
    while True:
        page = registry.views.plans(order=PlanOrder.CONFIDENCE, limit=_PAGE, after=after)
        for plan in page.plans:
            known.add(plan)
        if page.next is None:
            progress(1, 1)
            return known
        after = page.next


def _judging(
    registry: PlanRegistry, thresholds: Mapping[str, float], progress: Progress
) -> _Judging:
    """The events of all plans that are there still, in one pass over the log."""
    judging, after = _Judging(), 0
    last = registry.history.last_position()
    while True:
        try:
            page = registry.history.events(after=after, limit=_PAGE, kinds=_KINDS)
        except UnreadableEvent as error:
            after = error.position or last
            continue
        if not page:
            return judging
        for recorded in page:
            threshold = thresholds.get(recorded.envelope.plan_id)
            if threshold is not None:
                judging.add(recorded, threshold)
        after = page[-1].envelope.position or last
        progress(min(after, last), last)


def _agreement(registry: PlanRegistry, progress: Progress) -> Agreement | None:
    """How far judges agree, where something can be compared and the library is there."""
    try:
        found = registry.evidence.agreement(progress=progress)
    except AnalysisMissing:
        return None
    parts = (found.same_tasks, found.same_work, found.repeats)
    return found if any(part.reason is None for part in parts) else None


def _calibration(
    registry: PlanRegistry, outcomes: int, progress: Progress
) -> tuple[Calibration | None, str | None]:
    """The calibration where there are outcomes, or why there is none."""
    if not outcomes:
        progress(1, 1)
        return None, None
    try:
        return registry.evidence.calibrate(progress=progress), None
    except AnalysisMissing as error:
        return None, str(error)


def _rows(registry: PlanRegistry) -> list[PlanRow]:
    """The plans of the heat map: those with the lowest confidence."""
    rows = []
    for plan in registry.views.plans(order=PlanOrder.CONFIDENCE, limit=_DRAWN):
        with suppress(PlanNotFound):  # deleted meanwhile
            tasks = registry.views.board(plan.plan_id).tasks
            rows.append(PlanRow(plan.plan_id, plan.confidence_threshold, tasks))
    return rows
