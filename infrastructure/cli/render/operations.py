"""Whole stores on a screen: checkups, backups, copies and the state of the views."""

from collections import Counter
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.operations.reports import (
    BackupReport,
    Checkup,
    CopyReport,
    Health,
    RestoreReport,
)
from plangate.application.views.queries import ViewReport, ViewStatus
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from plangate.infrastructure.cli.render.text import Hint, count, harmless, timestamp

_NEW_POSITIONS: Final = "Events that got new positions keep the old one as origin_position."

_STYLES: Final = {Health.OK: "green", Health.WARNING: "yellow", Health.PROBLEM: "bold red"}


def render_checkup(report: Checkup, _hint: Hint) -> RenderableType:
    """Each check with what it found, and how many problems there are."""
    table = Listing(fixed("check"), fixed(""), "found")
    for one in report.observations:
        lines = [Text(harmless(one.found))]
        if one.place:
            lines.append(Text(harmless(f"at {one.place}"), style="dim"))
        if one.advice:
            lines.append(Text(harmless(f"→ {one.advice}"), style="dim"))
        table.add_row(one.check, Text(one.health, style=_STYLES[one.health]), Group(*lines))
    found = Counter(one.health for one in report.observations)
    problems, warnings = found[Health.PROBLEM], found[Health.WARNING]
    total = f"{count(problems, 'problem')}, {count(warnings, 'warning')}."
    total = "All is well." if report.health is Health.OK else total
    return Group(Text(harmless(report.store)), table, Text(total))


def render_backup(report: BackupReport, _hint: Hint) -> RenderableType:
    """What a backup holds."""
    return Text(
        f"Wrote {harmless(report.file)}, {report.bytes:,} bytes. Checked: it is complete and holds"
        f" {_extent(report.events, report)}."
    )


def render_restored(report: RestoreReport, _hint: Hint) -> RenderableType:
    """What a restored store holds."""
    restored = (
        f"Restored from {harmless(report.file)}. Checked: the store holds"
        f" {_extent(report.events, report)}."
    )
    return Text(restored if report.positions_kept else f"{restored} {_NEW_POSITIONS}")


def render_copy(report: CopyReport, _hint: Hint) -> RenderableType:
    """What was copied, and that the target holds all of it."""
    there = f" Already there: {report.already_there:,}." if report.already_there else ""
    erased = f"Erased in the target, as in the source: the text of {count(report.erased, 'plan')}."
    return Group(
        Text(f"Copied {count(report.copied, 'event')}.{there}"),
        Text(f"Checked: the target holds all {_extent(report.checked, report)}, byte for byte."),
        Text("Every event kept its position." if report.positions_kept else _NEW_POSITIONS),
        *([Text(erased)] if report.erased else []),
    )


def render_views(report: ViewReport, _hint: Hint) -> RenderableType:
    """Each view with its rows, its lag, and the event it is stuck on."""
    table = Listing(fixed("view"), right("rows"), right("lag"), fixed("rebuilding"), "stuck on")
    for view in report.views:
        rebuilding = "" if view.rebuilding is None else f"{view.rebuilding:,}"
        table.add_row(view.name, f"{view.rows:,}", f"{view.lag:,}", rebuilding, _stuck(view))
    lines = [f"The log holds positions up to {report.position:,}."]
    if any(view.lag for view in report.views):
        lines.append("A view that lags catches up when it is asked.")
    if any(view.stuck for view in report.views):
        lines.append("The rows of a plan that a view is stuck on stay until its event is repaired.")
    return Group(table, *map(Text, lines))


def _extent(events: int, report: BackupReport | RestoreReport | CopyReport) -> str:
    plans = count(report.plans, "plan")
    return f"{count(events, 'event')} of {plans} up to position {report.position:,}"


def _stuck(view: ViewStatus) -> Text:
    if not view.stuck:
        return Text("")
    first, *others = view.stuck
    more = f", and {count(len(others), 'more plan')}" if others else ""
    event = f"{first.plan_id}@{first.version}"
    return Text(harmless(f"{event} since {timestamp(first.since)}: {first.why}{more}"))
