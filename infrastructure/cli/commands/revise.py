"""`plangate revise`: change a plan's tasks, by a file, by options, or in an editor."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from plangate.infrastructure.cli.input.completion import task_ids
from plangate.infrastructure.cli.input.options import (
    PlanId,
    RequiredReason,
    flag,
    option,
    readable_file,
)
from plangate.infrastructure.cli.input.plan_editing import edited_changes
from plangate.infrastructure.cli.input.plan_files import read_revision_file
from plangate.infrastructure.cli.render.acts import render_act
from plangate.infrastructure.cli.render.history import change_lines
from plangate.infrastructure.cli.terminal import Terminal


def revise(
    terminal: Terminal,
    plan: PlanId,
    file: Path | None = typer.Argument(
        None,
        metavar="FILE",
        help="Changes in YAML or JSON; - for standard input.",
        callback=readable_file,
    ),
    *,
    add: list[str] | None = option("--add", "TITLE", "Add a task; may be repeated."),
    after: str | None = option(
        "--after", "TASK", "Add it behind this task.", autocompletion=task_ids
    ),
    before: str | None = option(
        "--before", "TASK", "Add it in front of this task.", autocompletion=task_ids
    ),
    drop: list[str] | None = option(
        "--drop", "TASK", "Take a task out; may be repeated.", autocompletion=task_ids
    ),
    edit: bool = flag("--edit", "Change the plan as a file, in your editor."),
    reason: RequiredReason,
) -> None:
    """Change a plan's tasks, all or none; failed tasks that change start again.

    Example:
    plangate revise billing --add "Compare the sums" --after schema --reason "no check"
    plangate revise billing revision.yaml --reason "too much for one task"
    """
    _require_one_way(file, edit=edit, options=[*(add or ()), *(drop or ())])
    if (after or before) and not add:
        raise typer.BadParameter("--after and --before say where --add adds")
    plan = terminal.plan(plan)
    if file is not None:
        document = read_revision_file(file)
        with document.located():
            _revise(terminal, plan, reason, document.content)
    elif edit:
        now = terminal.registry.get_status(plan)
        with edited_changes(now, terminal.warn) as changes:
            if changes:
                _revise(terminal, plan, reason, changes)
                return
        unchanged = now.model_copy(update={"recorded": False})
        terminal.answer(unchanged, render_act("not changed.", full=terminal.full))
    else:
        _revise(terminal, plan, reason, [*_asked(terminal, plan, add, after, before, drop)])


def _require_one_way(file: Path | None, *, edit: bool, options: Sequence[str]) -> None:
    if (file is not None) + edit + bool(options) != 1:
        raise typer.BadParameter("give FILE, or --add and --drop, or --edit")


def _asked(
    terminal: Terminal,
    plan: str,
    add: Sequence[str] | None,
    after: str | None,
    before: str | None,
    drop: Sequence[str] | None,
) -> Iterator[Mapping[str, Any]]:
    """The changes that the options ask for; what is added together stays in its order."""
    place = {
        name: terminal.task_in(plan, task)[1]
        for name, task in (("after", after), ("before", before))
        if task is not None
    }
    for title in reversed(add or ()) if after is not None else add or ():
        yield {"op": "add", "task": {"title": title}, **place}
    for task in drop or ():
        yield {"op": "drop", "task_id": terminal.task_in(plan, task)[1]}


def _revise(
    terminal: Terminal, plan: str, reason: str, changes: Sequence[Mapping[str, Any]]
) -> None:
    before = terminal.registry.get_status(plan).version
    now = terminal.registry.revise(plan, reason, changes, **terminal.context)
    terminal.warn(*now.warnings)
    details: Sequence[str] = ()
    if not terminal.as_json and now.version > before:
        diff = terminal.registry.history.diff(plan, before, now.version)
        details = [*change_lines(diff, now)]
    act = render_act("revised.", full=terminal.full, details=details)
    terminal.answer(now, act)
