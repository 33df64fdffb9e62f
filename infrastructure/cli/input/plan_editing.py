"""A plan as a file in the user's editor, and the changes that were made in it."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from plangate.application.drafts import PlanDraft, TaskDraft
from plangate.application.reordering import tasks_to_move
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.errors import InvalidInput, PlangateError, Problem
from plangate.infrastructure.cli.input.plan_files import read_plan_file

_HEADING: Final = """\
# The tasks of {plan}. Change, add, move or take out tasks; save, and leave the editor.
# A task without an id is new. Leave without a change, and nothing is recorded.
"""
_FIELDS: Final = ("title", "description", "depends_on", "priority", "labels", "metadata")
_EMPTY: Final[tuple[object, ...]] = (None, "", (), {}, [])


@contextmanager
def edited_changes(
    plan: PlanStatus, warn: Callable[[str], None]
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The changes that a person makes in an editor; `warn` says where refused text is kept."""
    descriptor, name = tempfile.mkstemp(prefix="plangate-", suffix=".yaml")
    path, given = Path(name), _as_file(plan)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(given)
    try:
        _edit(path)
        document = read_plan_file(path)
        with document.located():
            yield changes_to(plan, document.content)
    except PlangateError:
        if path.exists() and path.read_bytes() != given.encode():
            warn(f"what you wrote is kept in {path}")
        else:
            path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def changes_to(plan: PlanStatus, draft: PlanDraft) -> list[Mapping[str, Any]]:
    """The changes that make a plan's tasks those of a draft, in its order."""
    if draft.goal != plan.goal:
        raise InvalidInput([Problem("goal", "cannot be changed; only tasks can")])
    there = {task.id: task for task in plan.tasks}
    kept = [task for task in draft.tasks if task.id in there]
    changes: list[Mapping[str, Any]] = [
        {"op": "drop", "task_id": task_id} for task_id in there.keys() - {task.id for task in kept}
    ]
    changes += [{"op": "move", "task_id": one, **to} for one, to in _moves(list(there), kept)]
    following = None
    adds = []
    for task in reversed(draft.tasks):
        if task.id in there:
            following = task.id
        else:
            place = {} if following is None else {"before": following}
            adds.append({"op": "add", "task": _given(task), **place})
    changes += reversed(adds)
    for task in kept:
        if different := _different(there[str(task.id)], task):
            changes.append({"op": "change", "task_id": task.id, **different})
    return changes


def _moves(order: Sequence[str], kept: Sequence[TaskDraft]) -> Iterator[tuple[str, dict[str, str]]]:
    """The fewest moves into the order of the draft, the last one first."""
    wanted = [str(task.id) for task in kept]
    moving = tasks_to_move(order, wanted)
    following = None
    for one in reversed(wanted):
        if one in moving:
            yield one, {} if following is None else {"before": following}
        following = one


def _different(task: TaskView, draft: TaskDraft) -> dict[str, Any]:
    """The fields of a task that the draft has otherwise; one that it leaves out is empty."""
    found = {}
    for name in _FIELDS:
        was, now = getattr(task, name), getattr(draft, name)
        empty = was in _EMPTY and now in _EMPTY
        if not empty and _plain(was) != _plain(now):
            found[name] = _plain(now)
    return found


def _given(task: TaskDraft) -> dict[str, Any]:
    return {name: _plain(value) for name, value in task.model_dump(exclude_unset=True).items()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _as_file(plan: PlanStatus) -> str:
    tasks = []
    for task in plan.tasks:
        fields = {name: _plain(getattr(task, name)) for name in _FIELDS}
        given = {name: value for name, value in fields.items() if value not in _EMPTY}
        tasks.append({"id": task.id, **given})
    content = {"goal": plan.goal, "tasks": tasks}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return _HEADING.format(plan=plan.plan_id) + text


def _edit(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603  (the user's own editor)
    except (OSError, ValueError) as error:
        raise InvalidInput([Problem("EDITOR", f"{editor!r:.80} cannot be run: {error}")]) from None
    if ended.returncode:
        problem = f"{editor!r:.80} ended with {ended.returncode}; nothing was recorded"
        raise InvalidInput([Problem("EDITOR", problem)])
