"""Looking after whole stores: copies from one to another."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.upkeep.reports import CopyReport
from plangate.infrastructure.bootstrap import connect, connect_to_existing
from plangate.infrastructure.cli.progress import progress
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count


def copy(
    terminal: Terminal,
    source: Annotated[str, typer.Argument(metavar="FROM", help="A store that is there.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="A store; made if it is not there.")],
) -> None:
    """Bring all plans of one store into another, as they are; run it again if it was cut short."""
    with (
        connect_to_existing(source) as ours,
        connect(target) as theirs,
        progress(terminal, "copying") as tell,
    ):
        report = ours.copy_to(theirs, tell=tell)
    if report.unreadable:
        terminal.warn(
            f"{count(report.unreadable, 'event')} that cannot be read: copied as they are;"
            " plangate doctor names them"
        )
    terminal.answer(report, _copied)


def _copied(report: CopyReport, _hint: Hint) -> RenderableType:
    there = f" {report.already_there:,} were there already." if report.already_there else ""
    positions = (
        "Every event has the position that it had."
        if report.positions_kept
        else "Events that got new positions keep the old one as origin_position."
    )
    return Group(
        Text(f"Copied {count(report.copied, 'event')}.{there}"),
        Text(
            f"Checked: the target holds all {count(report.checked, 'event')}"
            f" of {count(report.plans, 'plan')} up to position {report.position:,},"
            " byte for byte."
        ),
        Text(positions),
    )
