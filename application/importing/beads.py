"""Issues as beads keeps them in `issues.jsonl`: one JSON object a line.

An issue waits for what blocks it, and for its children; they wait for what blocks their parent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    as_text,
    read_status,
)
from plangate.application.json_pointers import json_pointer

_BLOCKING: Final = {"blocks", "conditional-blocks", "waits-for"}
_PARENT: Final = "parent-child"
_TEXTS: Final[Mapping[str, str]] = {
    "description": "",
    "design": "Design: ",
    "acceptance_criteria": "Acceptance criteria: ",
    "notes": "Notes: ",
}
_READ: Final = {"id", "title", "status", "priority", "labels", "dependencies", *_TEXTS}
_ORDINARY: Final = 2
"""The priority that beads gives an issue without one; 0 is the highest."""


def beads_lists(data: object) -> tuple[list[TaskList], list[NotCarried]]:
    """The plan of all issues, and the lines that hold none."""
    if not isinstance(data, list):
        return [], [NotCarried(pointer="", why="must be a list of issues")]
    notes: list[NotCarried] = []
    issues: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for number, issue in enumerate(data):
        pointer = json_pointer(number)
        own = as_text(issue.get("id")).strip() if isinstance(issue, dict) else ""
        if not own:
            why = "an issue must be an object with an id"
            theirs = issue if isinstance(issue, str) else None
            notes.append(NotCarried(pointer=pointer, theirs=theirs, why=why))
            continue
        if own in issues:
            why = "the issue occurs twice; the later one counts"
            notes.append(NotCarried(pointer=issues[own][0], theirs=own, why=why))
        issues[own] = (pointer, issue)
    if not issues:
        return [], notes or [NotCarried(pointer="", why="there is no issue in it")]
    reader = _Reader(issues, notes)
    prefix = next(iter(issues)).rpartition("-")[0] or "beads"
    listed = TaskList(plan_id=prefix, goal=f"beads: {prefix}", tasks=reader.tasks(), notes=notes)
    return [listed], []


class _Reader:
    """Reads the issues of one file."""

    def __init__(
        self, issues: Mapping[str, tuple[str, Mapping[str, Any]]], notes: list[NotCarried]
    ) -> None:
        self._issues = issues
        self._notes = notes
        self._parents: dict[str, str] = {}
        self._blocking: dict[str, list[str]] = {own: [] for own in issues}
        for own, (pointer, issue) in issues.items():
            self._read_dependencies(own, f"{pointer}/dependencies", issue.get("dependencies"))

    def tasks(self) -> list[ListedTask]:
        """The issues as tasks, each after its children."""
        children: dict[str | None, list[str]] = {}
        for own in self._issues:
            parent = self._parents.get(own)
            children.setdefault(parent if parent in self._issues else None, []).append(own)
        ordered: list[str] = []
        waiting = [*children.get(None, ())]
        while waiting:
            own = waiting.pop()
            ordered.append(own)
            waiting += children.get(own, ())
        of_a_parent = set(ordered)
        in_circles = [own for own in self._issues if own not in of_a_parent]
        for own in in_circles:
            self._parents.pop(own)
        return [self._task(own, children.get(own, ())) for own in [*ordered[::-1], *in_circles]]

    def _read_dependencies(self, own: str, pointer: str, given: object) -> None:
        if given is None:
            return
        if not isinstance(given, list):
            self._note(pointer, "must be a list", None)
            return
        for number, edge in enumerate(given):
            at = f"{pointer}/{number}"
            on = as_text(edge.get("depends_on_id")) if isinstance(edge, dict) else as_text(edge)
            kind = as_text(edge.get("type")) if isinstance(edge, dict) else "blocks"
            if not on:
                self._note(at, "it names no issue", None)
            elif kind == _PARENT:
                self._parents[own] = on
            elif kind in _BLOCKING or not kind:
                self._blocking[own].append(on)
            else:
                self._note(at, "only what blocks an issue is a dependency here", f"{kind} {on}")

    def _task(self, own: str, children: Sequence[str]) -> ListedTask:
        pointer, issue = self._issues[own]
        depends_on = [*self._blocking[own]]
        parent, seen = self._parents.get(own), {own}
        while parent is not None and parent in self._issues and parent not in seen:
            seen.add(parent)
            depends_on += (on for on in self._blocking[parent] if on not in seen)
            parent = self._parents.get(parent)
        texts = [(name, as_text(issue.get(name))) for name in _TEXTS]
        metadata = {name: value for name, value in issue.items() if name not in _READ}
        labels = issue.get("labels")
        return ListedTask(
            id=own,
            title=as_text(issue.get("title")),
            at=EntryLocation(pointer),
            description="\n\n".join(_TEXTS[name] + text for name, text in texts if text.strip()),
            status=self._status(pointer, issue),
            why=f"{as_text(issue.get('status'))} in beads",
            depends_on=tuple(dict.fromkeys([*depends_on, *children])),
            part_of=self._parents.get(own),
            priority=self._priority(pointer, issue),
            labels=[as_text(one) for one in labels] if isinstance(labels, list) else (),
            metadata=metadata,
        )

    def _status(self, pointer: str, issue: Mapping[str, Any]) -> ListedStatus:
        if issue.get("is_template") or issue.get("ephemeral"):
            return ListedStatus.CANCELLED
        given = issue.get("status")
        status = ListedStatus.PENDING if given is None else read_status(as_text(given))
        if status is None:
            self._note(f"{pointer}/status", "it is not understood; the issue counts as open", given)
            return ListedStatus.PENDING
        if status is ListedStatus.PENDING and issue.get("defer_until"):
            return ListedStatus.DEFERRED
        return status

    def _priority(self, pointer: str, issue: Mapping[str, Any]) -> int | None:
        given = issue.get("priority")
        if given is None:
            return None
        number = as_text(given).strip().upper().removeprefix("P")
        if number.isascii() and number.isdigit() and len(number) == 1:
            return _ORDINARY - int(number)
        self._note(f"{pointer}/priority", "it is not understood; the task has its plan's", given)
        return None

    def _note(self, pointer: str, why: str, theirs: Any) -> None:
        self._notes.append(NotCarried(pointer=pointer, theirs=theirs, why=why))
