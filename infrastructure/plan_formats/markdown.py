"""Checklists in Markdown: spec-kit, Kiro, OpenSpec, and plain to-do lists and issue bodies.

Spec-kit, Kiro and OpenSpec say that tasks are done in order; there a task waits for the one
before it. In a plain list those of a numbered list do. A task always waits for those inside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.results import PlanFormat
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    plan_id_of,
    slug,
)
from plangate.infrastructure.plan_formats.checklist import Checklist, Item, read_checklist
from plangate.infrastructure.plan_formats.own_checklist import front_matter_of, read_own_checklist

_MARKS: Final[Mapping[str, ListedStatus]] = {
    "": ListedStatus.PENDING,
    **dict.fromkeys("xX✓✔☑", ListedStatus.DONE),
    **dict.fromkeys("~/", ListedStatus.IN_PROGRESS),
    **dict.fromkeys("<>", ListedStatus.DEFERRED),
    "-": ListedStatus.CANCELLED,
}
_MARKS_OF_KIRO: Final = {**_MARKS, "-": ListedStatus.IN_PROGRESS}
_OPTIONAL: Final = "optional in its source"
_WAITING: Final = ("depends on", "depends:", "dependencies:", "blocked by", "blocked-by:")
_COMMON_GOALS: Final = {"implementation plan", "implementation tasks", "tasks", "todo", "plan"}


def recognise(checklist: Checklist) -> PlanFormat:
    """Whose checklist this is, by the ids of its tasks."""
    items = list(checklist.every_item())
    ids = [_id_in(item.text) for item in items]
    if any(one and one.startswith("T") for one in ids):
        return PlanFormat.SPEC_KIT
    numbered = [item for item, one in zip(items, ids, strict=True) if one and one[0].isdigit()]
    if len(numbered) * 2 <= len(items):
        return PlanFormat.MARKDOWN
    below_their_number = [
        item
        for item in numbered
        if item.heading and (number := _id_in(item.heading.text))
        if (_id_in(item.text) or "").startswith(f"{number}.")
    ]
    return PlanFormat.OPENSPEC if below_their_number else PlanFormat.KIRO


def read_task_list(checklist: Checklist, kind: PlanFormat, name: str | None) -> TaskList:
    """The tasks of a checklist; `name` is the path of its file, which may name the plan."""
    titles = [heading.text for heading in checklist.headings if heading.level == 1]
    title = titles[0] if titles else ""
    plan_id = plan_id_of(name) or slug(title) or "plan"
    goal = title or plan_id
    if goal.strip().lower() in _COMMON_GOALS and goal != plan_id:
        goal = f"{goal}: {plan_id}"
    return _ChecklistReader(kind).read(checklist, plan_id, goal)


@dataclass(frozen=True, slots=True)
class _TitledItem:
    """An item, what its text begins with, and the ids of those inside it."""

    item: Item
    id: str
    title: str
    is_parallel: bool
    labels: tuple[str, ...]


class _ChecklistReader:
    """Reads one checklist."""

    def __init__(self, kind: PlanFormat) -> None:
        self._kind = kind
        self._marks = _MARKS_OF_KIRO if kind is PlanFormat.KIRO else _MARKS
        self._tasks: list[ListedTask] = []
        self._notes: list[NotCarried] = []
        self._used: set[str] = set()

    def read(self, checklist: Checklist, plan_id: str, goal: str) -> TaskList:
        if not checklist.items:
            why = "there is no list item with a checkbox, as in `- [ ] Write the tests`"
            self._notes.append(NotCarried(pointer="", line=1, column=1, why=why))
        for line in checklist.unread:
            why = "it looks like a task and is none in Markdown: spaces are missing, or too many"
            theirs = checklist.lines[line - 1].strip()[:80]
            note = NotCarried(pointer="", line=line, column=1, theirs=theirs, why=why)
            self._notes.append(note)
        before: tuple[str, ...] = ()
        for section in _sections(checklist.items):
            after = self._read_items(self._nested(section), before, None)
            before = () if self._kind is PlanFormat.MARKDOWN else after
        return TaskList(plan_id=plan_id, goal=goal, tasks=self._tasks, notes=self._notes)

    def _read_items(
        self, items: Sequence[Item], before: tuple[str, ...], part_of: str | None
    ) -> tuple[str, ...]:
        """Read items that may begin after others; those after which the next may begin."""
        last, side_by_side = before, list[str]()
        everything = list[str]()
        for item in items:
            entry = self._entry(item)
            if item.number == 1:  # another numbered list begins
                last = before
            if side_by_side and not entry.is_parallel:
                last, side_by_side = tuple(side_by_side), []
            first = last if self._in_order(item) else before
            inside = self._read_items(item.items, first, entry.id)
            status = self._status(item)
            waits_for = inside if item.items and inside != first else first
            self._add(entry, status, waits_for, part_of)
            if status is ListedStatus.CANCELLED or item.is_optional:
                continue
            everything.append(entry.id)
            if entry.is_parallel:
                side_by_side.append(entry.id)
            elif self._in_order(item):
                last = (entry.id,)
        if self._kind is PlanFormat.MARKDOWN and part_of is not None:
            return tuple(everything) or before
        return tuple(side_by_side) or last

    def _nested(self, items: Sequence[Item]) -> Sequence[Item]:
        """The items, with `2.1` inside `2` where they stand side by side in the list."""
        if self._kind not in {PlanFormat.KIRO, PlanFormat.OPENSPEC}:
            return items
        nested: list[Item] = []
        open_items: list[tuple[str, Item]] = []
        for item in items:
            own = _id_in(item.text) or ""
            while open_items and not own.startswith(f"{open_items[-1][0]}."):
                open_items.pop()
            (open_items[-1][1].items if open_items else nested).append(item)
            if own:
                open_items.append((own, item))
        return nested

    def _in_order(self, item: Item) -> bool:
        return self._kind is not PlanFormat.MARKDOWN or item.number is not None

    def _entry(self, item: Item) -> _TitledItem:
        text = item.text
        task_id = _id_in(text)
        if task_id is not None:
            text = _without_bold(text)[len(task_id) :].lstrip(".):*_ ").strip()
        parallel, labels = False, list[str]()
        while True:
            word, _, rest = text.partition(" ")
            if word in {"[P]", "(P)"}:
                parallel = True
            elif word.startswith("[US") and word.endswith("]") and word[3:-1].isdigit():
                labels.append(word[1:-1])
            else:
                break
            text = rest.strip()
        if item.is_optional:
            labels.append("optional")
        title = " ".join(text.split()) or task_id or ""
        made = task_id or slug(title) or f"line-{item.line}"
        own = self._free(made)
        if own != made == task_id:
            at = EntryLocation("", item.line, item.column)
            self._notes.append(at.note("the id is used twice", made, own))
        return _TitledItem(item, own, title or made, parallel, tuple(labels))

    def _free(self, made: str) -> str:
        """The id, or one that is free: two tasks may have the same number or title."""
        number, free = 1, made
        while free in self._used:
            number += 1
            free = f"{made}-{number}"
        self._used.add(free)
        return free

    def _status(self, item: Item) -> ListedStatus:
        status = self._marks.get(item.mark)
        return ListedStatus.PENDING if status is None else status

    def _add(
        self,
        entry: _TitledItem,
        status: ListedStatus,
        waits_for: tuple[str, ...],
        part_of: str | None,
    ) -> None:
        item = entry.item
        at = EntryLocation("", item.line, item.column)
        if item.mark not in self._marks:
            why = "the box is not understood; the task counts as open"
            self._notes.append(at.note(why, f"[{item.mark}]", "[ ]"))
        if item.is_optional and status is ListedStatus.PENDING:
            status = ListedStatus.DEFERRED
        lines = (item.text, *item.body.split("\n"))
        stated = [on for line in lines for on in _waits_for(line) if on != entry.id]
        section = {"section": item.heading.text} if item.heading and item.heading.level > 1 else {}
        self._tasks.append(
            ListedTask(
                id=entry.id,
                title=entry.title,
                at=at,
                description=item.body,
                status=status,
                why=_OPTIONAL if item.is_optional else None,
                depends_on=tuple(dict.fromkeys([*waits_for, *stated])) if stated else waits_for,
                part_of=part_of,
                labels=entry.labels,
                metadata=section,
            )
        )


def _sections(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items heading by heading."""
    section: list[Item] = []
    for item in items:
        if section and item.heading != section[-1].heading:
            yield section
            section = []
        section.append(item)
    if section:
        yield section


