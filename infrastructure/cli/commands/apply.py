"""`plangate apply`: a trace carried out before somebody's eyes, with a bar and totals."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from plangate.infrastructure.cli.answers import RefusedLine, Tally, TraceReport
from plangate.infrastructure.cli.exits import REFUSED, facts
from plangate.infrastructure.cli.input.options import STDIN, TracePath
from plangate.infrastructure.cli.input.traces import Line, Outcome, applied, lines_of
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless

Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first line that is refused.")]
Run = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="NAME",
        help="Make this a run of its own: what other runs recorded is recorded again.",
    ),
]


def apply(terminal: Terminal, file: TracePath, *, strict: Strict = False, run: Run = None) -> None:
    """Carry out a trace: one command a line, as JSON.

    Good lines are kept, bad ones reported. Running a file again records nothing
    twice.
    """
    name = "stdin" if file == STDIN else str(file)
    summary = _Summary(name)
    with (
        nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as stream,
        terminal.registry.acting_as(**terminal.call),
        _progress(terminal.notes, file.name, _size(file)) as advance,
    ):
        for outcome in applied(terminal.registry, lines_of(stream), run=run):
            summary.add(outcome)
            terminal.warn(*(f"{name}:{outcome.line.number}: {said}" for said in outcome.warnings))
            if outcome.error is not None:
                terminal.report(f"{name}:{outcome.line.number}: ", outcome.error)
            if outcome.ends_the_run or (strict and outcome.error is not None):
                summary.stopped_at = outcome.line.number
                break
            advance(outcome.line)
    terminal.answer(summary.report(), _totals)
    if summary.stopped_at is not None or summary.refused:
        raise typer.Exit(REFUSED)


class _Summary:
    """The outcomes so far, counted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.recorded = self.unchanged = 0
        self.added = self.already_there = Tally()
        self.refused: list[RefusedLine] = []
        self.warnings = 0
        self.stopped_at: int | None = None

    def add(self, outcome: Outcome) -> None:
        self.warnings += len(outcome.warnings)
        if outcome.error is not None:
            refused = RefusedLine(line=outcome.line.number, error=facts(outcome.error))
            self.refused.append(refused)
        elif outcome.recorded:
            self.recorded += 1
            self.added += outcome.tally
        else:
            self.unchanged += 1
            self.already_there += outcome.tally

    def report(self) -> TraceReport:
        return TraceReport(
            file=self.file,
            lines=self.recorded + self.unchanged + len(self.refused),
            recorded=self.recorded,
            unchanged=self.unchanged,
            added=self.added,
            already_there=self.already_there,
            refused=tuple(self.refused),
            warnings=self.warnings,
            stopped_at=self.stopped_at,
        )


def _totals(report: TraceReport, _hint: Hint) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row("", Text("added", style="bold"), Text("already there", style="dim"))
    for thing in Tally.model_fields:
        added, there = getattr(report.added, thing), getattr(report.already_there, thing)
        table.add_row(thing, Text(f"{added:,}", style="bold"), Text(f"{there:,}", style="dim"))
    lines = count(report.lines, "line")
    what = f"{report.recorded:,} recorded, {report.unchanged:,} with nothing new"
    said = [f"{lines}: {what}, {len(report.refused):,} refused."]
    if report.stopped_at is not None:
        said.append(
            f"Stopped at line {report.stopped_at}; the lines before it are done. Mend what is "
            "wrong and run the same command again: they will be recognised."
        )
    elif report.refused:
        said.append("Mend the refused lines and run the same command again to add them.")
    return Group(table, *(Text(line) for line in said))


@contextmanager
def _progress(console: Console, name: str, size: int | None) -> Iterator[Callable[[Line], None]]:
    """A bar on a terminal, nothing elsewhere; what is yielded moves it to after a line."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("line {task.fields[line]:,}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task(harmless(name), total=size, line=0)

        def advance(line: Line) -> None:
            progress.update(bar, completed=line.read, line=line.number)

        yield advance


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None
