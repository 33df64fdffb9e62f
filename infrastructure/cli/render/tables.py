"""Tables on a screen: their look, and the table of a plan's tasks."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from plangate.application.numbers import number
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict
from plangate.infrastructure.cli.render import text

_UNBOUNDED: Final = 10_000
_LEAST_TEXT: Final = 16
"""The least width of a column of text in a table."""

STYLES: Final = {
    TaskStatus.PENDING: "dim",
    TaskStatus.IN_PROGRESS: "cyan",
    TaskStatus.DONE: "green",
    TaskStatus.FAILED: "red",
    TaskStatus.REPLANNING: "yellow",
    PlanState.ACTIVE: "cyan",
    PlanState.WAITING: "cyan",
    PlanState.BLOCKED: "yellow",
    PlanState.COMPLETE: "green",
    PlanState.PAUSED: "yellow",
    PlanState.ARCHIVED: "dim",
    PlanState.DELETED: "dim",
    Verdict.GO: "green",
    Verdict.REPLAN: "red",
    Verdict.WAIT: "cyan",
}


class Listing:
    """Rows as a table, or, where there is no room for one, as a card each.

    What a column of ids or numbers holds stays whole; text folds, as does that of a column
    given as its heading. A table is as wide as its contents or, with `fill`, as the screen.
    The first `named` cells say what a row is about.
    """

    def __init__(
        self, *columns: Column | str, fill: bool = False, named: int = 1, header: bool = True
    ) -> None:
        self._columns = [
            Column(one, overflow="fold") if isinstance(one, str) else one for one in columns
        ]
        self._fill = fill
        self._named = named
        self._header = header
        self._rows: list[tuple[Sequence[RenderableType], str, str | None]] = []

    def add_row(self, *cells: RenderableType, style: str = "", heading: str | None = None) -> None:
        """Add a row: a cell for each column; `heading` is that of its card, if not the first."""
        self._rows.append((cells, style, heading))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns, needed = len(self._columns), sum(self._widths(console, options))
        if needed + columns - 1 > options.max_width:
            yield from self._cards()
            return
        is_roomy = needed + 2 * columns + 1 <= options.max_width
        table = Table(
            *(column.copy() for column in self._columns),
            box=SIMPLE_HEAD,
            padding=(0, int(is_roomy), 0, 0),
            show_edge=is_roomy,
            pad_edge=False,
            expand=self._fill,
            show_header=self._header,
            header_style="dim",
        )
        for cells, style, _ in self._rows:
            table.add_row(*cells, style=style)
        yield table if is_roomy else Padding(table, (1, 0))

    def _widths(self, console: Console, options: ConsoleOptions) -> Iterator[int]:
        """The least width of each column."""
        unbounded = options.update(max_width=_UNBOUNDED)
        for index, column in enumerate(self._columns):
            cells = [Text(str(column.header)), *(row[index] for row, _, _ in self._rows)]
            measured = [
                Measurement.get(console, unbounded, Text(one) if isinstance(one, str) else one)
                for one in cells
            ]
            longest = column.width or max(column.min_width or 0, *(one.maximum for one in measured))
            longest = min(longest, column.max_width or longest)
            yield longest if column.no_wrap else min(longest, column.min_width or _LEAST_TEXT)

    def _cards(self) -> Iterator[RenderableType]:
        """The first cell as a heading, below it the others that hold anything."""
        names = [str(column.header).replace("\n", " ").strip() for column in self._columns]
        for cells, style, given in self._rows:
            numbered = self._columns[0].justify == "right" and str(cells[0])
            first = given or (f"{names[0]} {cells[0]}" if numbered else cells[0])
            heading = Text(first) if isinstance(first, str) else first
            if isinstance(heading, Text):
                heading = heading.copy()
                heading.stylize(style or "bold")
                if self._columns[0].no_wrap:
                    heading.no_wrap, heading.overflow = True, "ignore"
            yield heading
            card = Table.grid(padding=(0, 1))
            card.add_column(no_wrap=True)
            card.add_column(overflow="fold")
            for name, cell in zip(names[self._named :], cells[self._named :], strict=True):
                if cell not in {"", "–"} if isinstance(cell, str) else bool(cell):
                    card.add_row(Text(f"  {name}", style="dim"), cell)
            yield card


def fixed(heading: str) -> Column:
    """A column as wide as its longest cell."""
    return Column(heading, no_wrap=True)


def right(heading: str) -> Column:
    """A column of numbers."""
    return Column(heading, justify="right", no_wrap=True)


def and_more(hidden: int) -> list[Text]:
    """A line that says how many rows a table leaves out, if it does."""
    return [Text(f"and {hidden:,} more")] if hidden > 0 else []


def status_text(status: TaskStatus) -> Text:
    """A task's status in its colour."""
    return Text(text.spaced(status), style=STYLES[status])


def task_table(plan: PlanStatus, tasks: Sequence[TaskView]) -> Listing:
    """Tasks of a plan, each with its status and scores."""
    table = Listing(
        fixed("task"),
        "title",
        fixed("status"),
        right("prompt"),
        right("output"),
        right("confidence"),
    )
    for task in tasks:
        scores = (task.prompt_score, task.output_score)
        table.add_row(
            Text(text.harmless(task.id)),
            _described(task),
            status_text(task.status),
            *("–" if score is None else f"{score:.2f}" for score in scores),
            "–" if task.confidence is None else number(task.confidence, plan.confidence_threshold),
        )
    return table


def claim_text(task: TaskView) -> str:
    """Who holds a task, until when, with which token; empty without a claim."""
    if task.claim is None:
        return ""
    by = f" by {text.harmless(task.claim.worker)}" if task.claim.worker else ""
    until = f" until {text.until(task.claim.until)}" if task.claim.until else ""
    return f"held{by}{until}, token {task.claim.token}"


def deferral_text(task: TaskView) -> str:
    """Until when a task is deferred, and why; empty for one that is not."""
    if task.deferred is None:
        return ""
    until = f" until {text.until(task.deferred.until)}" if task.deferred.until else ""
    return f"deferred{until}: {text.harmless(task.deferred.reason)}"


def _described(task: TaskView) -> RenderableType:
    """A task's title, and below it what only some tasks have."""
    lines = (" · ".join(filter(None, _notes(task))), claim_text(task), deferral_text(task))
    notes = filter(None, lines)
    below = (Padding(Text(note, style="dim"), (0, 0, 0, 2)) for note in notes)
    return Group(Text(text.harmless(task.title)), *below)


def _notes(task: TaskView) -> Iterator[str]:
    yield f"split from {text.harmless(task.split_from)}" if task.split_from else ""
    yield f"replaces {text.harmless(task.replaces)}" if task.replaces else ""
    yield f"after {text.listed(task.depends_on)}" if task.depends_on else ""
    yield f"attempt {task.attempt}" if task.attempt > 1 else ""
    missing = text.count(task.missing_judges, "more judge")
    yield f"waits for {missing}" if task.missing_judges else ""
    yield text.count(task.replan_count, "replan") if task.replan_count else ""
    yield f"priority {task.priority}" if task.priority is not None else ""
    yield f"labels {text.listed(task.labels)}" if task.labels else ""
