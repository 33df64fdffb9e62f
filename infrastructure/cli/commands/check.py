"""`plangate check`: every recorded decision made again; fit to run in CI."""

from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.replay.check import CheckReport, Mismatch, MismatchKind
from plangate.application.replay.event_diff import EventFacts
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import event_text, tables
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless

_AT_MOST: Final = 50
"""So many mismatches are shown; JSON lists more."""

PlanIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="PLAN", help="The plans' ids.", autocompletion=plan_ids),
]


def check(terminal: Terminal, plans: PlanIds = None) -> None:
    """Make every recorded decision again, of some plans or of all; exit code 1 on a mismatch."""
    with progress_bar(terminal, "checking") as progress:
        report = terminal.registry.replay.check(plans or None, progress=progress)
    terminal.answer(report, _report)
    if report.mismatch_count:
        raise typer.Exit(REFUSED)


def _report(report: CheckReport, _hint: Hint) -> RenderableType:
    judged = ", ".join(
        (
            count(report.plans, "plan"),
            count(report.commands, "command"),
            count(report.events, "event"),
        )
    )
    if not report.mismatch_count:
        return Group(
            Text(f"Checked {judged}."),
            Text("Every decision is what the rules give.", style="green"),
        )
    table = tables.table_of(
        Column("event", overflow="fold"),
        Column("", no_wrap=True),
        Column("what was recorded", overflow="fold"),
        Column("by the rules", overflow="fold"),
    )
    for mismatch in report.mismatches[:_AT_MOST]:
        table.add_row(
            Text(harmless(mismatch.event_id)),
            Text(mismatch.kind, style="red"),
            Text("" if mismatch.recorded is None else event_text.facts(mismatch.recorded)),
            Text(_by_the_rules(mismatch)),
        )
    more = report.mismatch_count - _AT_MOST
    found = report.mismatch_count
    said = "One is not" if found == 1 else f"{found:,} are not"
    return Group(
        Text(f"Checked {judged}."),
        Text(f"{said} what the rules give:", style="bold red"),
        table,
        *([Text(f"and {more:,} more")] if more > 0 else []),
    )


def _by_the_rules(mismatch: Mismatch) -> str:
    recorded, expected = mismatch.recorded, mismatch.expected
    match mismatch.kind:
        case MismatchKind.WRONG if recorded and expected and mismatch.fields:
            return "; ".join(
                f"{field} {_fact(expected, field)}, not {_fact(recorded, field)}"
                for field in mismatch.fields
            )
        case MismatchKind.WRONG | MismatchKind.MISSING if expected:
            return event_text.facts(expected)
        case MismatchKind.UNDUE:
            return "nothing"
        case _:
            return harmless(mismatch.why)


def _fact(happening: EventFacts, field: str) -> str:
    value: Any = happening.facts.get(field)
    return "nothing" if value is None else harmless(str(value))
