"""`plangate outcome`: what became of a task's result outside plangate."""

from typing import Annotated

import typer
from rich.text import Text

from plangate.domain.vocabulary import Outcome
from plangate.infrastructure.cli.input.options import PlanId, TaskId
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.cli.wording import harmless


def outcome(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    became: Annotated[
        Outcome, typer.Argument(metavar="OUTCOME", help=f"One of {', '.join(Outcome)}.")
    ],
    *,
    source: Annotated[
        str,
        typer.Option("--source", metavar="NAME", help="Who says so: ci, review, customer, …"),
    ],
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="What is known about it.")
    ] = None,
) -> None:
    """Record whether a task's result was accepted or rejected; it moves no figure."""
    now = terminal.registry.record_outcome(
        plan, task, became, source=source, note=note, **terminal.call
    )
    said = f"{harmless(task)}: {became}, says {harmless(source)}"
    terminal.answer(now, lambda plan, _hint: Text(f"{said} ({plan.plan_id}@{plan.version})."))
