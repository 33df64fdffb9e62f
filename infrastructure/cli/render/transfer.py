"""What an export wrote, and what an import or a trace recorded."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.importer import ImportReport
from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.results import ImportedTask, ImportOutcome, PlansImport
from plangate.application.importing.update import TaskChange
from plangate.infrastructure.cli.answers import Tally, TraceReport
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless, spaced, unbroken

_OUTCOMES: Final = {
    ImportOutcome.TAKEN: "left alone, another plan has this id",
    ImportOutcome.EMPTY: "no plan, it is empty",
}
_WOULD: Final = {ImportOutcome.IMPORTED, ImportOutcome.UPDATED}
_SIGNS: Final = {"added": "+", "dropped": "-"}

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


def render_plans_import(file: str) -> Callable[[PlansImport, Hint], RenderableType]:
    """Another tool's plans, what changed in each, and what was left behind and where."""

    def render(report: PlansImport, hint: Hint) -> RenderableType:
        lines = [Text(f"{harmless(file)} is {report.format}.", style="dim")]
        for plan in report.plans:
            outcome = _OUTCOMES.get(plan.outcome, spaced(plan.outcome))
            if report.dry_run and plan.outcome in _WOULD:
                outcome = f"would be {outcome}"
            name = Text(harmless(plan.plan_id), style="bold")
            lines.append(name + Text(f": {outcome}, {count(plan.tasks, 'task')}", style=""))
            lines += [Text(harmless(f"  {_planned(task)}")) for task in plan.planned]
            lines += [Text(harmless(f"  {_changed(change)}")) for change in plan.changes]
            lines += _all_left(file, plan.not_carried)
            if plan.outcome is ImportOutcome.TAKEN:
                words = ("import", file, "--plan", f"{plan.plan_id}-2")
                lines.append(unbroken(f"  {hint(*words)}"))
        lines += _all_left(file, report.not_carried)
        if report.dry_run:
            lines.append(Text("Nothing was recorded."))
            return Group(*lines)
        outcomes = Counter(plan.outcome for plan in report.plans)
        counted = ", ".join(f"{plans:,} {spaced(outcome)}" for outcome, plans in outcomes.items())
        total = f"{count(len(report.plans), 'plan')}: {counted or 'nothing to import'}."
        lines.append(Text(total))
        return Group(*lines)

    return render


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


def _planned(task: ImportedTask) -> str:
    """A task that would be made, in one line."""
    status = "deferred" if task.deferred else spaced(task.status)
    after = f", after {', '.join(task.depends_on)}" if task.depends_on else ""
    why = f", {task.deferred}" if task.deferred else ""
    return f"{task.id}  {task.title or ''} ({status}{after}{why})"


def _changed(change: TaskChange) -> str:
    """What an update does to a task, in one line."""
    sign = _SIGNS.get(change.change, "~")
    what = f" ({', '.join(map(spaced, change.fields)) or spaced(change.change)})"
    return f"{sign} {change.task_id}  {change.title or ''}{'' if sign in '+-' else what}"


def _all_left(file: str, notes: Iterable[NotCarried]) -> Iterator[Text]:
    for left in notes:
        yield Text(f"  {left_behind(file, left)}", style="dim")


def left_behind(file: str, left: NotCarried) -> str:
    """What does not come along, where it is in its file, and why."""
    theirs = "" if left.theirs is None else f" {json.dumps(left.theirs, ensure_ascii=False):.80}"
    ours = "" if left.ours is None else f", here {json.dumps(left.ours, ensure_ascii=False):.80}"
    pointer = left.pointer
    if left.line is not None:
        is_file = bool(pointer) and not pointer.startswith("/")
        named, pointer = (pointer, "") if is_file else (file, pointer)
        pointer = f"{named}:{left.line}:{left.column} {pointer}".rstrip()
    return harmless(f"{pointer}{theirs}{ours}: {left.why}".removeprefix(": "))


def _digest(digest: str) -> Text:
    return Text(f"content {digest}", style="dim")
