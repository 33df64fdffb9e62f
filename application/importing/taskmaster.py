"""Plans as Task Master keeps them in `tasks.json`: one plan a tag, its subtasks as tasks.

A task waits for its subtasks, and they for whatever it waits for. What is cancelled or
deferred stays out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from plangate.application.importing.foreign import (
    ForeignId,
    ForeignModel,
    ForeignPlan,
    NotCarried,
    Rehearsal,
    pointer,
    refuse_twice,
    understood,
)
from plangate.application.validation import validate, validate_identifier
from plangate.domain.commands import CreatePlan, MarkTask
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
_STANDS_IN: Final[Mapping[str, TaskStatus]] = {
    "review": TaskStatus.IN_PROGRESS,
    "completed": TaskStatus.DONE,
}
"""What is nearest to a status that has no like here; any other is pending."""


class _Entry(ForeignModel):
    id: ForeignId
    title: Title
    description: Prose | None = None
    details: Prose | None = None
    test_strategy: Annotated[Prose | None, Field(alias="testStrategy")] = None
    status: str = "pending"
    priority: str | None = None
    dependencies: tuple[ForeignId, ...] | None = None


class _Task(_Entry):
    subtasks: tuple[_Entry, ...] | None = None


class _Tag(ForeignModel):
    tasks: tuple[_Task, ...]
    metadata: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A task or subtask: its id here, what it is, where it stands, and whose it is."""

    id: str
    entry: _Entry
    place: str
    parent: _Task | None = None

    @property
    def stays_out(self) -> bool:
        mine = {self.entry.status, self.parent.status if self.parent else ""}
        return bool(mine & _LEFT_OUT)


def taskmaster_plans(given: object, now: datetime) -> Iterator[ForeignPlan]:
    """The plans of a `tasks.json`; one without tags holds the plan `master`.

    Raises `InvalidInput`, with the place, where it is wrong.
    """
    if not isinstance(given, dict):
        raise InvalidInput([Problem("", "must be an object of tags")])
    if isinstance(given.get("tasks"), list):
        yield _Reading("master", "", now).of(given)
        return
    for tag, content in given.items():
        place = pointer(tag)
        yield _Reading(validate_identifier(place, tag), place, now).of(content)


class _Reading:
    """One tag being read."""

    def __init__(self, tag: str, place: str, now: datetime) -> None:
        self._name = tag
        self._place = place
        self._rehearsal = Rehearsal(tag, place, now)
        self._left: list[NotCarried] = []

    def of(self, content: object) -> ForeignPlan:
        tag = understood(_Tag, content, self._place)
        found = list(self._entries(tag))
        refuse_twice((one.id, f"{one.place}/id") for one in found)
        kept = {one.id: one for one in found if not one.stays_out}
        for one in found:
            if one.id not in kept:
                why = f"what is {' or '.join(sorted(_LEFT_OUT))} stays out"
                self._leave(one.place, why, one.entry.status)
        for name, value in (tag.model_extra or {}).items():
            self._leave(self._place + pointer(name), "it has no place here", value)
        if kept:
            self._make(tag, kept)
        else:
            self._leave(f"{self._place}/tasks", "a plan without tasks is none here")
        return ForeignPlan(self._name, content, self._rehearsal.commands, self._left, len(kept))

    def _entries(self, tag: _Tag) -> Iterator[_Found]:
        """Every task, after its subtasks."""
        for number, task in enumerate(tag.tasks):
            place = f"{self._place}/tasks/{number}"
            for part, entry in enumerate(task.subtasks or ()):
                at = f"{place}/subtasks/{part}"
                yield _Found(f"{task.id}.{entry.id}", entry, at, task)
            yield _Found(task.id, task, place)

    def _make(self, tag: _Tag, kept: Mapping[str, _Found]) -> None:
        tasks = [self._planned(one, kept) for one in kept.values()]
        given = {
            "goal": f"Task Master: {self._name}",
            "tasks": tasks,
            "policy": Policy(),
            "metadata": tag.metadata or {},
        }
        try:
            command = validate(CreatePlan, given)
        except InvalidInput as refused:
            raise InvalidInput(
                [Problem(self._place, str(problem)) for problem in refused.problems]
            ) from None
        self._rehearsal.ask(command)
        for one in kept.values():
            status = self._status(one)
            self._rehearsal.ask(MarkTask(task_id=one.id, status=status, reason=_WHY))

    def _planned(self, one: _Found, kept: Mapping[str, _Found]) -> dict[str, Any]:
        entry = one.entry
        strategy = entry.test_strategy and f"Test strategy: {entry.test_strategy}"
        said = (entry.description, entry.details, strategy)
        metadata = dict(entry.model_extra or {})
        if entry.status not in _STATUSES:
            metadata["taskmaster_status"] = entry.status
        return {
            "id": one.id,
            "title": entry.title,
            "description": "\n\n".join(text for text in said if text and text.strip()),
            "depends_on": self._depends_on(one, kept),
            "priority": self._priority(one),
            "metadata": metadata,
        }

    def _depends_on(self, one: _Found, kept: Mapping[str, _Found]) -> Sequence[str]:
        """What a task waits for: what it says, what the task says that it is part of, its parts."""
        named = [(self._named(one, on), f"{one.place}/dependencies/{n}") for n, on in _said(one)]
        for on, place in named:
            if on not in kept:
                self._leave(place, "it names nothing that is here", on)
        inherited = [on for _, on in _said(one, of_parent=True)]
        parts = [other.id for other in kept.values() if other.parent is one.entry]
        wanted = dict.fromkeys([*(on for on, _ in named), *inherited, *parts])
        return [on for on in wanted if on in kept]

    def _named(self, one: _Found, on: str) -> str:
        """The id here of what a dependency names: among the parts of a task, first another part."""
        parent = one.parent
        if parent is not None and any(part.id == on for part in parent.subtasks or ()):
            return f"{parent.id}.{on}"
        return on

    def _priority(self, one: _Found) -> int | None:
        said = one.entry.priority
        if said is None and one.parent is not None:
            said = one.parent.priority
        elif said is not None and said not in _PRIORITIES:
            self._leave(f"{one.place}/priority", "the task has its plan's", said)
        return _PRIORITIES.get(said or "")

    def _status(self, one: _Found) -> TaskStatus:
        said = one.entry.status
        if said in _STATUSES:
            return _STATUSES[said]
        status = _STANDS_IN.get(said, TaskStatus.PENDING)
        why = "there is no such status here; it stays in the task's metadata"
        self._leave(f"{one.place}/status", why, said, status.value)
        return status

    def _leave(self, place: str, why: str, theirs: Any = None, ours: Any = None) -> None:
        self._left.append(NotCarried(pointer=place, theirs=theirs, ours=ours, why=why))


def _said(one: _Found, *, of_parent: bool = False) -> Iterator[tuple[int, str]]:
    entry = one.parent if of_parent else one.entry
    return enumerate(entry.dependencies or () if entry is not None else ())
