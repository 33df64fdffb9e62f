"""A plan as a checklist that people read and edit, and that is read back without loss.

An item begins with the task's id in code; a list inside it holds what else is known of the
task, a quote its description. The front matter names the plan.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
    slug,
)
from plangate.application.numbers import confidence_text
from plangate.application.results import PlanStatus
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.task import Task
from plangate.domain.vocabulary import Score, TaskStatus
from plangate.infrastructure.plan_formats.checklist import Checklist, Item
from plangate.infrastructure.plan_formats.inline import code, codes, escaped, inline_tokens, plain

KEY: Final = "plangate"
"""What the front matter calls the plan's id; by it the format is recognised."""

_BOXES: Final[Mapping[TaskStatus, str]] = {
    TaskStatus.DONE: "[x]",
    TaskStatus.IN_PROGRESS: "[~]",
}
_MARKS: Final[Mapping[str, ListedStatus]] = {
    "": ListedStatus.PENDING,
    "x": ListedStatus.DONE,
    "X": ListedStatus.DONE,
    "~": ListedStatus.IN_PROGRESS,
    "-": ListedStatus.CANCELLED,
}
_SECTION: Final = "section"
"""The task's metadata that is written as a heading."""

_SCORE: Final[TypeAdapter[float]] = TypeAdapter(Score)


# --- writing ---


def write_checklist(plan: Plan, now: datetime) -> str:
    """The plan as a checklist, with its statuses and scores."""
    status = PlanStatus.of(plan, now)
    front: dict[str, Any] = {KEY: plan.plan_id}
    if plan.priority:
        front["priority"] = plan.priority
    if plan.labels:
        front["labels"] = list(plan.labels)
    if plan.metadata:
        front["metadata"] = plan.metadata
    policy = plan.policy.model_dump(mode="json", exclude_defaults=True)
    if policy:
        front["policy"] = policy
    lines = ["---", *(f"{name}: {_json(value)}" for name, value in front.items()), "---", ""]
    lines += [f"# {escaped(plan.goal or plan.plan_id)}", ""]
    confidence = confidence_text(status.rolling_confidence, status.evidence.scored)
    summary = (
        f"Confidence {confidence} of {status.confidence_threshold}, "
        f"{status.evidence.sentence}. The gate says: {status.verdict}."
    )
    lines += [summary, ""]
    has_headings, section = _has_headings(plan), None
    for task in plan:
        if has_headings and task.metadata.get(_SECTION) != section:
            section = task.metadata[_SECTION]
            lines += [*([""] if lines[-1] else []), f"## {escaped(section)}", ""]
        metadata = {
            name: value
            for name, value in task.metadata.items()
            if not has_headings or name != _SECTION
        }
        lines += _item(task, metadata)
    return "\n".join(lines).rstrip("\n") + "\n"


def _has_headings(plan: Plan) -> bool:
    """Whether headings can say in which section each task is: none follows a section unnamed."""
    sections = [task.metadata.get(_SECTION) for task in plan if _SECTION in task.metadata]
    are_behind = all(
        _SECTION in task.metadata for task in list(plan)[len(plan.order) - len(sections) :]
    )
    return are_behind and all(isinstance(one, str) and one.strip() for one in sections)


def _item(task: Task, metadata: Mapping[str, Any]) -> Iterator[str]:
    title = f" {escaped(task.title)}" if task.title else ""
    yield f"- {_BOXES.get(task.status, '[ ]')} {code(task.id)}{title}"
    facts = list(_facts(task))
    if facts:
        yield ""
        yield from (f"  - {name}: {value}" if value else f"  - {name}" for name, value in facts)
    if task.description:
        yield ""
        yield from (f"  > {line}" if line else "  >" for line in task.description.split("\n"))
    if metadata:
        yield ""
        yield from ("  ```json", f"  {_json(metadata)}", "  ```")
    if facts or task.description or metadata:
        yield ""


def _facts(task: Task) -> Iterator[tuple[str, str]]:
    if task.status not in _BOXES and task.status is not TaskStatus.PENDING:
        yield "status", task.status.value
    if task.prompt_score is not None:
        yield "prompt score", repr(task.prompt_score)
    if task.output_score is not None:
        yield "output score", repr(task.output_score)
    if task.deferred is not None:
        yield "deferred", escaped(task.deferred.reason or "")
    if task.depends_on:
        yield "after", ", ".join(map(code, task.depends_on))
    if task.labels:
        yield "labels", ", ".join(map(code, task.labels))
    if task.priority is not None:
        yield "priority", str(task.priority)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


# --- reading ---


def front_matter_of(checklist: Checklist) -> dict[str, Any] | None:
    """The front matter of a checklist that plangate wrote, or None."""
    found: dict[str, Any] = {}
    for line in (checklist.front_matter or "").split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value.strip()
    return found if isinstance(found.get(KEY), str) else None


