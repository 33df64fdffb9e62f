"""What an export wrote, and what an import or a trace recorded."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.importer import ImportReport
from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.intake import PlansImport
from plangate.infrastructure.cli.answers import Tally, TraceReport
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless, spaced

_AT_MOST: Final = 10
"""How many decisions are shown; JSON lists more."""


def render_export(report: ExportReport, _hint: Hint) -> RenderableType:
    """How much was written, and its digest."""
    what = f"{count(report.plans, 'plan')}, {count(report.events, 'event')}"
    return Group(Text(f"{what}: {report.bytes:,} bytes."), _digest(report.content_sha256))


def render_import(report: ImportReport, _hint: Hint) -> RenderableType:
    """How much of a bundle was new here, and its digest."""
    plans = (
        f"{report.added:,} added, {report.extended:,} extended, "
        f"{report.already_there:,} already there"
    )
    return Group(
        Text(f"{count(report.plans, 'plan')}: {plans}."),
        Text(f"{count(report.events, 'event')}: {report.recorded:,} recorded."),
        *_erased_here(report),
        *_differing(report),
        _digest(report.content_sha256),
    )


def render_plans_import(report: PlansImport, _hint: Hint) -> RenderableType:
    """Another tool's plans, and what of each was left behind."""
    lines: list[Text] = []
    for plan in report.plans:
        result = f"{spaced(plan.outcome)}, {count(plan.tasks, 'task')}"
        lines.append(Text(f"{harmless(plan.plan_id)}: {result}"))
        lines += [Text(f"  {_left_behind(left)}", style="dim") for left in plan.not_carried]
    outcomes = Counter(plan.outcome for plan in report.plans)
    counted = ", ".join(f"{plans:,} {spaced(outcome)}" for outcome, plans in outcomes.items())
    total = f"{count(len(report.plans), 'plan')}: {counted or 'nothing to import'}."
    return Group(*lines, Text(total))


def render_trace_report(report: TraceReport, _hint: Hint) -> RenderableType:
    """What a trace added, what was there already, and how to add refused lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row("", Text("added", style="bold"), Text("already there", style="dim"))
    for thing in Tally.model_fields:
        added, there = getattr(report.added, thing), getattr(report.already_there, thing)
        table.add_row(thing, Text(f"{added:,}", style="bold"), Text(f"{there:,}", style="dim"))
    results = f"{report.recorded:,} recorded, {report.unchanged:,} unchanged"
    lines = [f"{count(report.lines, 'line')}: {results}, {len(report.refused):,} refused."]
    if report.stopped_at is not None:
        lines.append(
            f"Stopped at line {report.stopped_at}; the lines before it are done. Fix the cause "
            "and run the same command again: recorded lines are recognised."
        )
    elif report.refused:
        lines.append("Fix the refused lines and run the same command again to add them.")
    return Group(table, *map(Text, lines))


def _erased_here(report: ImportReport) -> Iterator[Text]:
    for plan in report.erasures:
        yield Text(f"{harmless(plan.plan_id)}: text erased in {count(plan.events, 'event')}.")


def _differing(report: ImportReport) -> Iterator[Text]:
    found = report.mismatch_count
    if not found:
        return
    decisions = "1 decision does" if found == 1 else f"{found:,} decisions do"
    yield Text(
        f"{decisions} not follow from the rules; plangate replay check has more:", style="yellow"
    )
    for one in report.mismatches[:_AT_MOST]:
        yield Text(harmless(f"  {one.event_id} {one.kind}: {one.why}"))
    yield from tables.and_more(found - _AT_MOST)


def _left_behind(left: NotCarried) -> str:
    theirs = "" if left.theirs is None else f" {json.dumps(left.theirs, ensure_ascii=False):.80}"
    ours = "" if left.ours is None else f", here {json.dumps(left.ours, ensure_ascii=False):.80}"
    return harmless(f"{left.pointer}{theirs}{ours}: {left.why}")


def _digest(digest: str) -> Text:
    return Text(f"content {digest}", style="dim")
