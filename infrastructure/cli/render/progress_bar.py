"""Progress bars on stderr; nothing is drawn where stderr is not a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from plangate.application import progress
from plangate.infrastructure.cli.render.text import harmless


@contextmanager
def progress_bar(console: Console, label: str) -> Iterator[progress.Progress]:
    """Show a bar while the block runs; `label` names the work."""
    with _bar(console, label) as (bars, bar):

        def update(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=max(total, 1))

        yield update


@contextmanager
def line_progress_bar(
    console: Console, label: str, size: int | None
) -> Iterator[Callable[[int, int], None]]:
    """Show a bar over a file of `size` bytes; call what it yields with bytes read and line."""
    lines = TextColumn("line {task.fields[line]:,}", markup=False)
    with _bar(console, label, lines, size=size) as (bars, bar):

        def update(read: int, line: int) -> None:
            bars.update(bar, completed=read, line=line)

        yield update


@contextmanager
def _bar(
    console: Console, label: str, *columns: ProgressColumn, size: int | None = None
) -> Iterator[tuple[Progress, TaskID]]:
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        yield bars, bars.add_task(harmless(label), total=size, line=0)
