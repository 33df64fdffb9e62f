"""Knows a plan again that an earlier version imported, where its source is as it was then.

Earlier versions read Task Master by narrower rules: they left deferred tasks out, knew fewer
statuses and priorities, and kept no source. What they made of a file is compared with the plan,
so that a file that is as it was brings only the tasks that were left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plangate.application.recorded_event import RecordedEvent
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import TaskStatus

_KEY: Final = re.compile(r"import-[a-z]+-[0-9a-f]{32}-\d+")
"""An idempotency key of an import of earlier versions."""

_PRIORITIES: Final = {"high": 1, "medium": 0, "low": -1}
_STATUSES: Final[Mapping[str, TaskStatus]] = {
    "pending": TaskStatus.PENDING,
    "in-progress": TaskStatus.IN_PROGRESS,
    "done": TaskStatus.DONE,
}
_NEAREST: Final[Mapping[str, TaskStatus]] = {
    "review": TaskStatus.IN_PROGRESS,
    "completed": TaskStatus.DONE,
}
_OTHERWISE: Final = {"taskmaster_status", "subtasks"}
"""What earlier versions kept in the metadata of other tasks than this one does."""
_LEFT_OUT: Final = {"cancelled", "deferred"}


@dataclass(frozen=True, slots=True)
class FormerEntry:
    """An entry of Task Master: its id now, its data, and the task that it is a part of."""

    id: str
    data: Mapping[str, Any]
    part_of: Mapping[str, Any] | None
    is_deeper: bool
    """Whether it is a part of a part, which earlier versions did not read."""

    @property
    def former_id(self) -> str:
        """The id that earlier versions gave it."""
        own = str(self.data.get("id"))
        return own if self.part_of is None else f"{self.part_of.get('id')}.{own}"

    @property
    def is_left_out(self) -> bool:
        """Whether earlier versions left it out."""
        statuses = {str(one.get("status")) for one in (self.data, self.part_of or {})}
        return self.is_deeper or bool(statuses & _LEFT_OUT)


@dataclass(frozen=True, slots=True)
class FormerTask:
    """A task as earlier versions made it."""

    title: object
    depends_on: tuple[str, ...]
    priority: int | None
    status: TaskStatus
    source_status: object
    """The name of the status in the source, where there was no such status here."""


@dataclass(frozen=True, slots=True)
class FormerPlan:
    """A plan as earlier versions made it, and the ids now of the tasks that they left out."""

    tasks: Mapping[str, FormerTask]
    left_out: frozenset[str]

    @classmethod
    def of(cls, entries: Sequence[FormerEntry]) -> "FormerPlan":
        """The plan that earlier versions made of these entries."""
        kept = {one.former_id: one for one in entries if not one.is_left_out}
        left_out = frozenset(one.id for one in entries if one.is_left_out)
        return cls({name: _task(one, kept) for name, one in kept.items()}, left_out)

    def is_unchanged(self, base: Mapping[str, Task], source: Plan) -> bool:
        """Whether the plan holds what was made of this source, and of what was left out."""
        for task_id in self.tasks.keys() | base.keys():
            was, task, now = self.tasks.get(task_id), base.get(task_id), source.tasks.get(task_id)
            if task is None or (now is not None and not _is_same_text(now, task)):
                return False
            if was is not None:
                if not self._is_same(was, task):
                    return False
            elif now is None or _state(now) != _state(task):
                return False
        return True

    def _is_same(self, was: FormerTask, task: Task) -> bool:
        depends_on = tuple(on for on in task.depends_on if on in self.tasks)
        return (
            (task.title is None or was.title == task.title)
            and (was.depends_on, was.priority) == (depends_on, task.priority)
            and (was.status, None) == (task.status, task.deferred)
            and (
                task.metadata.get("taskmaster_status") == was.source_status
                or (not task.metadata and task.title is None)
            )
        )


def is_older_import(recorded: Sequence[RecordedEvent]) -> bool:
    """Whether an earlier version imported the plan."""
    key = recorded[0].envelope.idempotency_key if recorded else None
    return key is not None and _KEY.fullmatch(key) is not None


def resembles(base: Mapping[str, Task], source: Plan, former: FormerPlan | None) -> bool:
    """Whether half of the tasks have their titles in the source; earlier versions kept no path."""
    titles: dict[str, object] = {task.id: task.title for task in source}
    if former is not None:
        titles |= {task_id: task.title for task_id, task in former.tasks.items()}
    same = [
        task_id
        for task_id, task in base.items()
        if task_id in titles and (task.title is None or task.title == titles[task_id])
    ]
    return 2 * len(same) >= len(base)


def _is_same_text(now: Task, task: Task) -> bool:
    """Whether the text of a task is as it was, unless it was erased here."""
    if task.title is None:
        return True
    metadata = [
        {name: value for name, value in one.metadata.items() if name not in _OTHERWISE}
        for one in (now, task)
    ]
    return (now.title, now.description or "", metadata[0]) == (
        task.title,
        task.description or "",
        metadata[1],
    )


def _state(task: Task) -> tuple[object, ...]:
    return task.depends_on, task.priority, task.status, task.deferred is not None


def _task(one: FormerEntry, kept: Mapping[str, FormerEntry]) -> FormerTask:
    data, whole = one.data, one.part_of
    status = data.get("status", "pending")
    name = data.get("priority")
    if name is None and whole is not None:
        name = whole.get("priority")
    return FormerTask(
        title=data.get("title"),
        depends_on=tuple(on for on in _depends_on(one, kept) if on in kept),
        priority=_PRIORITIES.get(str(name)),
        status=_STATUSES.get(str(status)) or _NEAREST.get(str(status), TaskStatus.PENDING),
        source_status=None if status in _STATUSES else status,
    )


def _depends_on(one: FormerEntry, kept: Mapping[str, FormerEntry]) -> dict[str, None]:
    whole = one.part_of
    beside = [] if whole is None else whole.get("subtasks") or ()
    parts = {str(part.get("id")) for part in beside if isinstance(part, dict)}
    own = [
        f"{whole.get('id')}.{on}" if whole is not None and on in parts else on
        for on in _ids(one.data)
    ]
    inherited = [] if whole is None else _ids(whole)
    inside = [name for name, other in kept.items() if other.part_of is one.data]
    return dict.fromkeys([*own, *inherited, *inside])


def _ids(data: Mapping[str, Any]) -> list[str]:
    listed = data.get("dependencies")
    return [str(on) for on in listed] if isinstance(listed, list) else []
