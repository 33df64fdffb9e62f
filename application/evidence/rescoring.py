"""Find scores that were asked for again until they passed.

A claim counts as work on a task: scores with no claim between them are of the same work.
A retry, a release, a change of the task, a new status by hand or a successor without a claim
says that work was meant, and makes a finding a notice. Retracted lows count as asked again
too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
    first,
    severity_if,
)
from plangate.application.evidence.findings_config import Names
from plangate.application.evidence.same_text import text_key
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.event_ids import event_id, version_of
from plangate.domain.judging import Judgement
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ScoreKind, Scorer


@dataclass(frozen=True, slots=True)
class LowScore:
    """An output score that did not let its task pass, or at which the gate fired.

    `settled` if the task failed by it; `fired` if the task passed, and the gate fired.
    """

    event_id: str
    score: float
    scorer: Scorer | None
    settled: bool = False
    fired: bool = False


@dataclass(slots=True)
class AttemptWork:
    """The low scores of a task since it was last claimed.

    `restarted` if it was begun again without a claim. `retracted` are the lows that were
    withdrawn, each with its retraction; `led_on` if one of them held up the task or the gate.
    """

    lows: list[LowScore] = field(default_factory=list)
    restarted: bool = False
    retracted: list[tuple[LowScore, str]] = field(default_factory=list)
    led_on: str | None = None

    @property
    def failed(self) -> list[LowScore]:
        """The lows that did not let the task pass."""
        return [low for low in self.lows if not low.fired]

    def retractions(self, *more: str) -> tuple[list[str], str]:
        """The ids of the retracted lows, each with its retraction, and of more; in words."""
        ids = [name for low, retraction in self.retracted for name in (low.event_id, retraction)]
        scores = first([f"{low.score:.3f}" for low, _ in self.retracted])
        was = "score {} was" if len(self.retracted) == 1 else "scores {} were"
        return [*ids, *more], f"its low {was.format(scores)} retracted"


class Rescoring:
    """The output scores of one plan's tasks, watched for second opinions."""

    def __init__(self, found: PlanFindings, names: Names) -> None:
        self._found = found
        self._names = names
        self._works: dict[str, AttemptWork] = {}
        self._dropped: dict[str, AttemptWork] = {}
        self._retracted_and_passed: list[tuple[EventList, str]] = []
        self._retracted = 0

    def work(self, task_id: str) -> AttemptWork:
        """What was scored low of a task since it was last claimed."""
        return self._works.get(task_id) or AttemptWork()

    # --- event by event ---

    def scored(self, step: Step, event: events.TaskScored) -> None:
        """Compare an output score, or a prompt score behind one, with the lows before it."""
        task = step.after.tasks.get(event.task_id)
        if task is None or task.missing_judges:
            return
        work = self._works.setdefault(task.id, AttemptWork())
        passes = step.after.passes(task)
        if event.kind is ScoreKind.PROMPT:
            if passes and work.failed and task.output_judgements:
                self._rescored(step, event, work, _score_that_counts(task, event))
        elif not passes:
            settled = event.mark_done is True
            score = _score_that_counts(task, event)
            work.lows.append(LowScore(step.event_id, score, event.scorer, settled))
        else:
            if work.failed or (work.lows and _is_open(step.after)):
                self._rescored(step, event, work, _score_that_counts(task, event))
            if work.retracted:
                self._passed_at_last(step, event, work)
            work.lows.clear()

    def fired(self, step: Step, event: events.ReplanTriggered) -> None:
        """Remember the score at which the gate fired although its task passed."""
        task = step.after.tasks.get(event.task_id)
        if task is not None and task.output_judgements and step.after.passes(task):
            score = task.output_judgements[0].score
            low = LowScore(event_id(step.after.plan_id, task.last_scored), score, None, fired=True)
            self._works.setdefault(task.id, AttemptWork()).lows.append(low)

    def retracted(self, step: Step, event: events.ScoreRetracted) -> None:
        """Move a retracted low aside, and see whether it held up the task or the gate."""
        work = self._works.setdefault(event.task_id, AttemptWork())
        gone = [low for low in work.lows if low.event_id == event.event_id]
        work.lows = [low for low in work.lows if low.event_id != event.event_id]
        work.retracted += [(low, step.event_id) for low in gone]
        task, before = step.after.tasks.get(event.task_id), step.before.tasks.get(event.task_id)
        if task is None or before is None:
            return
        if step.after.passes(task) and not step.before.passes(before):
            work.led_on = "it passes without it"
        elif not _is_open(step.before) and _is_open(step.after):
            work.led_on = "the rolling confidence rose " + rise(step.before, step.after)
        if work.led_on and not gone:
            score = _score_of(before.judgements(event.kind), version_of(event.event_id))
            work.retracted.append((LowScore(event.event_id, score, None), step.event_id))

    def claimed(self, task_id: str) -> None:
        """A worker has the task now: earlier scores are of earlier work."""
        if work := self._works.pop(task_id, None):
            self._end(task_id, work)

    def restarted(self, task_id: str) -> None:
        """The task begins again, or is another now; nothing says yet who works on it."""
        if task_id in self._works:
            self._works[task_id].restarted = True

    def succeeded(self, task_id: str, successors: Iterable[str]) -> None:
        """A task was replaced with others: they inherit its lows."""
        work = self._works.pop(task_id, None)
        if work is None:
            return
        self._end(task_id, work)
        for successor in successors:
            self._works[successor] = AttemptWork(list(work.lows), restarted=True)

    def dropped(self, step: Step, task_id: str) -> None:
        """A dropped task may come back under another id."""
        work, task = self._works.pop(task_id, None), step.before.tasks.get(task_id)
        if work is None:
            return
        self._end(task_id, work)
        if task is not None and task.title is not None and work.lows:
            self._dropped[text_key(task.title)] = AttemptWork(work.lows, restarted=True)

    def added(self, task: events.PlannedTask) -> None:
        """A task with the title of a dropped one is the same work."""
        work = self._dropped.pop(text_key(task.title or ""), None)
        if work is not None:
            self._works[task.id] = work

    def finish(self) -> None:
        """Report what depends on the whole plan."""
        for task_id, work in self._works.items():
            self._end(task_id, work)
        severity = severity_if(self._retracted > 1)
        for shown_by, text in self._retracted_and_passed:
            self._found.add(FindingKind.LOW_RETRACTED, severity, shown_by, text)

    # --- what is found ---

    def _rescored(
        self, step: Step, event: events.TaskScored, work: AttemptWork, score: float
    ) -> None:
        lows = work.failed or work.lows
        same = event.scorer is None or any(self._same(low.scorer, event.scorer) for low in lows)
        by = "" if same else " by another scorer"
        what = "its output" if event.kind is ScoreKind.OUTPUT else "its instruction"
        until = "it passed" if work.failed else "the gate opened"
        between = "begun again but not claimed" if work.restarted else "no work"
        scores = first([f"{low.score:.3f}" for low in lows])
        settled = any(low.settled for low in lows) and bool(work.failed)
        certain = same and settled and not work.restarted and event.kind is ScoreKind.OUTPUT
        self._found.add(
            FindingKind.RESCORED_UNTIL_PASSED,
            severity_if(certain),
            EventList.of(event.task_id, *(low.event_id for low in lows), step.event_id),
            f"{what} was scored again{by} until {until}, with {between} in between: "
            f"{scores}, then {score:.3f}",
        )
        work.lows.clear()

    def _passed_at_last(self, step: Step, event: events.TaskScored, work: AttemptWork) -> None:
        ids, retracted = work.retractions(step.event_id)
        text = f"{retracted}, and it passed with {event.score:.3f}, with no claim in between"
        self._retracted_and_passed.append((EventList.of(event.task_id, *ids), text))
        self._retracted += len(work.retracted)
        work.retracted.clear()
        work.led_on = None

    def _end(self, task_id: str, work: AttemptWork) -> None:
        if work.led_on is None or not work.retracted:
            return
        ids, retracted = work.retractions()
        text = f"{retracted}, and {work.led_on}"
        shown_by = EventList.of(task_id, *ids)
        self._found.add(FindingKind.LOW_RETRACTED, Severity.NOTICE, shown_by, text)

    def _same(self, one: Scorer | None, other: Scorer | None) -> bool:
        if one is None or other is None:
            return one is None
        return one.kind == other.kind and self._names.same(one.name, other.name)


def rise(before: Plan, after: Plan) -> str:
    """How the rolling confidence rose, as in `from 0.578 to 0.900`."""
    return f"from {before.rolling_confidence:.3f} to {after.rolling_confidence:.3f}"


def _score_that_counts(task: Task, event: events.TaskScored) -> float:
    """What a task's judges make together, from this score on; by one judge, the score."""
    counts = task.prompt_score if event.kind is ScoreKind.PROMPT else task.output_score
    return event.score if counts is None else counts


def _score_of(judgements: Iterable[Judgement], version: int | None) -> float:
    return next((one.score for one in judgements if one.version == version), 0.0)


def _is_open(plan: Plan) -> bool:
    return reaches(plan.rolling_confidence, plan.gate.threshold(plan.policy))
