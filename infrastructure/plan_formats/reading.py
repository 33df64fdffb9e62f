"""Plans read from text or from a folder, in the format that it has or is said to have."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.results import PlanFormat, PlansImport
from plangate.application.importing.task_list import TaskList, plan_id_of
from plangate.infrastructure.plan_formats.markup import (
    Malformed,
    SourceLocation,
    read_json,
    read_yaml,
)

_MARKDOWN: Final = {
    PlanFormat.SPEC_KIT,
    PlanFormat.KIRO,
    PlanFormat.OPENSPEC,
    PlanFormat.MARKDOWN,
    PlanFormat.BACKLOG,
}
_OF_LOOPLLM: Final = {"rolling_confidence", "needs_replan", "replan_count", "task_count"}
_OF_BEADS: Final = {"issue_type", "created_at"}
_OF_TASKMASTER: Final = {"status", "details", "testStrategy", "subtasks", "dependencies"}
_MARKDOWN_SUFFIXES: Final = {".md", ".markdown", ".mdown"}
_YAML_SUFFIXES: Final = {".yaml", ".yml"}

Locate = Callable[[str], tuple[int, int] | None]
"""The line and column of a JSON pointer, or of the nearest thing around it."""


@dataclass(frozen=True, slots=True)
class ReadPlans:
    """What `registry.bundles.import_plans` takes: a format, and data or task lists in it.

    `locations` are those of its fields, where it is one document of JSON or YAML.
    """

    format: PlanFormat
    given: Any
    locate: Locate = lambda _pointer: None
    locations: Mapping[str, SourceLocation] = dataclasses.field(default_factory=dict)

    @property
    def lists(self) -> tuple[TaskList, ...]:
        """The task lists, where it is text that was read."""
        return self.given if isinstance(self.given, tuple) else ()

    @property
    def problems(self) -> tuple[NotCarried, ...]:
        """What was not understood in text, with line and column."""
        return tuple(note for listed in self.lists for note in listed.notes)


# The parser of Markdown is imported when there is Markdown: plan files need not wait for it.


def plan_from_markdown(
    text: str, *, kind: PlanFormat | None = None, name: str | None = None
) -> ReadPlans:
    """The plan in a Markdown checklist; its format is recognised unless it is given.

    `name` is the path of the file, if it has one: it may name the plan.
    """
    from plangate.infrastructure.plan_formats.backlog import backlog_list, is_backlog
    from plangate.infrastructure.plan_formats.checklist import read_checklist
    from plangate.infrastructure.plan_formats.markdown import markdown_task_list

    if kind is PlanFormat.BACKLOG or (kind is None and is_backlog(read_checklist(text))):
        listed = backlog_list([(name or "", text)], plan_id_of(name) or "backlog")
        return ReadPlans(PlanFormat.BACKLOG, (listed,))
    recognised, listed = markdown_task_list(text, kind, name)
    return ReadPlans(recognised, (listed,))


def read_plans(
    text: str,
    *,
    kind: PlanFormat | None = None,
    name: str | None = None,
    suffix: str | None = None,
    otherwise: PlanFormat = PlanFormat.TASKMASTER,
) -> ReadPlans:
    """The plans in a text; raises `Malformed` where it is in none of the formats.

    `name` is the path of the file, and `suffix` its ending where the name does not say it.
    `otherwise` is the format of JSON and YAML in which nothing says whose it is.
    """
    suffix = suffix or Path(name or "").suffix.lower()
    if kind in _MARKDOWN or (kind is None and suffix in _MARKDOWN_SUFFIXES):
        return plan_from_markdown(text, kind=kind, name=name)
    if kind is PlanFormat.BEADS or suffix == ".jsonl":
        return _json_lines(text, kind)
    begins_so = text.lstrip()[:1] in {"{", "["}
    if suffix == ".json" or (begins_so and suffix not in _YAML_SUFFIXES):
        try:
            value, locations = read_json(text)
        except Malformed:
            if kind is None and _is_lines(text):
                return _json_lines(text, None)
            raise
        found = _recognise(value) if kind is None else None
    elif kind is None and suffix not in _YAML_SUFFIXES and _is_checklist(text):
        return plan_from_markdown(text, name=name)
    else:
        value, locations = read_yaml(text)
        if kind is None and not isinstance(value, dict | list):
            raise _in_none_of_the_formats()
        found = PlanFormat.PLAN if isinstance(value, dict) and "goal" in value else None
    kind = kind or found or otherwise
    return ReadPlans(kind, value, _locator(value, locations), locations)


def _is_checklist(text: str) -> bool:
    """Whether text without a name is Markdown, and not a plan file whose texts hold checkboxes."""
    from plangate.infrastructure.plan_formats.checklist import read_checklist

    checklist = read_checklist(text)
    if not checklist.items and checklist.front_matter is None:
        return False
    try:
        return not isinstance(read_yaml(text)[0], dict)
    except Malformed:
        return True


def read_folder(folder: Path) -> ReadPlans:
    """The tasks of Backlog.md in a folder: `backlog`, or its `tasks`."""
    from plangate.infrastructure.plan_formats.backlog import backlog_list

    inner = folder / "tasks"
    tasks = inner if inner.is_dir() else folder
    folders = [tasks, tasks.parent / "completed"] if tasks.name == "tasks" else [tasks]
    paths = [path for one in folders for path in sorted(one.glob("*.md"), key=_natural)]
    files = [(str(path.relative_to(folder.parent)), _text_of(path)) for path in paths]
    listed = backlog_list(files, plan_id_of(str(tasks.resolve())) or "backlog")
    return ReadPlans(PlanFormat.BACKLOG, (listed,))


def _text_of(path: Path) -> str:
    return path.read_text("utf-8-sig", errors="replace")


def _natural(path: Path) -> list[tuple[int, str]]:
    """By the numbers in a name: `task-10` after `task-9`."""
    spaced = "".join(one if one.isalnum() else " " for one in path.name)
    parts = spaced.split()
    return [(int(part) if part.isascii() and part.isdigit() else 0, part) for part in parts]


def _recognise(value: object) -> PlanFormat | None:
    """Whose JSON this is, by its keys; None where they do not say."""
    if isinstance(value, list):
        entries = [one for one in value if isinstance(one, dict)]
        if entries and "plan_id" in entries[0]:
            return PlanFormat.LOOPLLM
        if entries and _OF_BEADS & entries[0].keys():
            return PlanFormat.BEADS
        return PlanFormat.TASKMASTER if any(map(_is_of_taskmaster, entries)) else None
    if not isinstance(value, dict):
        raise _in_none_of_the_formats()
    listed = value.get("tasks")
    tasks = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if "goal" in value:
        with_status = any("status" in task for task in tasks)
        is_saved = "plan_id" in value and (with_status or _OF_LOOPLLM & value.keys())
        return PlanFormat.LOOPLLM if is_saved else PlanFormat.PLAN
    tags = [one.get("tasks") for one in value.values() if isinstance(one, dict)]
    if any(isinstance(one, list) for one in tags) or any(map(_is_of_taskmaster, tasks)):
        return PlanFormat.TASKMASTER
    return None


def _in_none_of_the_formats() -> Malformed:
    return Malformed(f"is in none of the formats {', '.join(PlanFormat)}", 1, 1)


def _is_of_taskmaster(task: Mapping[str, Any]) -> bool:
    """Whether a task has what Task Master alone writes; its ids are numbers."""
    return bool(_OF_TASKMASTER & task.keys()) or isinstance(task.get("id"), int)


def _is_lines(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines)


def _json_lines(text: str, kind: PlanFormat | None) -> ReadPlans:
    """A JSON value a line; a line that cannot be read keeps no other out."""
    if text.lstrip().startswith("["):
        value, locations = read_json(text)
        return ReadPlans(kind or PlanFormat.BEADS, value, _locator(value, locations))
    values: list[Any] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        lines.append(number)
        try:
            values.append(read_json(line)[0])
        except Malformed as error:
            values.append(f"{error}, at column {error.column}")

    def locate(pointer: str) -> tuple[int, int] | None:
        index = pointer.split("/")[1:2]
        return (lines[int(index[0])], 1) if index and index[0].isdigit() else None

    return ReadPlans(kind or PlanFormat.BEADS, values, locate)


def _locator(value: object, locations: Mapping[str, SourceLocation]) -> Locate:
    def locate(pointer: str) -> tuple[int, int] | None:
        field = ""
        for step in _steps(value, pointer):
            if step not in locations:
                break
            field = step
        found = locations.get(field)
        return None if found is None else (found.line, found.column)

    return locate


def _steps(value: object, pointer: str) -> Iterator[str]:
    """The name of each field on the way to a JSON pointer, as `tasks[2].title`."""
    field, here = "", value
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, list) and name.isdigit() and int(name) < len(here):
            field, here = f"{field}[{name}]", here[int(name)]
        elif isinstance(here, dict):
            field, here = (f"{field}.{name:.80}" if field else f"{name:.80}"), here.get(name)
        else:
            return
        yield field


def with_locations(report: PlansImport, locate: Locate) -> PlansImport:
    """The report, with the line and column of everything that is listed in it."""
    plans = tuple(
        plan.model_copy(update={"not_carried": _located(plan.not_carried, locate)})
        for plan in report.plans
    )
    left = _located(report.not_carried, locate)
    return report.model_copy(update={"plans": plans, "not_carried": left})


def _located(notes: Sequence[NotCarried], locate: Locate) -> tuple[NotCarried, ...]:
    """The notes, with line and column where their JSON pointers are."""
    return tuple(
        note
        if note.line is not None or not note.pointer or (at := locate(note.pointer)) is None
        else note.model_copy(update={"line": at[0], "column": at[1]})
        for note in notes
    )
