"""`plangate apply`: a trace applied line by line, with a progress bar and totals."""

import sys
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plangate.infrastructure.cli.answers import RefusedLine, Tally, TraceReport
from plangate.infrastructure.cli.exits import REFUSED, error_facts
from plangate.infrastructure.cli.input.options import STDIN, TracePath, option
from plangate.infrastructure.cli.input.traces import LineResult, apply_lines, read_lines
from plangate.infrastructure.cli.render.progress_bar import line_progress_bar
from plangate.infrastructure.cli.render.text import Hint, count
from plangate.infrastructure.cli.terminal import Terminal


def apply(
    terminal: Terminal,
    file: TracePath,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first line that is refused.")
    ] = False,
    run: Annotated[
        str | None,
        option(
            "--run",
            "NAME",
            "Name this run. Lines already recorded by other runs are recorded again.",
        ),
    ] = None,
) -> None:
    """Apply a trace: one command a line, as JSON.

    Good lines are recorded, bad ones reported. Applying a file again records nothing
    twice.
    """
    name = "stdin" if file == STDIN else str(file)
    size = file.stat().st_size if file.is_file() else None
    report = TraceReport(file=name)
    with (
        nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as stream,
        terminal.registry.acting_as(**terminal.context),
        line_progress_bar(terminal.notes, file.name, size) as advance,
    ):
        for result in apply_lines(terminal.registry, read_lines(stream), run=run):
            where = f"{name}:{result.line.number}: "
            _add(report, result)
            terminal.warn(*(where + warning for warning in result.warnings))
            if result.error is not None:
                terminal.report(where, result.error)
            if result.stops_the_run or (strict and result.error is not None):
                report.stopped_at = result.line.number
                break
            advance(result.line.read, result.line.number)
    terminal.answer(report, _render_report)
    if report.stopped_at is not None or report.refused:
        raise typer.Exit(REFUSED)


def _add(report: TraceReport, result: LineResult) -> None:
    report.lines += 1
    report.warnings += len(result.warnings)
    if result.error is not None:
        line = RefusedLine(line=result.line.number, error=error_facts(result.error))
        report.refused.append(line)
    elif result.recorded:
        report.recorded += 1
        report.added += result.tally
    else:
        report.unchanged += 1
        report.already_there += result.tally


def _render_report(report: TraceReport, _hint: Hint) -> RenderableType:
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
