"""`plangate views`: how the status views stand, and making them again from the log."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.views.status import ViewReport, ViewStatus
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, written


class Action(StrEnum):
    """What can be done with views."""

    REBUILD = "rebuild"


def views(
    terminal: Terminal,
    action: Annotated[
        Action | None,
        typer.Argument(metavar="rebuild", help="Make views again from the log alone."),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only this view; without it, all.")
    ] = None,
) -> None:
    """Progress how the status views stand: rows, lag, what they are stuck on. Or rebuild them."""
    if action is Action.REBUILD:
        with progress_bar(terminal, "rebuilding") as progress:
            terminal.registry.views.rebuild(*([name] if name else []), progress=progress)
    terminal.answer(terminal.registry.views.report(), _report)


def _report(report: ViewReport, _hint: Hint) -> RenderableType:
    table = tables.table_of(
        Column("view", no_wrap=True),
        Column("rows", justify="right", no_wrap=True),
        Column("lag", justify="right", no_wrap=True),
        Column("rebuilding", no_wrap=True),
        Column("stuck on", overflow="fold"),
    )
    for view in report.views:
        rebuilding = "" if view.rebuilding is None else f"{view.rebuilding:,}"
        table.add_row(view.name, f"{view.rows:,}", f"{view.lag:,}", rebuilding, _stuck(view))
    said = [f"The log holds positions up to {report.position:,}."]
    if any(view.lag for view in report.views):
        said.append("A view that lags catches up when it is asked.")
    if any(view.stuck for view in report.views):
        said.append(
            "Rows of plans that a view is stuck on stay as they were until the event is mended."
        )
    return Group(table, *(Text(line) for line in said))


def _stuck(view: ViewStatus) -> Text:
    if not view.stuck:
        return Text("")
    first = view.stuck[0]
    more = f", and {count(len(view.stuck) - 1, 'more plan')}" if len(view.stuck) > 1 else ""
    since = f"{first.since:%Y-%m-%d %H:%M:%S} UTC"
    return Text(written(f"{first.plan_id}@{first.version} since {since}: {first.why}{more}"))
