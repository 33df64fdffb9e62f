"""Plans as Task Master keeps them in `tasks.json`: one plan per tag, its subtasks as tasks.

A task waits for its subtasks, and they for whatever it waits for. Cancelled and
deferred tasks are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from plangate.application.importing import foreign
from plangate.application.validation import validate_identifier
from plangate.domain.commands import MarkTask
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Prose, TaskStatus, Title

_WHY: Final = "imported from Task Master"
_LEFT_OUT: Final = {"cancelled", "deferred"}
_PRIORITIES: Final[Mapping[str, int]] = {"high": 1, "medium": 0, "low": -1}
_STATUSES: Final[Mapping[str, TaskStatus]] = {
    "pending": TaskStatus.PENDING,
    "in-progress": TaskStatus.IN_PROGRESS,
    "done": TaskStatus.DONE,
}
_NEAREST: Final[Mapping[str, TaskStatus]] = {
    "review": TaskStatus.IN_PROGRESS,
    "completed": TaskStatus.DONE,
}
"""The nearest status for one that does not exist here; for any other it is pending."""


class _Entry(foreign.ForeignModel):
    id: foreign.ForeignId
    title: Title
    description: Prose | None = None
    details: Prose | None = None
    test_strategy: Annotated[Prose | None, Field(alias="testStrategy")] = None
    status: str = "pending"
    priority: str | None = None
    dependencies: tuple[foreign.ForeignId, ...] | None = None


class _Task(_Entry):
    subtasks: tuple[_Entry, ...] | None = None


class _Tag(foreign.ForeignModel):
    tasks: tuple[_Task, ...]
    metadata: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A task or subtask: its id here, its entry, its JSON pointer in the tag, and its parent."""

    id: str
    entry: _Entry
    pointer: str
    parent: _Task | None = None

    @property
    def is_left_out(self) -> bool:
        statuses = {self.entry.status, self.parent.status if self.parent else ""}
        return bool(statuses & _LEFT_OUT)


def taskmaster_plans(data: object, now: datetime) -> Iterator[foreign.ForeignPlan]:
    """The plans of a `tasks.json`; one without tags holds the plan `master`.

    Raises `InvalidInput`, with JSON pointers.
    """
    if not isinstance(data, dict):
        raise InvalidInput([Problem("", "must be an object of tags")])
    if isinstance(data.get("tasks"), list):
        yield _TagReader(foreign.DryRun("master", "", now)).read(data)
        return
    for tag, content in data.items():
        pointer = foreign.json_pointer(tag)
        plan_id = validate_identifier(pointer, tag)
        yield _TagReader(foreign.DryRun(plan_id, pointer, now)).read(content)


class _TagReader:
    """Reads the plan of one tag."""

    def __init__(self, run: foreign.DryRun) -> None:
        self._run = run

    def read(self, content: object) -> foreign.ForeignPlan:
        pointer = self._run.pointer
        tag = foreign.parse(_Tag, content, pointer)
        found = list(_entries(tag))
        foreign.refuse_duplicates((one.id, f"{pointer}{one.pointer}/id") for one in found)
        kept = {one.id: one for one in found if not one.is_left_out}
        for one in found:
            if one.id not in kept:
                why = f"what is {' or '.join(sorted(_LEFT_OUT))} stays out"
                self._run.omit(one.pointer, why, one.entry.status)
        for name, value in (tag.model_extra or {}).items():
            self._run.omit(foreign.json_pointer(name), "it has no place here", value)
        if kept:
            self._make(tag, kept)
        return self._run.result(content, len(kept))

    def _make(self, tag: _Tag, kept: Mapping[str, _Found]) -> None:
        self._run.create(
            {
                "goal": f"Task Master: {self._run.plan.plan_id}",
                "tasks": [self._planned(one, kept) for one in kept.values()],
                "policy": Policy(),
                "metadata": tag.metadata or {},
            }
        )
        for one in kept.values():
            status = self._status(one)
            self._run.handle(MarkTask(task_id=one.id, status=status, reason=_WHY))

    def _planned(self, one: _Found, kept: Mapping[str, _Found]) -> dict[str, Any]:
        entry = one.entry
        strategy = entry.test_strategy and f"Test strategy: {entry.test_strategy}"
        texts = (entry.description, entry.details, strategy)
        metadata = dict(entry.model_extra or {})
        if entry.status not in _STATUSES:
            metadata["taskmaster_status"] = entry.status
        return {
            "id": one.id,
            "title": entry.title,
            "description": "\n\n".join(text for text in texts if text and text.strip()),
            "depends_on": self._depends_on(one, kept),
            "priority": self._priority(one),
            "metadata": metadata,
        }

    def _depends_on(self, one: _Found, kept: Mapping[str, _Found]) -> Sequence[str]:
        """A task's own dependencies, then those of its parent, then its subtasks."""
        own = [_resolved(one, name) for name in one.entry.dependencies or ()]
        for number, on in enumerate(own):
            if on not in kept:
                pointer = f"{one.pointer}/dependencies/{number}"
                self._run.omit(pointer, "it names nothing that is here", on)
        inherited = one.parent.dependencies or () if one.parent else ()
        parts = [other.id for other in kept.values() if other.parent is one.entry]
        return [on for on in dict.fromkeys([*own, *inherited, *parts]) if on in kept]

    def _priority(self, one: _Found) -> int | None:
        name = one.entry.priority
        if name is None and one.parent is not None:
            name = one.parent.priority
        elif name is not None and name not in _PRIORITIES:
            self._run.omit(f"{one.pointer}/priority", "the task has its plan's", name)
        return _PRIORITIES.get(name or "")

    def _status(self, one: _Found) -> TaskStatus:
        name = one.entry.status
        if name in _STATUSES:
            return _STATUSES[name]
        status = _NEAREST.get(name, TaskStatus.PENDING)
        why = "there is no such status here; it stays in the task's metadata"
        self._run.omit(f"{one.pointer}/status", why, name, status.value)
        return status


def _entries(tag: _Tag) -> Iterator[_Found]:
    """Every task, after its subtasks."""
    for number, task in enumerate(tag.tasks):
        pointer = f"/tasks/{number}"
        for part, entry in enumerate(task.subtasks or ()):
            yield _Found(f"{task.id}.{entry.id}", entry, f"{pointer}/subtasks/{part}", task)
        yield _Found(task.id, task, pointer)


def _resolved(one: _Found, name: str) -> str:
    """The id here of a dependency: of a subtask, first another part of its parent."""
    parent = one.parent
    if parent is not None and any(part.id == name for part in parent.subtasks or ()):
        return f"{parent.id}.{name}"
    return name
