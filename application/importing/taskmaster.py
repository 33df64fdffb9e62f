"""Plans as Task Master keeps them in `tasks.json`: one plan per tag, its subtasks as tasks.

A task waits for its subtasks, and they for whatever it waits for. The file is read as people
and models write it: what can be meant is read, the rest is listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.older_imports import FormerEntry, FormerPlan
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    as_text,
    read_priority,
    read_status,
)
from plangate.application.json_pointers import json_pointer

_ITS_OWN: Final = {"pending", "inprogress", "done", "deferred", "cancelled"}
"""The statuses that Task Master has and that mean the same here, as they are compared."""
_READ: Final = {
    "id",
    "title",
    "description",
    "details",
    "testStrategy",
    "status",
    "priority",
    "dependencies",
    "subtasks",
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A task or subtask: its id here, its data, its JSON pointer, and what it is a part of."""

    id: str
    data: Mapping[str, Any]
    pointer: str
    part_of: "_Entry | None"

    @property
    def wholes(self) -> "Iterator[_Entry]":
        """What it is a part of, the nearest first."""
        whole = self.part_of
        while whole is not None:
            yield whole
            whole = whole.part_of


def taskmaster_lists(data: object) -> tuple[list[TaskList], list[NotCarried]]:
    """The plan of each tag, and what is not a tag. A file without tags is the plan `master`."""
    if isinstance(data, list):
        return [_TagReader("").read("master", data, {})], []
    if not isinstance(data, dict):
        return [], [NotCarried(pointer="", why="must be an object of tags")]
    lists, left = [], []
    for name, content in data.items():
        pointer = json_pointer(name)
        if name == "tasks" and isinstance(content, list):
            beside = data.get("metadata")
            metadata = beside if isinstance(beside, dict) else {}
            plan_id = "tasks" if "master" in data else "master"
            lists.append(_TagReader(pointer).read(plan_id, content, metadata, tag=None))
        elif isinstance(content, list):
            lists.append(_TagReader(pointer).read(name, content, {}))
        elif isinstance(content, dict) and isinstance(content.get("tasks"), list):
            lists.append(_read_tag(name, pointer, content))
        elif not (name == "metadata" and isinstance(data.get("tasks"), list)):
            why = "it is not a tag: a tag has a list of tasks"
            left.append(NotCarried(pointer=pointer, theirs=_shown(content), why=why))
    return lists, left


def _read_tag(name: str, pointer: str, content: Mapping[str, Any]) -> TaskList:
    reader = _TagReader(f"{pointer}/tasks")
    for key, value in content.items():
        if key not in {"tasks", "metadata"}:
            reader.note(pointer + json_pointer(key), "it has no place here", _shown(value))
    metadata = content.get("metadata")
    return reader.read(name, content["tasks"], metadata if isinstance(metadata, dict) else {})


