"""How far long work has come: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def progress(console: Console, doing: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar while the block runs; what it yields is told (done, total)."""
    with Progress(
        TextColumn(doing, markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        bar = bars.add_task("", total=None)

        def tell(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=max(total, 1))

        yield tell
