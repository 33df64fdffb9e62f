"""`plangate findings`: what in the history of scores deserves a second look."""

from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.evidence.finding import Finding, Severity
from plangate.application.evidence.findings import FindingsReport
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless, listed

_AT_MOST: Final = 50
"""So many findings are shown; JSON lists more."""

_EVENTS_AT_MOST: Final = 4
_STYLES: Final = {Severity.WARNING: "bold red", Severity.NOTICE: "yellow"}

PlanIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="PLAN", help="The plans' ids.", autocompletion=plan_ids),
]


def findings(terminal: Terminal, plans: PlanIds = None) -> None:
    """Look for scores that deserve a second look, in some plans or all; exit code 1 if any do."""
    with progress_bar(terminal, "looking") as progress:
        report = terminal.registry.evidence.findings(plans or None, progress=progress)
    for one in report.unreadable:
        terminal.warn(f"{one.plan_id}@{one.version} cannot be read: {one.why}")
    terminal.answer(report, _report)
    if report.finding_count:
        raise typer.Exit(REFUSED)


def _report(report: FindingsReport, _hint: Hint) -> RenderableType:
    looked = f"Looked through {count(report.plans, 'plan')}, {count(report.events, 'event')}."
    if not report.finding_count:
        return Group(Text(looked), Text("Nothing was found.", style="green"))
    table = tables.table_of(
        Column("", no_wrap=True),
        Column("where", overflow="fold"),
        Column("what", overflow="fold"),
        Column("events", overflow="fold"),
    )
    for finding in report.findings[:_AT_MOST]:
        where = finding.plan_id + ("" if finding.task_id is None else f" {finding.task_id}")
        table.add_row(
            Text(finding.severity, style=_STYLES[finding.severity]),
            Text(harmless(where)),
            Text(harmless(finding.sentence)),
            Text(_events(finding), style="dim"),
        )
    more = report.finding_count - _AT_MOST
    kinds = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in report.by_kind.items())
    return Group(
        Text(looked),
        table,
        *([Text(f"and {more:,} more")] if more > 0 else []),
        Text(f"{count(report.finding_count, 'finding')}: {kinds}."),
    )


def _events(finding: Finding) -> str:
    """The events' names; those of the plan itself by their version alone."""
    own = f"{finding.plan_id}@"
    names = [
        "@" + name.removeprefix(own) if name.startswith(own) else name
        for name in finding.event_ids[:_EVENTS_AT_MOST]
    ]
    more = finding.event_count - len(names)
    return listed(names) + (f" and {more:,} more" if more > 0 else "")
