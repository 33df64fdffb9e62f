"""Find scores that say little: by the worker, without grounds, outside their range, failed."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

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
class _Attempts:
    """How often a judge scored and failed."""

    name: str
    scores: int = 0
    failures: EventList = field(default_factory=EventList)


class _Clamped(NamedTuple):
    """A score outside its range."""

    task_id: str
    text: str
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
        self._versions: dict[tuple[ScoreKind, str, str], tuple[list[str], EventList]] = {}
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
            text = f"{event.raw_score:g} as {event.score:g}"
            self._clamped[step.event_id] = _Clamped(event.task_id, text, raised)
        self._tried(event.scorer).scores += 1
        self._whose(step, event)
        scorer = event.scorer
        if scorer is not None and scorer.version is not None:
            key = event.kind, scorer.kind, scorer.name
            versions, shown_by = self._versions.setdefault(key, ([], EventList()))
            if versions[-1:] != [scorer.version]:
                versions.append(scorer.version)
                shown_by.add(step.event_id, event.task_id)

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
        for (kind, sort, name), (versions, shown_by) in self._versions.items():
            if len(versions) > 1:
                changes = first(versions, ", then ")
                text = f"the {sort} {name} changed its version while scoring {kind}s: {changes}"
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
        outside = {name: one for name, one in self._clamped.items() if one.raised is raised}
        shown_by = EventList.of_tasks((one.task_id, name) for name, one in outside.items())
        scores = [one.text for one in outside.values()]
        if scores:
            count = "a score is" if len(scores) == 1 else f"{len(scores):,} scores are"
            text = f"{count} outside the range, and counted otherwise than given: {first(scores)}"
            self._found.add(FindingKind.OUT_OF_RANGE, severity_if(raised), shown_by, text)
