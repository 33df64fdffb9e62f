"""What imports recorded of a plan, whatever else happened to it: the source as it was then."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from plangate.application.recorded_event import RecordedEvent
from plangate.domain import events, task_changes
from plangate.domain.judging import Judgement
from plangate.domain.task import Deferral, Task
from plangate.domain.values import changed

IMPORT_KEY: Final = "import-"
"""What the idempotency keys of imports begin with."""


@dataclass(slots=True)
class FormerSource:
    """The tasks as imports recorded them, in their order, and the versions of their scores."""

    tasks: dict[str, Task] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    scores: set[int] = field(default_factory=set)
    _here: list[str] = field(default_factory=list)
    """All tasks of the plan, in its order."""

    @classmethod
    def of(cls, recorded: Iterable[RecordedEvent]) -> "FormerSource":
        """What the imports among these events recorded."""
        found = cls()
        by_import, first = False, ""
        for one in recorded:
            envelope = one.envelope
            if envelope.causation_id is None or envelope.causation_id != first:
                first = envelope.event_id
                by_import = (envelope.idempotency_key or "").startswith(IMPORT_KEY)
            found._follow(one.event)
            if by_import:
                found._apply(one.event, envelope.version)
        return found

    def _follow(self, event: events.PlanEvent) -> None:
        """Keep the order of the plan, with all changes to it."""
        match event:
            case events.PlanCreated():
                self._here = [task.id for task in event.tasks]
            case events.TaskAdded():
                self._insert(event.task.id, event.before)
            case events.TaskMoved():
                self._here.remove(event.task_id)
                self._insert(event.task_id, event.before)
            case events.TaskDropped():
                self._here.remove(event.task_id)
            case events.TaskSplit():
                self._replace(event.task_id, [task.id for task in event.into])
            case events.TaskReplaced():
                self._replace(event.task_id, [event.by.id])
            case _:
                pass  # all else leaves the order as it is

    def _insert(self, task_id: str, before: str | None) -> None:
        at = len(self._here) if before is None else self._here.index(before)
        self._here.insert(at, task_id)

    def _replace(self, task_id: str, by: list[str]) -> None:
        at = self._here.index(task_id)
        self._here[at : at + 1] = by

    def _apply(  # noqa: C901  (a branch an event)
        self, event: events.PlanEvent, version: int
    ) -> None:
        tasks = self.tasks
        match event:
            case events.PlanCreated():
                tasks.update({task.id: Task.planned(task) for task in event.tasks})
                self.order = list(tasks)
            case events.TaskAdded():
                tasks[event.task.id] = Task.planned(event.task)
                self._put(event.task.id)
            case events.TaskDropped():
                tasks.pop(event.task_id, None)
                self.order = [one for one in self.order if one != event.task_id]
            case events.TaskMoved(task_id=task_id) if task_id in tasks:
                self.order.remove(task_id)
                self._put(task_id)
            case events.TaskChanged(task_id=task_id) if task_id in tasks:
                self._alter(task_id, task_changes.change, event)
            case events.TaskStatusChanged(task_id=task_id) if task_id in tasks:
                self._alter(task_id, task_changes.move, event, version)
            case events.TaskDeferred(task_id=task_id) if task_id in tasks:
                deferral = Deferral(event.reason, event.until)
                self._alter(task_id, task_changes.defer, deferral)
            case events.TaskUndeferred(task_id=task_id) if task_id in tasks:
                self._alter(task_id, task_changes.defer, None)
            case events.TaskScored():
                self.scores.add(version)
                if event.task_id in tasks:
                    judgement = Judgement(event.score, version)
                    self._alter(event.task_id, task_changes.add_judgement, event.kind, judgement)
            case _:
                pass  # what else an import brought about says nothing of the source's tasks

    def _put(self, task_id: str) -> None:
        """Put a task behind the one of the source that it came behind in the plan."""
        ahead = reversed(self._here[: self._here.index(task_id)])
        behind = next((one for one in ahead if one in self.tasks), None)
        self.order.insert(0 if behind is None else self.order.index(behind) + 1, task_id)

    def _alter(self, task_id: str, change: Callable[..., None], *facts: object) -> None:
        self.tasks[task_id] = copy = changed(self.tasks[task_id])
        change(copy.__dict__, *facts)
