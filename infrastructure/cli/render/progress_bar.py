"""Progress bars on stderr; nothing is drawn where stderr is not a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich import progress
from rich.console import Console

from plangate.application.progress import Progress, no_progress
from plangate.infrastructure.cli.render.text import harmless


@contextmanager
def progress_bar(console: Console, label: str) -> Iterator[Progress]:
    """Show a bar while the block runs; `label` names the work."""
    with _bar(console, label) as (bars, bar):

        def update(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=max(total, 1))

        yield update


def bar_beside_answer(
    console: Console, label: str, *, on_screen: bool
) -> AbstractContextManager[Progress]:
    """A bar while an answer is written; on a screen the answer itself shows how far it is."""
    return nullcontext(no_progress) if on_screen else progress_bar(console, label)


@contextmanager
def line_progress_bar(
    console: Console, label: str, size: int | None
) -> Iterator[Callable[[int, int], None]]:
    """Show a bar over a file of `size` bytes; call what it yields with bytes read and line."""
    lines = progress.TextColumn("line {task.fields[line]:,}", markup=False)
    with _bar(console, label, lines, size=size) as (bars, bar):

        def update(read: int, line: int) -> None:
            bars.update(bar, completed=read, line=line)

        yield update


@contextmanager
def _bar(
    console: Console, label: str, *columns: progress.ProgressColumn, size: int | None = None
) -> Iterator[tuple[progress.Progress, progress.TaskID]]:
    with progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        *columns,
        progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        yield bars, bars.add_task(harmless(label), total=size, line=0)
