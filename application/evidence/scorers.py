"""Find scores that say little: by the worker, without grounds, outside their range, failed."""

from dataclasses import dataclass, field
from typing import Final

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
    first,
    severity_if,
)
from plangate.application.evidence.findings_config import Names
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.vocabulary import ScoreKind, Scorer, ScorerKind

_ROUNDING: Final = 1e-6
"""A score this little beyond its scale is a rounding error of the judge."""

_OFTEN: Final = 3
"""So many failures are often, if they are a quarter of a judge's attempts."""


@dataclass(slots=True)
class _Versions:
    """The versions of a scorer in order, with the first event of each."""

    shown_by: EventList = field(default_factory=EventList)
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Attempts:
    """How often a judge scored and failed."""

    name: str
    scores: int = 0
    failures: EventList = field(default_factory=EventList)


@dataclass(slots=True)
class _Clamped:
    """A score outside its range."""

    task_id: str
    given: float
    score: float
    raised: bool


class Scorers:
    """Who scored one plan, and on what grounds."""

    def __init__(self, found: PlanFindings, names: Names) -> None:
        self._found = found
        self._names = names
        self._workers: dict[str, str] = {}
        self._all_workers: set[str] = set()
        self._own: dict[tuple[Severity, str, str], EventList] = {}
        self._unsupported = EventList()
        self._versions: dict[tuple[ScoreKind, str, str], _Versions] = {}
        self._attempts: dict[str, _Attempts] = {}
        self._clamped: dict[str, _Clamped] = {}

    def claimed(self, event: events.TaskStatusChanged) -> None:
        """Remember the worker beyond the claim: a released task was still their work."""
        if event.worker is None:
            self._workers.pop(event.task_id, None)
        else:
            self._workers[event.task_id] = event.worker
            self._all_workers.add(self._names.key(event.worker))

    def succeeded(self, task_id: str, *successors: str) -> None:
        """A successor is the work of the same worker until it is claimed."""
        worker = self._workers.get(task_id)
        if worker is not None:
            self._workers |= dict.fromkeys(successors, worker)

    def scored(self, step: Step, event: events.TaskScored) -> None:
        """Look at who scored, and on what grounds."""
        if not event.evidence and not (event.rationale or "").strip():
            self._unsupported.add(step.event_id, event.task_id)
        if event.clamped and event.raw_score is not None:
            high = event.scale[1] if event.scale else 1.0
            raised = event.raw_score > high + _ROUNDING * max(1.0, abs(high))
            given = _Clamped(event.task_id, event.raw_score, event.score, raised)
            self._clamped[step.event_id] = given
        self._tried(event.scorer).scores += 1
        self._whose(step, event)
        scorer = event.scorer
        if scorer is not None and scorer.version is not None:
            known = self._versions.setdefault((event.kind, scorer.kind, scorer.name), _Versions())
            if known.names[-1:] != [scorer.version]:
                known.names.append(scorer.version)
                known.shown_by.add(step.event_id, event.task_id)

    def failed(self, step: Step, event: events.ScoringFailed) -> None:
        """Count a failure of a judge."""
        self._tried(event.scorer).failures.add(step.event_id, event.task_id)

    def retracted(self, event: events.ScoreRetracted) -> None:
        """A score outside its range that was retracted does no harm."""
        self._clamped.pop(event.event_id, None)

    def erased(self) -> None:
        """A rationale may have been erased."""
        self._unsupported = EventList()

    def _whose(self, step: Step, event: events.TaskScored) -> None:
        worker, actor = self._workers.get(event.task_id), step.recorded.envelope.actor
        scorer, same = event.scorer, self._names.same
        by = None
        if scorer is None:
            if same(worker, actor):
                by = Severity.NOTICE, actor, "sent the score of its own work; no scorer was named"
        elif same(scorer.name, worker):
            program = scorer.kind is ScorerKind.CODE
            by = severity_if(not program), scorer.name, "scored its own work"
        elif worker is None and scorer.kind is not ScorerKind.CODE:
            if same(scorer.name, actor):
                how = "scored, and sent the command too; the worker is not known"
                by = Severity.NOTICE, scorer.name, how
            elif self._names.key(scorer.name) in self._all_workers:
                how = "scored, and works on this plan too; the worker is not known"
                by = Severity.NOTICE, scorer.name, how
        if by is not None:
            severity, name, how = by
            own = self._own.setdefault((severity, name or "", how), EventList())
            own.add(step.event_id, event.task_id)

    def _tried(self, scorer: Scorer | None) -> _Attempts:
        key = "" if scorer is None else f"{scorer.kind} {self._names.key(scorer.name)}"
        name = "the judge" if scorer is None else f"the {scorer.kind} {scorer.name}"
        return self._attempts.setdefault(key, _Attempts(name))

    # --- over all events ---

    def finish(self) -> None:
        """Report what was collected."""
        if number := self._unsupported.count:
            scores = "a score has" if number == 1 else f"{number:,} scores have"
            text = f"{scores} neither evidence nor rationale"
            self._found.add(FindingKind.UNSUPPORTED, Severity.NOTICE, self._unsupported, text)
        for (severity, name, how), shown_by in self._own.items():
            self._found.add(FindingKind.OWN_WORK, severity, shown_by, f"{name} {how}")
        for (kind, sort, name), versions in self._versions.items():
            if len(versions.names) > 1:
                changes = first(versions.names, ", then ")
                text = f"the {sort} {name} changed its version while scoring {kind}s: {changes}"
                shown_by = versions.shown_by
                self._found.add(FindingKind.SCORER_CHANGED, Severity.NOTICE, shown_by, text)
        for attempts in self._attempts.values():
            self._fails_often(attempts)
        for raised in (True, False):
            self._outside(raised=raised)

    def _fails_often(self, attempts: _Attempts) -> None:
        failures, scores = attempts.failures.count, attempts.scores
        each_time = failures > 1 and not scores
        if each_time or (failures >= _OFTEN and failures * 4 >= failures + scores):
            self._found.add(
                FindingKind.SCORER_FAILS,
                Severity.NOTICE,
                attempts.failures,
                f"{attempts.name} failed {failures:,} of {failures + scores:,} times",
            )

    def _outside(self, *, raised: bool) -> None:
        """A score above its range counts for more than it may be worth; one below does not."""
        shown_by, scores = EventList(), []
        for event_id, clamped in self._clamped.items():
            if clamped.raised is raised:
                shown_by.add(event_id, clamped.task_id)
                scores.append(f"{clamped.given:g} as {clamped.score:g}")
        if scores:
            count = "a score is" if len(scores) == 1 else f"{len(scores):,} scores are"
            text = f"{count} outside the range, and counted otherwise than given: {first(scores)}"
            self._found.add(FindingKind.OUT_OF_RANGE, severity_if(raised), shown_by, text)
