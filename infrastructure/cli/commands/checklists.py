"""Plans written as Markdown checklists, for people and for other tools."""

from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.text import Text

from plangate.application.results import Result
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.cli.input.options import STDIN
from plangate.infrastructure.cli.render.text import count, harmless
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.plan_formats.own_checklist import write_checklist


class ChecklistExport(Result):
    """A checklist that was written: of which plan, where, and how many tasks it has."""

    plan_id: str
    file: str
    tasks: int


def export_checklist(terminal: Terminal, plans: list[str] | None, file: Path) -> None:
    """Write one plan to a file, or to standard output for `-`; a checklist is overwritten."""
    if plans is None or len(plans) != 1:
        raise typer.BadParameter("a checklist holds one plan: name it")
    plan = terminal.registry.get(plans[0])
    text = write_checklist(plan, datetime.now(UTC))
    if file == STDIN:
        terminal.write([text])
        return
    _require_own(file)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput([Problem("file", f"cannot be written: {error}")]) from None
    tasks = len(plan.order)
    terminal.done = "the checklist was written"
    terminal.answer(
        ChecklistExport(plan_id=plan.plan_id, file=str(file), tasks=tasks),
        lambda _answer, _hint: Text(harmless(f"{file}: {plan.plan_id}, {count(tasks, 'task')}.")),
    )


def _require_own(file: Path) -> None:
    """Refuse to replace a file that plangate did not write."""
    if not file.exists():
        return
    with file.open("rb") as stream:
        if not stream.read(20).startswith(b"---\nplangate: "):
            problem = f"{file} exists, and plangate did not write it; name another"
            raise InvalidInput([Problem("file", problem)])