def _without_bold(text: str) -> str:
    return text.lstrip("*_") if text.startswith(("**", "__")) else text


def _id_in(text: str) -> str | None:
    """The id that a text begins with: `T001`, `1.`, `1.2`, `#12` or `owner/project#12`."""
    text = _without_bold(text)
    word = text.split(maxsplit=1)[0] if text.split() else ""
    return _as_id(word.rstrip(".):*_"))


def _as_id(word: str) -> str | None:
    """The word, if it has the form of an id."""
    number = word[1:]
    if word.startswith("T") and number[:1].isdigit() and number.isascii() and number.isalnum():
        return word
    if word and all(part.isascii() and part.isdigit() for part in word.split(".")):
        return word
    owner, hash_, issue = word.rpartition("#")
    if hash_ and issue.isascii() and issue.isdigit() and (not owner or "/" in owner):
        return word
    return None


def _waits_for(line: str) -> Iterator[str]:
    """The ids behind `depends on` or `blocked by` in a line."""
    lower = line.lower()
    for phrase in _WAITING:
        behind = lower.find(phrase)
        if behind < 0:
            continue
        for word in line[behind + len(phrase) :].replace(",", " ").replace("`", " ").split():
            stated = _as_id(word.strip("().:;*_[]"))
            if stated is not None:
                yield stated
            elif word.lower() not in {"and", "&", "+", "task", "tasks", "issue", ":"}:
                break


def markdown_task_list(
    text: str, kind: PlanFormat | None = None, name: str | None = None
) -> tuple[PlanFormat, TaskList]:
    """The format of a checklist, recognised unless it is given, and its tasks."""
    checklist = read_checklist(text)
    own = front_matter_of(checklist)
    if own is not None and kind in {None, PlanFormat.MARKDOWN}:
        return PlanFormat.MARKDOWN, read_own_checklist(checklist, own)
    kind = kind or recognise(checklist)
    return kind, read_task_list(checklist, kind, name)
