"""Tables on a screen: their look, and the table of a plan's tasks."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from plangate.application.results import PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict
from plangate.infrastructure.cli.render.text import (
    count,
    harmless,
    listed,
    number,
    spaced,
    timestamp,
)

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


def table_of(*columns: Column, fill: bool = False) -> Table:
    """An empty table, as wide as its contents or, with `fill`, as the terminal."""
    return Table(
        *columns,
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        expand=fill,
        header_style="dim",
    )


def and_more(hidden: int) -> list[Text]:
    """A line that says how many rows a table leaves out, if it does."""
    return [Text(f"and {hidden:,} more")] if hidden > 0 else []


def status_text(status: TaskStatus) -> Text:
    """A task's status in its colour."""
    return Text(spaced(status), style=STYLES[status])


def task_table(plan: PlanStatus, tasks: Sequence[TaskView]) -> Table:
    """Tasks of a plan, each with its status and scores."""
    table = table_of(
        Column("task", overflow="fold", max_width=24),
        Column("title", overflow="fold"),
        Column("status", no_wrap=True),
        Column("prompt", justify="right", no_wrap=True),
        Column("output", justify="right", no_wrap=True),
        Column("confidence", justify="right", no_wrap=True),
    )
    for task in tasks:
        scores = (task.prompt_score, task.output_score)
        table.add_row(
            Text(harmless(task.id)),
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
    by = f" by {harmless(task.claim.worker)}" if task.claim.worker else ""
    until = f" until {timestamp(task.claim.until)}" if task.claim.until else ""
    return f"held{by}{until}, token {task.claim.token}"


def _deferral_text(task: TaskView) -> str:
    """Until when a task is deferred, and why; empty for one that is not."""
    if task.deferred is None:
        return ""
    until = f" until {timestamp(task.deferred.until)}" if task.deferred.until else ""
    return f"deferred{until}: {harmless(task.deferred.reason)}"


def _described(task: TaskView) -> RenderableType:
    """A task's title, and below it what only some tasks have."""
    lines = (" · ".join(filter(None, _notes(task))), claim_text(task), _deferral_text(task))
    notes = filter(None, lines)
    below = (Padding(Text(note, style="dim"), (0, 0, 0, 2)) for note in notes)
    return Group(Text(harmless(task.title)), *below)


def _notes(task: TaskView) -> Iterator[str]:
    yield f"split from {harmless(task.split_from)}" if task.split_from else ""
    yield f"replaces {harmless(task.replaces)}" if task.replaces else ""
    yield f"after {listed(task.depends_on)}" if task.depends_on else ""
    yield f"attempt {task.attempt}" if task.attempt > 1 else ""
    yield count(task.replan_count, "replan") if task.replan_count else ""
    yield f"priority {task.priority}" if task.priority is not None else ""
    yield f"labels {listed(task.labels)}" if task.labels else ""
