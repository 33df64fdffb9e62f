"""What comparing the log with the ledger and with checkpoints found."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.ledger.reports import LedgerFindingKind, LedgerRebuild, LedgerReport
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless, listed

_AT_MOST: Final = 50
"""How many findings are shown; JSON lists more."""

_NEW_AT_MOST: Final = 5


def render_ledger_report(report: LedgerReport, hint: Hint) -> RenderableType:
    """What was compared, what is wrong, and what is not in the ledger yet."""
    return Group(*_compared(report), *_findings(report), *_next(report, hint))


def render_ledger_rebuild(report: LedgerRebuild, hint: Hint) -> RenderableType:
    """What the new ledger covers, and what it cannot show."""
    events = f"{count(report.size, 'event')} up to position {report.position:,}"
    if not report.rebuilt:
        return Text(f"The ledger is not damaged. It has {events}.")
    return Group(
        Text(f"The ledger was made anew from the log: {events}.", style="green"),
        Text(
            "It follows the log as it is now, and cannot show whether that was altered before."
            f" Compare it with the last checkpoint: {hint('ledger', 'verify', '--against', 'FILE')}"
        ),
    )


def _is_damaged(report: LedgerReport) -> bool:
    return any(found.kind is LedgerFindingKind.LEDGER for found in report.findings)


def _compared(report: LedgerReport) -> Iterator[RenderableType]:
    if report.compared:
        yield Text(f"Compared {count(report.compared, 'event')} with the ledger.")
    elif not _is_damaged(report):
        yield Text("The ledger is empty: there is nothing to compare yet.", style="yellow")
    if report.checkpoints:
        yield Text(f"Compared the whole log with {count(report.checkpoints, 'checkpoint')}.")


def _findings(report: LedgerReport) -> Iterator[RenderableType]:
    if not report.finding_count:
        if report.compared or report.checkpoints:
            yield Text("Nothing was altered, removed, added or reordered.", style="green")
        return
    yield Text(f"{count(report.finding_count, 'finding')}:", style="bold red")
    table = tables.Listing(tables.right("position"), "event", tables.fixed(""), "what is wrong")
    for finding in report.findings[:_AT_MOST]:
        table.add_row(
            "" if finding.position is None else f"{finding.position:,}",
            Text(harmless(finding.event_id or "")),
            Text(finding.kind, style="red"),
            Text(harmless(finding.why)),
        )
    yield table
    yield from tables.and_more(report.finding_count - _AT_MOST)


def _next(report: LedgerReport, hint: Hint) -> Iterator[RenderableType]:
    if _is_damaged(report):
        yield Text(f"To make the ledger anew from the log: {hint('ledger', 'rebuild')}")
    elif report.new:
        first = report.new_events[:_NEW_AT_MOST]
        more = f" and {report.new - len(first):,} more" if report.new > len(first) else ""
        yield Text(
            f"Not in the ledger yet: {count(report.new, 'event')} ({listed(first)}{more})."
            f" To add what is new: {hint('ledger', 'checkpoint')}"
        )
