"""Find tasks that are done although their output failed, or was never judged."""

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
from plangate.domain.vocabulary import ScoreKind, StatusCause, TaskStatus

_BY_HAND = {StatusCause.MARKED: "marked done", StatusCause.APPROVED: "accepted by an approval"}


class DoneTasks:
    """How the tasks of one plan became done."""

    def __init__(self, found: PlanFindings, rescoring: Rescoring) -> None:
        self._found = found
        self._rescoring = rescoring
        self._unjudged: dict[str, tuple[Severity, str, str]] = {}
        self._failed_later: dict[str, tuple[str, float]] = {}

    def moved(self, step: Step, event: events.TaskStatusChanged) -> None:
        """Look at a task that was made done by hand; one that is not done is no finding."""
        self._failed_later.pop(event.task_id, None)
        self._unjudged.pop(event.task_id, None)
        task = step.before.tasks.get(event.task_id)
        how = _BY_HAND.get(event.cause)
        if task is None or how is None or event.new is not TaskStatus.DONE:
            return
        severity = severity_if(not event.reason and event.cause is StatusCause.MARKED)
        work = self._rescoring.work(task.id)
        if not task.output_judgements:
            self._unjudged[task.id] = severity, step.event_id, how
        elif step.before.passes(task):
            pass
        elif work.failed and not work.restarted:
            self._by_hand(step, event, work.failed[-1].event_id, work.failed[-1].score)
        else:
            self._unjudged[task.id] = severity, step.event_id, how

    def scored(self, step: Step, event: events.TaskScored) -> None:
        """An output score judges what was done before it."""
        if event.kind is not ScoreKind.OUTPUT:
            return
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
            self._unjudged.setdefault(task.id, (Severity.NOTICE, step.event_id, how))

    def finish(self) -> None:
        """Report the tasks that are done without a judgement, and those that failed later."""
        for severity in Severity:
            shown_by, tasks = EventList(), []
            for task_id, (its, event_id, how) in self._unjudged.items():
                if its is severity:
                    shown_by.add(event_id, task_id)
                    tasks.append((task_id, how))
            if tasks:
                self._found.add(FindingKind.DONE_UNJUDGED, severity, shown_by, _unjudged(tasks))
        for task_id, (event_id, score) in self._failed_later.items():
            self._found.add(
                FindingKind.DONE_BY_HAND,
                Severity.NOTICE,
                EventList.of(task_id, event_id),
                f"it stayed done although its output was then scored {score:.3f}",
            )

    def _by_hand(self, step: Step, event: events.TaskStatusChanged, low: str, score: float) -> None:
        accepted = event.cause is StatusCause.APPROVED
        how = "accepted by an approval" if accepted else "marked done by hand"
        without = "" if event.reason or accepted else ", without a reason"
        self._found.add(
            FindingKind.DONE_BY_HAND,
            severity_if(without),
            EventList.of(event.task_id, low, step.event_id),
            f"it was {how} after its output was scored {score:.3f}{without}",
        )


def _unjudged(tasks: list[tuple[str, str]]) -> str:
    if len(tasks) == 1:
        ((_, how),) = tasks
        return f"it was {how}, and its output was not judged"
    names = first([task_id for task_id, _ in tasks])
    return f"{len(tasks):,} tasks are done by hand, and their outputs were not judged: {names}"
