"""Find revisions after which the gate is open, and tasks that are begun over and over.

A low score counts no more once its task is dropped, split or replaced, and less once its
task, or one with a better score, is moved. Successors are judged afresh, so a split or a
replacement is a notice.
"""

from dataclasses import dataclass
from typing import Final

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
    first,
    severity_if,
)
from plangate.application.evidence.rescoring import rise
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import TaskStatus

_OVER_AND_OVER: Final = 3
"""How often a task is begun again until that is a finding."""

_ESCAPES: Final = frozenset({"dropped", "moved"})
"""After these no successor is judged instead."""

_BEGUN: Final = frozenset({TaskStatus.PENDING, TaskStatus.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class _Removal:
    """A low score that was taken out of the rolling confidence, or given less weight."""

    event_id: str
    task_id: str
    confidence: float
    how: str


@dataclass(slots=True)
class _Rounds:
    """How often one piece of work, its successors included, was begun again."""

    task_id: str
    restarts: EventList
    replans: EventList


class PlanChanges:
    """The revisions of one plan, and how often each of its tasks was begun again."""

    def __init__(self, found: PlanFindings) -> None:
        self._found = found
        self._base: Plan | None = None
        self._after: Plan | None = None
        self._removals: list[_Removal] = []
        self._lifted: list[_Removal] = []
        self._earlier: list[_Removal] = []
        self._rounds: dict[str, _Rounds] = {}
        self._early: dict[str, str] = {}

    # --- revisions ---

    def revised(self, step: Step) -> None:
        """A revision begins: remember the plan as it was."""
        self.end_revision()
        self._base, self._after = step.before, step.after

    def changed(self, step: Step, task_id: str, how: str) -> None:
        """One change of the revision."""
        self._after = step.after
        task = step.before.tasks.get(task_id)
        confidence = None if task is None else task.confidence(step.before.policy)
        if task is None or confidence is None:
            return
        removal = _Removal(step.event_id, task_id, confidence, how)
        if not step.before.passes(task):
            self._removals.append(removal)
        elif how == "moved":
            self._lifted.append(removal)

    def continued(self, step: Step) -> None:
        """Another change of the same revision."""
        self._after = step.after

    def end_revision(self) -> None:
        """Compare the plan before the revision with the plan after it."""
        base, after, removals = self._base, self._after, self._removals or self._lifted
        self._base = self._after = None
        self._removals, self._lifted = [], []
        if base is None or after is None or not removals:
            return
        if _is_open(base):
            self._forget_earlier()
        elif _is_open(after):
            self._opened(base, after, [*self._earlier, *removals])
            self._earlier.clear()
            return
        for one in removals:
            task = base.tasks.get(one.task_id)
            if one.how != "moved" and task is not None and _has_failed(task):
                self._earlier.append(one)

    def _forget_earlier(self) -> None:
        """Report the failed tasks that were dropped although that opened no gate."""
        for one in self._earlier:
            if one.how == "dropped":
                self._found.add(
                    FindingKind.LOW_SCORE_REMOVED,
                    Severity.NOTICE,
                    EventList.of(one.task_id, one.event_id),
                    f"it was dropped after it failed with {one.confidence:.3f}",
                )
        self._earlier.clear()

    def _opened(self, base: Plan, after: Plan, removals: list[_Removal]) -> None:
        shown_by = EventList.of_tasks((one.task_id, one.event_id) for one in removals)
        what = first([f"{one.task_id} ({one.confidence:.3f}) was {one.how}" for one in removals])
        left = " (no score is left)" if not any(after.scored()) else ""
        self._found.add(
            FindingKind.LOW_SCORE_REMOVED,
            severity_if(any(one.how in _ESCAPES for one in removals)),
            shown_by,
            f"the gate opened without a better score: {what}, and the rolling confidence rose "
            f"{rise(base, after)}{left}; the threshold is "
            f"{base.policy.confidence_threshold:.3f}",
        )

    # --- over and over ---

    def begun_again(self, step: Step, task_id: str) -> None:
        """A task begins another attempt, or is made pending or in progress by hand."""
        self._round(task_id).restarts.add(step.event_id, task_id)

    def moved(self, step: Step, event: events.TaskStatusChanged) -> None:
        """A result that is set aside by hand is begun again."""
        if event.new in _BEGUN and event.old not in _BEGUN:
            self.begun_again(step, event.task_id)

    def replan(self, step: Step, task_id: str) -> None:
        """A replan that was not due already."""
        if not step.before.replan_due:
            self._round(task_id).replans.add(step.event_id, task_id)

    def succeeded(self, step: Step, task_id: str, *successors: str) -> None:
        """A failed task was replaced: its successors continue the count."""
        task = step.before.tasks.get(task_id)
        rounds = self._round(task_id)
        if task is not None and _has_failed(task):
            rounds.restarts.add(step.event_id, task_id)
        self._rounds |= dict.fromkeys(successors, rounds)

    def _round(self, task_id: str) -> _Rounds:
        return self._rounds.setdefault(task_id, _Rounds(task_id, EventList(), EventList()))

    # --- out of order ---

    def settled(self, step: Step, task_id: str) -> None:
        """An output was scored, or a task is done by hand."""
        task = step.before.tasks.get(task_id)
        if task is None:
            return
        if step.before.unmet(task):
            self._early.setdefault(task_id, step.event_id)

    def released(self, step: Step, event: events.TaskChanged) -> None:
        """A task may wait no longer for one that failed."""
        task = step.before.tasks.get(event.task_id)
        if task is None or event.depends_on is None:
            return
        gone = set(task.depends_on) - set(event.depends_on)
        failed = [on for on in task.depends_on if on in gone and _is_low(step.before, on)]
        if failed:
            self._found.add(
                FindingKind.OUT_OF_ORDER,
                Severity.NOTICE,
                EventList.of(task.id, step.event_id),
                f"it was changed to wait no longer for {first(failed)}, which failed",
            )

    def finish(self) -> None:
        """End the last revision, and report what was counted."""
        self.end_revision()
        self._forget_earlier()
        for rounds in {id(rounds): rounds for rounds in self._rounds.values()}.values():
            more = max(rounds.restarts, rounds.replans, key=lambda shown_by: shown_by.count)
            if more.count >= _OVER_AND_OVER:
                what = "begun again" if more is rounds.restarts else "replanned"
                text = f"it was {what} {more.count:,} times"
                if more.task_id is None:
                    text = f"{rounds.task_id} and its successors were {what} {more.count:,} times"
                self._found.add(FindingKind.REPLANNED_REPEATEDLY, Severity.NOTICE, more, text)
        if self._early:
            what = "it was" if len(self._early) == 1 else f"{first(list(self._early))} were"
            text = f"{what} scored or done before what must be done first"
            shown_by = EventList.of_tasks(self._early.items())
            self._found.add(FindingKind.OUT_OF_ORDER, Severity.NOTICE, shown_by, text)


def _is_open(plan: Plan) -> bool:
    return reaches(plan.rolling_confidence, plan.policy.confidence_threshold)


def _is_low(plan: Plan, task_id: str) -> bool:
    task = plan.tasks.get(task_id)
    return task is not None and _has_failed(task)


def _has_failed(task: Task) -> bool:
    return task.status in {TaskStatus.FAILED, TaskStatus.REPLANNING}
