"""How far something long has come: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from plangate.infrastructure.cli.terminal import Terminal

Tell = Callable[[int, int], None]
"""Is told how much is done, of how much."""


@contextmanager
def progress(terminal: Terminal, what: str) -> Iterator[Tell]:
    """A bar on stderr that is gone when it is done; `what` says what goes on."""
    with Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TimeRemainingColumn(),
        console=terminal.notes,
        transient=True,
        disable=not terminal.notes.is_terminal,
    ) as bars:
        bar = bars.add_task("")

        def tell(done: int, everything: int) -> None:
            bars.update(bar, completed=done, total=max(everything, 1))

        yield tell
