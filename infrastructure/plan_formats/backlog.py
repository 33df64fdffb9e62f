"""Tasks as Backlog.md keeps them: a Markdown file each, whose front matter has the facts.

A task waits for what it depends on and for its subtasks, and they for what it depends on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    as_text,
    read_priority,
    read_status,
)
from plangate.infrastructure.plan_formats.checklist import Checklist, read_checklist
from plangate.infrastructure.plan_formats.markup import Malformed, read_yaml

_READ: Final = {
    "id",
    "title",
    "status",
    "priority",
    "labels",
    "dependencies",
    "parent_task_id",
    "subtasks",
    "ordinal",
}
_LAST: Final = float("inf")


def is_backlog(checklist: Checklist) -> bool:
    """Whether the front matter is that of a task."""
    names = {line.partition(":")[0].strip() for line in (checklist.front_matter or "").split("\n")}
    return {"id", "title", "status"} <= names


def backlog_list(files: Sequence[tuple[str, str]], plan_id: str) -> TaskList:
    """The tasks in files of this name and text."""
    notes: list[NotCarried] = []
    tasks: dict[str, _Task] = {}
    for name, text in files:
        read = _read(name, text, notes)
        if read is None:
            continue
        if read.key in tasks:
            notes.append(_note(name, "another file has a task with this id", read.id))
            continue
        tasks[read.key] = read
    listed = [_listed(task, tasks, notes) for task in _in_order(tasks)]
    goal = f"Backlog: {plan_id}"
    return TaskList(plan_id=plan_id, goal=goal, tasks=listed, notes=notes)


class _Task:
    """A task file: its facts, and the text below them."""

    def __init__(self, name: str, facts: Mapping[str, Any], body: str) -> None:
        self.name = name
        self.facts = facts
        self.body = body
        self.id = as_text(facts.get("id")).strip()
        self.key = self.id.lower()
        ordinal = facts.get("ordinal")
        self.ordinal = float(ordinal) if isinstance(ordinal, int | float) else _LAST

    def parent(self, tasks: Mapping[str, "_Task"]) -> "_Task | None":
        """The task that this is a subtask of: as it says, or as its decimal number does."""
        stated = as_text(self.facts.get("parent_task_id")).strip().lower()
        found = tasks.get(stated) or tasks.get(self.key.rpartition(".")[0])
        return None if found is self else found

    def wholes(self, tasks: Mapping[str, "_Task"]) -> "Iterator[_Task]":
        """What it is a part of, the nearest first."""
        seen, whole = {self.key}, self.parent(tasks)
        while whole is not None and whole.key not in seen:
            seen.add(whole.key)
            yield whole
            whole = whole.parent(tasks)


def _read(name: str, text: str, notes: list[NotCarried]) -> _Task | None:
    checklist = read_checklist(text)
    if checklist.front_matter is None:
        notes.append(_note(name, "it has no front matter with id, title and status"))
        return None
    try:
        facts, _ = read_yaml(checklist.front_matter)
    except Malformed as error:
        notes.append(_note(name, str(error), line=error.line + 1, column=error.column))
        return None
    if not isinstance(facts, dict) or not as_text(facts.get("id")).strip():
        notes.append(_note(name, "its front matter has no id"))
        return None
    return _Task(name, facts, _body(checklist))


def _body(checklist: Checklist) -> str:
    """The text below the front matter, without comments."""
    hidden = set[int]()
    for node in checklist.nodes:
        if node.type in {"front_matter", "html_block"}:
            hidden.update(range(*(node.map or (0, 0))))
    lines = [line for n, line in enumerate(checklist.lines) if n not in hidden]
    return "\n".join(line for line in lines if not line.strip().startswith("<!--")).strip()


def _in_order(tasks: Mapping[str, _Task]) -> list[_Task]:
    """By ordinal, then as the files are; each task after its subtasks."""
    parts: dict[str, list[_Task]] = {}
    firsts = []
    for task in sorted(tasks.values(), key=lambda task: task.ordinal):
        wholes = list(task.wholes(tasks))
        if wholes and task not in wholes:
            parts.setdefault(wholes[0].key, []).append(task)
        else:
            firsts.append(task)
    ordered: list[_Task] = []
    waiting = firsts
    while waiting:
        task = waiting.pop()
        if task not in ordered:
            ordered.append(task)
            waiting += parts.get(task.key, ())
    return [*ordered[::-1], *(task for task in tasks.values() if task not in ordered)]


def _listed(task: _Task, tasks: Mapping[str, _Task], notes: list[NotCarried]) -> ListedTask:
    facts, parent = task.facts, task.parent(tasks)
    given = facts.get("status")
    status = ListedStatus.PENDING if given is None else read_status(as_text(given))
    if status is None:
        why = "the status is not understood; the task counts as open"
        notes.append(_note(task.name, why, as_text(given)))
        status = ListedStatus.PENDING
    priority = None
    if facts.get("priority"):
        priority = read_priority(as_text(facts["priority"]))
        if priority is None:
            why = "the priority is not understood; the task has its plan's"
            notes.append(_note(task.name, why, as_text(facts["priority"])))
    own = [
        tasks[on.lower()].id if on.lower() in tasks else on for on in _names(facts, "dependencies")
    ]
    inherited = [
        tasks[on.lower()].id
        for whole in task.wholes(tasks)
        for on in _names(whole.facts, "dependencies")
        if on.lower() in tasks and on.lower() != task.key
    ]
    parts = [part.id for part in tasks.values() if part.parent(tasks) is task]
    return ListedTask(
        id=task.id,
        title=as_text(facts.get("title")),
        at=EntryLocation(task.name, 1, 1),
        description=task.body,
        status=status,
        why=f"{as_text(given)} in Backlog.md",
        depends_on=tuple(dict.fromkeys([*own, *inherited, *parts])),
        part_of=parent.id if parent else None,
        priority=priority,
        labels=_names(facts, "labels"),
        metadata={name: value for name, value in facts.items() if name not in _READ and value},
    )


def _names(facts: Mapping[str, Any], name: str) -> list[str]:
    given = facts.get(name)
    listed = given if isinstance(given, list) else [given]
    return [part.strip() for one in listed for part in as_text(one).split(",") if part.strip()]


def _note(
    name: str, why: str, theirs: str | None = None, line: int = 1, column: int = 1
) -> NotCarried:
    return NotCarried(pointer=name, line=line, column=column, theirs=theirs, why=why)
