"""Find tasks that are done although their output failed, or was never judged.

A task that is done without a judgement is a notice, and a warning once that let something
through: a task that waits for it went on, or a plan of several tasks is complete and no
output was judged. A reason makes it a notice again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
    first,
    severity_if,
)
from plangate.application.evidence.rescoring import Rescoring
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScoreKind, StatusCause, TaskStatus

_BY_HAND = {StatusCause.MARKED: "marked done", StatusCause.APPROVED: "accepted by an approval"}


@dataclass(slots=True)
class _Unjudged:
    """A task that is done without a judgement of its output."""

    event_id: str
    how: str
    explained: bool
    led_on: bool = False


class DoneTasks:
    """How the tasks of one plan became done."""

    def __init__(self, found: PlanFindings, rescoring: Rescoring) -> None:
        self._found = found
        self._rescoring = rescoring
        self._unjudged: dict[str, _Unjudged] = {}
        self._plan: Plan | None = None
        self._judged = False
        self._failed_later: dict[str, tuple[str, float]] = {}

    def moved(self, step: Step, event: events.TaskStatusChanged) -> None:
        """Look at a task that was made done by hand; forget what was seen of it before."""
        self._plan = step.after
        self._failed_later.pop(event.task_id, None)
        self._unjudged.pop(event.task_id, None)
        if event.cause is StatusCause.CLAIMED:
            self._go_on(step, event.task_id)
        task = step.before.tasks.get(event.task_id)
        how = _BY_HAND.get(event.cause)
        if task is None or how is None or event.new is not TaskStatus.DONE:
            return
        explained = bool(event.reason) or event.cause is StatusCause.APPROVED
        unjudged = _Unjudged(step.event_id, how, explained)
        work = self._rescoring.work(task.id)
        if not task.output_judgements:
            self._unjudged[task.id] = unjudged
        elif not step.before.passes(task):
            if work.failed and not work.restarted:
                self._by_hand(step, event, work.failed[-1].event_id, work.failed[-1].score)
            else:
                self._unjudged[task.id] = unjudged

    def scored(self, step: Step, event: events.TaskScored) -> None:
        """An output score judges what was done before it."""
        if event.kind is not ScoreKind.OUTPUT:
            return
        self._judged = True
        self._go_on(step, event.task_id)
        self._unjudged.pop(event.task_id, None)
        self._failed_later.pop(event.task_id, None)
        task = step.after.tasks.get(event.task_id)
        if task is not None and task.status is TaskStatus.DONE and not step.after.passes(task):
            self._failed_later[task.id] = step.event_id, event.score

    def retracted(self, step: Step, event: events.ScoreRetracted) -> None:
        """A task may lose the score by which it became done."""
        self._failed_later.pop(event.task_id, None)
        task = step.after.tasks.get(event.task_id)
        done = task is not None and task.status is TaskStatus.DONE
        if task is not None and done and not task.output_judgements:
            how = "left done when its output score was retracted"
            self._unjudged.setdefault(task.id, _Unjudged(step.event_id, how, explained=True))

    def finish(self) -> None:
        """Report the tasks that are done without a judgement, and those that failed later."""
        whole = not self._judged and self._is_complete()
        groups: dict[Severity, dict[str, _Unjudged]] = {}
        for task_id, one in self._unjudged.items():
            severity = severity_if(not one.explained and (one.led_on or whole))
            groups.setdefault(severity, {})[task_id] = one
        for severity, tasks in groups.items():
            shown_by = EventList.of_tasks((task, one.event_id) for task, one in tasks.items())
            self._found.add(FindingKind.DONE_UNJUDGED, severity, shown_by, _sentence(tasks))
        for task_id, (event_id, score) in self._failed_later.items():
            self._found.add(
                FindingKind.DONE_BY_HAND,
                Severity.NOTICE,
                EventList.of(task_id, event_id),
                f"it stayed done although its output was then scored {score:.3f}",
            )

    def _go_on(self, step: Step, task_id: str) -> None:
        """A task is worked on or judged: those it waits for let it through."""
        task = step.before.tasks.get(task_id)
        for on in task.depends_on if task is not None else ():
            if on in self._unjudged:
                self._unjudged[on].led_on = True

    def _is_complete(self) -> bool:
        plan = self._plan
        if plan is None or len(plan.order) < 2:  # noqa: PLR2004  (a plan of several tasks)
            return False
        return all(task.status is TaskStatus.DONE for task in plan)

    def _by_hand(self, step: Step, event: events.TaskStatusChanged, low: str, score: float) -> None:
        accepted = event.cause is StatusCause.APPROVED
        how = _BY_HAND[event.cause] + ("" if accepted else " by hand")
        without = "" if event.reason or accepted else ", without a reason"
        self._found.add(
            FindingKind.DONE_BY_HAND,
            severity_if(without),
            EventList.of(event.task_id, low, step.event_id),
            f"it was {how} after its output was scored {score:.3f}{without}",
        )


def _sentence(tasks: Mapping[str, _Unjudged]) -> str:
    if len(tasks) == 1:
        (one,) = tasks.values()
        return f"it was {one.how}, without an output score that counts"
    names = first(list(tasks))
    return f"{len(tasks):,} tasks are done by hand, without output scores that count: {names}"
