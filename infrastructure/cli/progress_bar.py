"""A progress bar on a terminal, and nothing where stderr is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as rich_progress

from plangate.application.progress import Progress
from plangate.infrastructure.cli.terminal import Terminal


@contextmanager
def progress_bar(terminal: Terminal, label: str) -> Iterator[Progress]:
    """Show a bar on stderr while the block runs; `label` names the work."""
    with rich_progress.Progress(
        rich_progress.TextColumn(label, markup=False),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        rich_progress.TimeRemainingColumn(),
        console=terminal.notes,
        transient=True,
        disable=not terminal.notes.is_terminal,
    ) as bars:
        bar = bars.add_task("")

        def update(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=max(total, 1))

        yield update
