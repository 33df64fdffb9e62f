"""Review one plan event by event for what to look at.

A claim, a return, a change of the task or another attempt counts as work on it. Scores with
none of these between them are of the same work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from plangate.application.evidence.finding import EventList, Finding, FindingKind, Severity
from plangate.application.evidence.outcomes import Outcomes
from plangate.application.evidence.same_work import FailedWork, Failure, WorkKey, work_of
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.event_ids import version_of
from plangate.domain.vocabulary import Outcome, ScoreKind, Scorer, StatusCause, TaskStatus

_AT_WORK: Final = {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}
_LISTED: Final = 5
"""How many scores or versions a sentence lists."""


@dataclass(slots=True)
class _LowScore:
    """A score of the current work that did not let the task pass."""

    event_id: str
    score: float
    scorer: Scorer | None
    settled: bool


@dataclass(slots=True)
class _Versions:
    """The versions of a scorer in order, with the first event of each."""

    shown_by: EventList = field(default_factory=EventList)
    names: list[str] = field(default_factory=list)


class PlanReview:
    """The review of one plan. `failed` holds the failures of the plans before it."""

    def __init__(self, plan_id: str, failed: FailedWork) -> None:
        self._plan_id = plan_id
        self._failed = failed
        self._work: WorkKey | None = None
        self._position: int | None = None
        self._first_failure: Failure | None = None
        self._threshold_lowered = False
        self._lows: dict[str, list[_LowScore]] = {}
        self._own: dict[tuple[Severity, str], EventList] = {}
        self._unsupported = EventList()
        self._versions: dict[tuple[ScoreKind, str, str], _Versions] = {}
        self._outcomes = Outcomes()
        self._found: list[Finding] = []

    def add(self, step: Step) -> None:  # noqa: C901  (a branch an event)
        """Review the plan's next event."""
        event = step.recorded.event
        self._outcomes.add(step)
        match event:
            case events.PlanCreated():
                self._work = work_of(event)
                self._position = step.recorded.envelope.position
            case events.TaskScored():
                self._score(step, event)
            case events.ScoreRetracted():
                lows = self._lows.get(event.task_id, [])
                lows[:] = [low for low in lows if low.event_id != event.event_id]
            case events.TaskStatusChanged():
                if event.cause is StatusCause.MARKED and event.new is TaskStatus.DONE:
                    self._mark_done(step, event)
                if event.new in _AT_WORK:
                    self._lows.pop(event.task_id, None)
            case events.TaskChanged() | events.AttemptStarted():
                self._lows.pop(event.task_id, None)
            case events.ReplanTriggered():
                self._fail(step)
            case events.PlanErased():
                self._unsupported = EventList()  # a rationale may have been erased
            case (
                events.ScoringFailed()
                | events.OutcomeRecorded()
                | events.LeaseRenewed()
                | events.TaskDeferred()
                | events.TaskUndeferred()
                | events.GateApproved()
                | events.PlanRevised()
                | events.TaskAdded()
                | events.TaskMoved()
                | events.TaskDropped()
                | events.TaskSplit()
                | events.TaskReplaced()
                | events.PlanPaused()
                | events.PlanResumed()
                | events.PlanArchived()
                | events.PlanRestored()
                | events.PlanDeleted()
            ):
                pass
            case _:
                assert_never(event)

    def finish(self) -> list[Finding]:
        """End the review; return all findings, ordered by the event that completed each."""
        if self._work is not None and self._first_failure is not None:
            self._failed.add(self._work, self._first_failure)
        self._review_all()
        return sorted(self._found, key=_order)

    # --- event by event ---

    def _score(self, step: Step, event: events.TaskScored) -> None:
        if not event.evidence and not (event.rationale or "").strip():
            self._unsupported.add(step.event_id, event.task_id)
        if event.scorer is not None:
            self._check_scorer(step, event, event.scorer)
        if event.kind is ScoreKind.OUTPUT:
            self._check_output(step, event)

    def _check_scorer(self, step: Step, event: events.TaskScored, scorer: Scorer) -> None:
        task = step.before.tasks.get(event.task_id)
        worker = task.claim.worker if task is not None and task.claim is not None else None
        severity = None
        if scorer.name == worker:
            severity = Severity.WARNING
        elif worker is None and scorer.name == step.recorded.envelope.actor:
            severity = Severity.NOTICE
        if severity is not None:
            own = self._own.setdefault((severity, scorer.name), EventList())
            own.add(step.event_id, event.task_id)
        if scorer.version is not None:
            known = self._versions.setdefault((event.kind, scorer.kind, scorer.name), _Versions())
            if known.names[-1:] != [scorer.version]:
                known.names.append(scorer.version)
                known.shown_by.add(step.event_id, event.task_id)

    def _check_output(self, step: Step, event: events.TaskScored) -> None:
        task = step.after.tasks.get(event.task_id)
        if task is None:
            return
        lows = self._lows.setdefault(task.id, [])
        if not step.after.passes(task):
            settled = event.mark_done is True
            lows.append(_LowScore(step.event_id, event.score, event.scorer, settled))
            if settled:
                self._fail(step)
            return
        if settled_lows := [low for low in lows if low.settled]:
            self._rescored(step, event, settled_lows)
        lows.clear()
        self._check_threshold(step, task.id, task.confidence(step.after.policy) or 0.0)

    def _rescored(self, step: Step, event: events.TaskScored, lows: Sequence[_LowScore]) -> None:
        same = event.scorer is None or any(_same(low.scorer, event.scorer) for low in lows)
        by = "" if same else " by another scorer"
        scores = _first([f"{low.score:.3f}" for low in lows])
        self._find(
            FindingKind.RESCORED_UNTIL_PASSED,
            Severity.WARNING if same else Severity.NOTICE,
            _events(event.task_id, *(low.event_id for low in lows), step.event_id),
            f"its output was scored again{by} until it passed, with no work in between: "
            f"{scores}, then {event.score:.3f}",
        )

    def _mark_done(self, step: Step, event: events.TaskStatusChanged) -> None:
        task = step.before.tasks.get(event.task_id)
        lows = self._lows.get(event.task_id)
        if task is None or not lows or step.before.passes(task):
            return
        without = "" if event.reason else ", without a reason"
        self._find(
            FindingKind.DONE_BY_HAND,
            Severity.NOTICE if event.reason else Severity.WARNING,
            _events(task.id, lows[-1].event_id, step.event_id),
            f"it was marked done by hand after its output was scored {lows[-1].score:.3f}{without}",
        )

    def _fail(self, step: Step) -> None:
        position = step.recorded.envelope.position
        if self._first_failure is None and position is not None:
            threshold = step.after.policy.confidence_threshold
            self._first_failure = Failure(self._plan_id, threshold, step.event_id, position)

    def _check_threshold(self, step: Step, task_id: str, confidence: float) -> None:
        if self._threshold_lowered or self._work is None or self._position is None:
            return
        threshold = step.after.policy.confidence_threshold
        earlier = self._failed.stricter(self._work, threshold, self._position)
        if earlier is None or reaches(confidence, earlier.threshold):
            return
        self._threshold_lowered = True
        self._find(
            FindingKind.THRESHOLD_LOWERED,
            Severity.WARNING,
            _events(task_id, earlier.event_id, f"{self._plan_id}@1", step.event_id),
            f"the work of plan {earlier.plan_id}, which failed at {earlier.threshold:.3f}, was "
            f"planned again at {threshold:.3f} and passed with {confidence:.3f}",
        )

    # --- over all events ---

    def _review_all(self) -> None:
        if number := self._unsupported.count:
            scores = "a score has" if number == 1 else f"{number:,} scores have"
            text = f"{scores} neither evidence nor rationale"
            self._find(FindingKind.UNSUPPORTED, Severity.NOTICE, self._unsupported, text)
        for (severity, name), shown_by in self._own.items():
            text = (
                f"{name} scored its own work"
                if severity is Severity.WARNING
                else f"{name} scored, and sent the command too; the worker is not known"
            )
            self._find(FindingKind.OWN_WORK, severity, shown_by, text)
        for (kind, sort, name), versions in self._versions.items():
            if len(versions.names) > 1:
                changes = _first(versions.names, ", then ")
                text = f"the {sort} {name} changed its version while scoring {kind}s: {changes}"
                shown_by = versions.shown_by
                self._find(FindingKind.SCORER_CHANGED, Severity.NOTICE, shown_by, text)
        for outcome in self._outcomes.newest():
            before = outcome.assessment
            rejected = outcome.outcome is Outcome.REJECTED
            if before.confidence is None or before.scored_by is None:
                continue
            if before.passes is rejected:
                passed = "had passed" if rejected else "had not passed"
                self._find(
                    FindingKind.OUTCOME_CONTRADICTS,
                    Severity.WARNING if rejected else Severity.NOTICE,
                    _events(outcome.task_id, before.scored_by, outcome.event_id),
                    f"it {passed} with {before.confidence:.3f}, and was {outcome.outcome}, "
                    f"says {outcome.source}",
                )

    def _find(self, kind: FindingKind, severity: Severity, shown_by: EventList, text: str) -> None:
        finding = Finding(
            kind=kind,
            severity=severity,
            plan_id=self._plan_id,
            task_id=shown_by.task_id,
            event_ids=tuple(shown_by.event_ids),
            event_count=shown_by.count,
            sentence=text,
        )
        self._found.append(finding)


def _events(task_id: str, *event_ids: str) -> EventList:
    shown_by = EventList()
    for event_id in event_ids:
        shown_by.add(event_id, task_id)
    return shown_by


def _order(finding: Finding) -> tuple[int, str, str]:
    """By the last named event, which is always one of the plan itself."""
    return version_of(finding.event_ids[-1]) or 0, finding.kind, finding.sentence


def _same(one: Scorer | None, other: Scorer | None) -> bool:
    return one is None or (other is not None and (one.kind, one.name) == (other.kind, other.name))


def _first(texts: Sequence[str], separator: str = ", ") -> str:
    more = "" if len(texts) <= _LISTED else f" and {len(texts) - _LISTED:,} more"
    return separator.join(texts[:_LISTED]) + more