class _TagReader:
    """Reads the list of one tag."""

    def __init__(self, pointer: str) -> None:
        self._pointer = pointer
        self._notes: list[NotCarried] = []
        self._entries: dict[str, _Entry] = {}

    def note(self, pointer: str, why: str, theirs: Any = None, ours: Any = None) -> None:
        """List what is not carried over as it is."""
        self._notes.append(NotCarried(pointer=pointer, theirs=theirs, ours=ours, why=why))

    def read(
        self, name: str, tasks: Sequence[Any], metadata: Mapping[str, Any], tag: str | None = ""
    ) -> TaskList:
        """The tag as a plan."""
        entries = list(self._found(tasks, self._pointer, None))
        return TaskList(
            plan_id=name,
            goal=f"Task Master: {name}",
            tasks=[self._task(entry, entries) for entry in entries],
            at=EntryLocation(self._pointer.removesuffix("/tasks")),
            metadata=metadata,
            notes=self._notes,
            tag=name if tag == "" else tag,
            former=FormerPlan.of([_former(entry) for entry in entries]),
        )

    def _found(
        self, listed: Sequence[Any], pointer: str, part_of: _Entry | None
    ) -> Iterator[_Entry]:
        """Every entry of a list, each after its parts."""
        above = f"{part_of.id}." if part_of else ""
        given = {_own_id(data, above) for data in listed if isinstance(data, dict)}
        for number, data in enumerate(listed):
            at = f"{pointer}/{number}"
            if not isinstance(data, dict):
                self.note(at, "a task must be an object", _shown(data))
                continue
            entry = _Entry(self._id(data, at, above, given), data, at, part_of)
            self._entries[entry.id] = entry
            parts = data.get("subtasks")
            if isinstance(parts, list):
                yield from self._found(parts, f"{at}/subtasks", entry)
            elif parts is not None:
                self.note(f"{at}/subtasks", "must be a list", _shown(parts))
            yield entry

    def _id(self, data: Mapping[str, Any], at: str, above: str, given: set[str]) -> str:
        """The entry's id; the second with the same, or one without, gets a free number."""
        own = _own_id(data, above)
        if own and own not in self._entries:
            return own
        number = 1
        while f"{above}{number}" in self._entries or f"{above}{number}" in given:
            number += 1
        free = f"{above}{number}"
        why = "it is used twice" if own else "a task must have an id"
        self.note(f"{at}/id", f"{why}; it has a free number", _shown(data.get("id")), free)
        return free

    def _task(self, entry: _Entry, entries: Sequence[_Entry]) -> ListedTask:
        data, at = entry.data, entry.pointer
        metadata = {name: value for name, value in data.items() if name not in _READ}
        status = self._status(entry, metadata)
        strategy = as_text(data.get("testStrategy"))
        texts = (
            as_text(data.get("description")),
            as_text(data.get("details")),
            f"Test strategy: {strategy}" if strategy.strip() else "",
        )
        return ListedTask(
            id=entry.id,
            title=as_text(data.get("title")),
            at=EntryLocation(at),
            description="\n\n".join(text for text in texts if text.strip()),
            status=status,
            why=f"{as_text(data.get('status'))} in Task Master",
            depends_on=self._depends_on(entry, entries),
            part_of=entry.part_of.id if entry.part_of else None,
            priority=self._priority(entry),
            metadata=metadata,
        )

    def _status(self, entry: _Entry, metadata: dict[str, Any]) -> ListedStatus:
        given = entry.data.get("status")
        if given is None:
            return ListedStatus.PENDING
        name = as_text(given)
        status = read_status(name)
        if "".join(filter(str.isalnum, name.lower())) in _ITS_OWN and status is not None:
            return status
        metadata["taskmaster_status"] = given
        why = "there is no such status here; it stays in the task's metadata"
        ours = status or ListedStatus.PENDING
        self.note(f"{entry.pointer}/status", why, _shown(given), ours.value)
        return ours

    def _priority(self, entry: _Entry) -> int | None:
        for one in (entry, *entry.wholes):
            given = one.data.get("priority")
            if given is None:
                continue
            priority = read_priority(as_text(given))
            if priority is None and one is entry:
                why = "there is no such priority here; the task has its plan's"
                self.note(f"{entry.pointer}/priority", why, _shown(given))
            return priority
        return None

    def _depends_on(self, entry: _Entry, entries: Sequence[_Entry]) -> Sequence[str]:
        """A task's own dependencies, then those of what it is a part of, then its parts."""
        own = [self._resolved(entry, name) for name in _names(entry.data.get("dependencies"))]
        inherited = [
            self._resolved(whole, name)
            for whole in entry.wholes
            for name in _names(whole.data.get("dependencies"))
        ]
        own_parts = [part.id for part in entries if part.part_of is entry]
        inherited = [on for on in inherited if on != entry.id and not _is_inside(on, entry)]
        return tuple(dict.fromkeys([*own, *inherited, *own_parts]))

    def _resolved(self, entry: _Entry, name: str) -> str:
        """The id here of a dependency: of a part, first another part beside it."""
        for whole in entry.wholes:
            if f"{whole.id}.{name}" in self._entries:
                return f"{whole.id}.{name}"
        if name in self._entries:
            return name
        number = name.lstrip("".join(letter for letter in name if not letter.isdigit()))
        return self._resolved(entry, number) if number and number != name else name


def _former(entry: _Entry) -> FormerEntry:
    wholes = list(entry.wholes)
    return FormerEntry(entry.id, entry.data, wholes[0].data if wholes else None, len(wholes) > 1)


def _own_id(data: Mapping[str, Any], above: str) -> str:
    """The id of an entry: a part has that of its whole in front, unless it says so itself."""
    own = as_text(data.get("id")).strip()
    return own if not own or own.startswith(above) else above + own


def _is_inside(task_id: str, entry: _Entry) -> bool:
    """Whether an id is that of a task which the entry is a part of, or a part beside it."""
    return any(task_id == whole.id or task_id.startswith(f"{whole.id}.") for whole in entry.wholes)


def _names(given: object) -> list[str]:
    """The names in a list of dependencies, or in a text of several."""
    listed = given if isinstance(given, list) else [given]
    names = [name for one in listed if one is not None for name in as_text(one).split(",")]
    return [name.strip() for name in names if name.strip()]


def _shown(value: object) -> Any:
    """The value as a report shows it: of lists and objects only that they are such."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return value