def read_own_checklist(checklist: Checklist, front: Mapping[str, Any]) -> TaskList:
    """The plan in a checklist that plangate wrote, perhaps edited since."""
    reader = _OwnReader(checklist)
    titles = [heading.text for heading in checklist.headings if heading.level == 1]
    metadata, labels, priority = front.get("metadata"), front.get("labels"), front.get("priority")
    return TaskList(
        plan_id=front[KEY],
        goal=plain(titles[0]) if titles else front[KEY],
        tasks=reader.tasks(),
        metadata=metadata if isinstance(metadata, dict) else {},
        labels=list(map(str, labels)) if isinstance(labels, list) else (),
        priority=priority if isinstance(priority, int) else 0,
        policy=reader.policy(front.get("policy")),
        notes=reader.notes,
        is_named=True,
    )


class _OwnReader:
    """Reads the items, also those that people added or changed."""

    def __init__(self, checklist: Checklist) -> None:
        self._checklist = checklist
        self.notes: list[NotCarried] = []

    def tasks(self) -> list[ListedTask]:
        return [task for item in self._checklist.items for task in self._read(item, None)]

    def policy(self, given: object) -> Policy | None:
        """The policy of the front matter; one that is not valid is listed."""
        if given is None:
            return None
        try:
            return Policy.model_validate(given)
        except ValidationError:
            why = "the policy is not valid; the plan has the usual one"
            self.notes.append(EntryLocation("", 1, 1).note(why, "policy"))
            return None

    def _read(self, item: Item, part_of: str | None) -> Iterator[ListedTask]:
        task_id, title = _id_and_title(item)
        for inner in item.items:
            yield from self._read(inner, task_id)
        at = EntryLocation("", item.line, item.column)
        if item.mark not in _MARKS:
            why = "the box is not understood; the task counts as open"
            self.notes.append(at.note(why, f"[{item.mark}]", "[ ]"))
        facts = dict(self._facts(item))
        status = _MARKS.get(item.mark, ListedStatus.PENDING)
        if "status" in facts and status is ListedStatus.PENDING:
            try:
                status = ListedStatus(facts["status"])
            except ValueError:
                self.notes.append(at.note("there is no such status", facts["status"]))
        if "deferred" in facts and status is ListedStatus.PENDING:
            status = ListedStatus.DEFERRED
        inside = [_id_and_title(inner)[0] for inner in item.items]
        yield ListedTask(
            id=task_id,
            title=title or task_id,
            at=at,
            description=self._description(item),
            status=status,
            why=plain(facts.get("deferred", "")) or None,
            depends_on=tuple(dict.fromkeys([*codes(facts.get("after", "")), *inside])),
            part_of=part_of,
            priority=self._number(facts, "priority", at),
            labels=codes(facts.get("labels", "")),
            metadata=_section_of(item) | self._metadata(item, at),
            prompt_score=self._score(facts, "prompt score", at),
            output_score=self._score(facts, "output score", at),
        )

    @staticmethod
    def _facts(item: Item) -> Iterator[tuple[str, str]]:
        """The names and values in the plain lists inside an item."""
        for block in item.nodes:
            if block.type != "bullet_list":
                continue
            for node in block.children:
                if node.children and node.children[0].type == "paragraph":
                    content = node.children[0].children[0].content
                    name, _, value = content.partition(":")
                    if not content.startswith("["):
                        yield name.strip(), value.strip()

    def _description(self, item: Item) -> str:
        lines = []
        for block in item.nodes:
            if block.type == "blockquote":
                begin, end = block.map or (0, 0)
                quoted = (line.lstrip() for line in self._checklist.lines[begin:end])
                lines += [line[1:].removeprefix(" ") for line in quoted if line.startswith(">")]
        return "\n".join(lines)

    def _metadata(self, item: Item, at: EntryLocation) -> dict[str, Any]:
        for block in item.nodes:
            if block.type == "fence" and block.info.strip() == "json":
                try:
                    value = json.loads(block.content)
                except ValueError:
                    value = None
                if isinstance(value, dict):
                    return value
                self.notes.append(at.note("the metadata is not a JSON object", None))
        return {}

    def _number(self, facts: Mapping[str, str], name: str, at: EntryLocation) -> int | None:
        if name not in facts:
            return None
        try:
            return int(facts[name])
        except ValueError:
            self.notes.append(at.note(f"{name} must be a whole number", facts[name]))
            return None

    def _score(self, facts: Mapping[str, str], name: str, at: EntryLocation) -> float | None:
        if name not in facts:
            return None
        try:
            return _SCORE.validate_python(float(facts[name]))
        except ValueError:
            self.notes.append(at.note(f"{name} must be a number from 0 to 1", facts[name]))
            return None


def _section_of(item: Item) -> dict[str, Any]:
    heading = item.heading
    return {_SECTION: plain(heading.text)} if heading and heading.level > 1 else {}


def _id_and_title(item: Item) -> tuple[str, str]:
    """The id in code, and the title behind it; an item without one is called by its title."""
    first = next(iter(inline_tokens(item.text)), None)
    if first is not None and first.type == "code_inline":
        span = len(first.markup)
        end = item.text.find(first.markup, span)
        while item.text[end + span : end + span + 1] == "`":  # a longer run does not close it
            end = item.text.find(first.markup, _behind(item.text, end))
        return first.content, plain(item.text[end + span :].removeprefix(" "))
    title = plain(item.text)
    return slug(title) or f"line-{item.line}", title


def _behind(text: str, index: int) -> int:
    while text[index : index + 1] == "`":
        index += 1
    return index
