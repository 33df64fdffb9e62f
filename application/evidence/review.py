"""One plan looked through for what deserves a second look, as its events go by.

The work on a task is taken to have changed when it was claimed, given back, described
anew or given another attempt; judgements with none of that between them are of the
same work.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, assert_never

from plangate.application.evidence.finding import Finding, FindingKind, Severity, Shown
from plangate.application.evidence.outcomes import Outcomes
from plangate.application.evidence.same_work import FailedWork, Failure, WorkKey, work_of
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.event_ids import version_of
from plangate.domain.events import TaskScored, TaskStatusChanged
from plangate.domain.vocabulary import Outcome, ScoreKind, Scorer, StatusCause, TaskStatus

_AT_WORK: Final = {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}


@dataclass(slots=True)
class _Low:
    """A judgement of the work as it is that did not let the task pass."""

    event_id: str
    score: float
    scorer: Scorer | None
    settled: bool


@dataclass(slots=True)
class _Versions:
    """The versions a scorer had, in turn, each with the first event of it."""

    shown: Shown = field(default_factory=Shown)
    names: list[str] = field(default_factory=list)


class PlanUnderReview:
    """What was found in a plan so far. `failed` is what other plans are known to have failed at."""

    def __init__(self, plan_id: str, failed: FailedWork) -> None:
        self._plan_id = plan_id
        self._failed = failed
        self._work: WorkKey | None = None
        self._position: int | None = None
        self._first_failure: Failure | None = None
        self._passed_by_less: Finding | None = None
        self._lows: dict[str, list[_Low]] = {}
        self._own: dict[tuple[Severity, str], Shown] = {}
        self._unsupported = Shown()
        self._versions: dict[tuple[ScoreKind, str, str], _Versions] = {}
        self._outcomes = Outcomes()
        self._found: list[Finding] = []

    def look(self, step: Step) -> None:  # noqa: C901  (a branch an event)
        """Take in one more event."""
        event = step.recorded.event
        self._outcomes.note(step)
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
                self._unsupported = Shown()  # whether they had a rationale is no longer known
            case (
                events.ScoringFailed()
                | events.OutcomeRecorded()
                | events.LeaseRenewed()
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

    def findings(self) -> list[Finding]:
        """All that was found, in the order of the events that completed it."""
        if self._work is not None and self._first_failure is not None:
            self._failed.note(self._work, self._first_failure)
        found = [*self._found, *self._of_the_whole()]
        if self._passed_by_less is not None:
            found.append(self._passed_by_less)
        return sorted(found, key=_place)

    # --- while the events go by ---

    def _score(self, step: Step, event: TaskScored) -> None:
        if not event.evidence and not (event.rationale or "").strip():
            self._unsupported.by(step.event_id, event.task_id)
        if event.scorer is not None:
            self._see_who(step, event, event.scorer)
        if event.kind is ScoreKind.OUTPUT:
            self._judge(step, event)

    def _see_who(self, step: Step, event: TaskScored, scorer: Scorer) -> None:
        task = step.before.tasks.get(event.task_id)
        worker = task.claim.worker if task is not None and task.claim is not None else None
        if scorer.name == worker:
            key = (Severity.WARNING, scorer.name)
            self._own.setdefault(key, Shown()).by(step.event_id, event.task_id)
        elif worker is None and scorer.name == step.recorded.envelope.actor:
            key = (Severity.NOTICE, scorer.name)
            self._own.setdefault(key, Shown()).by(step.event_id, event.task_id)
        if scorer.version is not None:
            known = self._versions.setdefault((event.kind, scorer.kind, scorer.name), _Versions())
            if known.names[-1:] != [scorer.version]:
                known.names.append(scorer.version)
                known.shown.by(step.event_id, event.task_id)

    def _judge(self, step: Step, event: TaskScored) -> None:
        task = step.after.tasks.get(event.task_id)
        if task is None:
            return
        lows = self._lows.setdefault(task.id, [])
        if not step.after.passes(task):
            low = _Low(step.event_id, event.score, event.scorer, event.mark_done is True)
            lows.append(low)
            if low.settled:
                self._fail(step)
            return
        if any(low.settled for low in lows):
            self._found.append(self._rescored(step, event, [low for low in lows if low.settled]))
        lows.clear()
        self._see_threshold(step, task.id, task.confidence(step.after.policy) or 0.0)

    def _rescored(self, step: Step, event: TaskScored, lows: list[_Low]) -> Finding:
        same = event.scorer is None or any(_same(low.scorer, event.scorer) for low in lows)
        scores = [f"{low.score:.3f}" for low in lows]
        by = "" if same else " by another scorer"
        shown = Shown()
        for name in (*(low.event_id for low in lows), step.event_id):
            shown.by(name, event.task_id)
        return self._finding(
            FindingKind.RESCORED_UNTIL_PASSED,
            Severity.WARNING if same else Severity.NOTICE,
            shown,
            f"its output was judged again{by} until it passed, with no work in between: "
            f"{_few(scores)}, then {event.score:.3f}",
        )

    def _mark_done(self, step: Step, event: TaskStatusChanged) -> None:
        task = step.before.tasks.get(event.task_id)
        lows = self._lows.get(event.task_id)
        if task is None or not lows or step.before.passes(task):
            return
        shown = Shown().by(lows[-1].event_id, task.id).by(step.event_id, task.id)
        because = "" if event.reason else ", and nobody said why"
        self._found.append(
            self._finding(
                FindingKind.DONE_BY_HAND,
                Severity.NOTICE if event.reason else Severity.WARNING,
                shown,
                f"it was marked done by hand after its output was judged "
                f"{lows[-1].score:.3f}{because}",
            )
        )

    def _fail(self, step: Step) -> None:
        position = step.recorded.envelope.position
        if self._first_failure is None and position is not None:
            threshold = step.after.policy.confidence_threshold
            self._first_failure = Failure(self._plan_id, threshold, step.event_id, position)

    def _see_threshold(self, step: Step, task_id: str, confidence: float) -> None:
        if self._passed_by_less or self._work is None or self._position is None:
            return
        threshold = step.after.policy.confidence_threshold
        earlier = self._failed.stricter(self._work, threshold, self._position)
        if earlier is None or reaches(confidence, earlier.threshold):
            return
        shown = Shown().by(earlier.event_id, task_id).by(f"{self._plan_id}@1", task_id)
        self._passed_by_less = self._finding(
            FindingKind.THRESHOLD_LOWERED,
            Severity.WARNING,
            shown.by(step.event_id, task_id),
            f"the work of plan {earlier.plan_id}, which failed at {earlier.threshold:.3f}, was "
            f"planned again at {threshold:.3f} and passed with {confidence:.3f}",
        )

    # --- once they have all gone by ---

    def _of_the_whole(self) -> Iterator[Finding]:
        if self._unsupported.count:
            number = self._unsupported.count
            scores = "a score has" if number == 1 else f"{number:,} scores have"
            said = f"{scores} neither evidence nor rationale"
            yield self._finding(FindingKind.UNSUPPORTED, Severity.NOTICE, self._unsupported, said)
        for (severity, name), shown in self._own.items():
            said = (
                f"{name} judged work of its own"
                if severity is Severity.WARNING
                else f"{name} judged, and had it recorded too; who did the work is not known"
            )
            yield self._finding(FindingKind.OWN_WORK, severity, shown, said)
        for (kind, sort, name), versions in self._versions.items():
            if len(versions.names) > 1:
                said = (
                    f"the {sort} {name} changed its version while judging {kind}s: "
                    f"{_few(versions.names, ', then ')}"
                )
                yield self._finding(
                    FindingKind.SCORER_CHANGED, Severity.NOTICE, versions.shown, said
                )
        yield from self._contradictions()

    def _contradictions(self) -> Iterator[Finding]:
        for told in self._outcomes.counting():
            confidence, scored_by = told.standing.confidence, told.standing.scored_by
            rejected = told.outcome is Outcome.REJECTED
            if confidence is None or scored_by is None or told.standing.passes is not rejected:
                continue
            passed = "had passed" if rejected else "had not passed"
            yield self._finding(
                FindingKind.OUTCOME_CONTRADICTS,
                Severity.WARNING if rejected else Severity.NOTICE,
                Shown().by(scored_by, told.task_id).by(told.event_id, told.task_id),
                f"it {passed} with {confidence:.3f}, and was {told.outcome}, says {told.source}",
            )

    def _finding(self, kind: FindingKind, severity: Severity, shown: Shown, said: str) -> Finding:
        return Finding(
            kind=kind,
            severity=severity,
            plan_id=self._plan_id,
            task_id=shown.task_id,
            event_ids=tuple(shown.event_ids),
            event_count=shown.count,
            sentence=said,
        )


def _place(finding: Finding) -> tuple[int, str, str]:
    """By the last named event, which is one of the plan itself."""
    return version_of(finding.event_ids[-1]) or 0, finding.kind, finding.sentence


def _same(one: Scorer | None, other: Scorer | None) -> bool:
    return one is None or (other is not None and (one.kind, one.name) == (other.kind, other.name))


def _few(words: list[str], between: str = ", ") -> str:
    """The first few of them."""
    most = 5
    more = "" if len(words) <= most else f" and {len(words) - most:,} more"
    return between.join(words[:most]) + more
