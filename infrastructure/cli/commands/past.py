"""`plangate as-of` and `plangate diff`: how a plan stood, and what is different since."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.history.diff import ChangeKind, PlanDiff
from plangate.infrastructure.cli.input.options import PlanId, moment, point
from plangate.infrastructure.cli.render import status as show
from plangate.infrastructure.cli.render.tables import table_of
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless, written

_POINT = "a version, an event id or a time"


def as_of(
    terminal: Terminal,
    plan: PlanId,
    *,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="After its N-th event.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="At this time, ISO 8601 with its zone: …T12:00:00Z."
        ),
    ] = None,
) -> None:
    """Show how a plan stood at a version or at a time."""
    if (version is None) is (at is None):
        raise typer.BadParameter("give --version or --at")
    then = None if at is None else moment("--at", at)
    status = terminal.registry.history.as_of(plan, version=version, at=then)
    terminal.answer(status, show.past_status)


def diff(
    terminal: Terminal,
    plan: PlanId,
    a: Annotated[str, typer.Argument(metavar="A", help=f"From here: {_POINT}.")],
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help=f"To here: {_POINT}; without it, to now.")
    ] = None,
) -> None:
    """Show what is different in a plan between two points of its history."""
    begin, end = point("A", a, plan), None if b is None else point("B", b, plan)
    terminal.answer(terminal.registry.history.diff(plan, begin, end), _shown)


def _shown(told: PlanDiff, _hint: Hint) -> RenderableType:
    begin, end = harmless(told.a.event_id), harmless(told.b.event_id)
    heading = (
        Text(written(told.goal), style="bold"),
        Text(f"{begin} → {end} · {count(told.events, 'event')}"),
    )
    if not told.changes:
        return Group(*heading, Text("Nothing is different."))
    table = table_of(Column("", no_wrap=True), Column("what", overflow="fold"), Column("event"))
    for one in told.changes:
        sign, style = _SIGNS.get(one.kind, ("~", ""))
        event = one.event_id or ""
        table.add_row(Text(sign, style=style), Text(harmless(one.text)), Text(harmless(event)))
    return Group(*heading, table)


_SIGNS = {
    ChangeKind.TASK_CAME: ("+", "green"),
    ChangeKind.TASK_LEFT: ("-", "red"),
    ChangeKind.TASK_MOVED: ("↕", "cyan"),
}
