"""Plans as a person wants to see them: tables, a gauge, and what to do next.

Everything people wrote is shown as plain text: Rich's markup is never parsed.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from plangate.application.results import PlanList, PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.cli.answers import Deletion, NextTask, Verdict
from plangate.infrastructure.cli.terminal import Hint
from plangate.infrastructure.cli.wording import count, figure, written

_STYLES: Final = {
    TaskStatus.PENDING: "dim",
    TaskStatus.IN_PROGRESS: "cyan",
    TaskStatus.DONE: "green",
    TaskStatus.FAILED: "red",
    TaskStatus.REPLANNING: "yellow",
    PlanState.ACTIVE: "cyan",
    PlanState.BLOCKED: "yellow",
    PlanState.COMPLETE: "green",
}
_GO_ON, _REPLAN = "bold green", "bold red"


class Gauge:
    """A bar from 0 to 1, filled up to a confidence, with a mark at the threshold."""

    def __init__(self, confidence: float, threshold: float, *, passes: bool, width: int) -> None:
        self._confidence = confidence
        self._threshold = threshold
        self._style = "green" if passes else "red"
        self._width = width

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        filled, empty, mark = "=-|" if options.ascii_only else "━─┃"
        width = min(self._width, options.max_width)
        full = round(self._confidence * width)
        bar = Text(filled * full, style=self._style) + Text(empty * (width - full), style="dim")
        at = min(int(self._threshold * width), width - 1)
        yield bar[:at] + Text(mark, style="bold yellow") + bar[at + 1 :]

    def __rich_measure__(self, _console: Console, options: ConsoleOptions) -> Measurement:
        width = min(self._width, options.max_width)
        return Measurement(width, width)


def status(plan: PlanStatus, hint: Hint) -> RenderableType:
    """A plan whole: its tasks, the gauge, the verdict, and what to do next."""
    return Group(
        Text(written(plan.goal), style="bold"),
        Text.assemble(
            written(plan.plan_id),
            " · ",
            (plan.state, _STYLES[plan.state]),
            f" · version {plan.version}",
            f" · {count(plan.replan_count, 'replan')}" if plan.replan_count else "",
        ),
        _tasks(plan, plan.tasks),
        _gate(plan, hint),
    )


def task_of(plan: PlanStatus, task_id: str, hint: Hint) -> RenderableType:
    """One task of a plan, and what it did to the gate."""
    return Group(
        _tasks(plan, [task for task in plan.tasks if task.id == task_id]),
        _gate(plan, hint),
    )


def verdict(given: Verdict, _hint: Hint) -> RenderableType:
    """The gate's verdict, under its gauge."""
    return _confidence(given)


def plans(listed: PlanList, _hint: Hint) -> RenderableType:
    """A table of plans, one a line."""
    if not listed.plans:
        return Text("No plans yet.")
    table = table_of(
        Column("plan", overflow="fold"),
        Column("goal", ratio=1, no_wrap=True, overflow="ellipsis"),
        Column("state", no_wrap=True),
        Column("done", justify="right", no_wrap=True),
        Column("confidence", no_wrap=True),
        Column("gate", no_wrap=True),
        fill=True,
    )
    for plan in listed.plans:
        done = sum(task.status is TaskStatus.DONE for task in plan.tasks)
        table.add_row(
            Text(written(plan.plan_id)),
            Text(written(plan.goal)),
            Text(plan.state, style=_STYLES[plan.state]),
            f"{done}/{plan.task_count}",
            figure(plan.rolling_confidence, plan.confidence_threshold),
            Text("replan", style=_REPLAN) if plan.needs_replan else Text("go on", style="green"),
        )
    return table


def next_task(answer: NextTask, hint: Hint) -> RenderableType:
    """The task to work on, with all that was written about it."""
    if answer.task is None:
        return Text(f"Nothing is pending; the plan is {answer.state}.")
    task = answer.task
    described = [Text(written(task.description, lines=True)), Text()] if task.description else []
    return Group(
        Text.assemble((written(task.id), "bold"), "  ", _status(task)),
        Text(written(task.title)),
        Text(),
        *described,
        Text(f"then: {hint('score', answer.plan_id, task.id, '--output', '0.9')}"),
    )


def deletion(answer: Deletion, _hint: Hint) -> RenderableType:
    """Whether a plan was deleted."""
    name = written(answer.plan_id)
    if answer.deleted:
        return Text(f"Deleted {name}. Its history stays.")
    return Text(f"There is no plan {name} to delete.")


def _tasks(plan: PlanStatus, tasks: Sequence[TaskView]) -> Table:
    replanned = any(task.replan_count for task in tasks)
    table = table_of(
        Column("task", overflow="fold", max_width=24),
        Column("title", overflow="fold"),
        Column("status", no_wrap=True),
        Column("prompt", justify="right", no_wrap=True),
        Column("output", justify="right", no_wrap=True),
        Column("confidence", justify="right", no_wrap=True),
        *([Column("replans", justify="right", no_wrap=True)] if replanned else []),
    )
    for task in tasks:
        scores = (task.prompt_score, task.output_score)
        scored = any(score is not None for score in scores)
        table.add_row(
            Text(written(task.id)),
            Text(written(task.title)),
            _status(task),
            *("–" if score is None else f"{score:.2f}" for score in scores),
            figure(task.confidence, plan.confidence_threshold) if scored else "–",
            *([f"{task.replan_count}"] if replanned else []),
        )
    return table


def _gate(plan: PlanStatus, hint: Hint) -> RenderableType:
    """The gauge, the verdict, and what to do next."""
    return Group(
        _confidence(Verdict.on(plan)),
        *(Text(line) for line in _next_steps(plan, hint)),
    )


def _status(task: TaskView) -> Text:
    return Text(task.status.replace("_", " "), style=_STYLES[task.status])


def _confidence(given: Verdict) -> RenderableType:
    passes = given.verdict == "go_on"
    confidence, threshold = given.rolling_confidence, given.confidence_threshold
    row = Table.grid(padding=(0, 1))
    row.add_row(
        Text("confidence"),
        Gauge(confidence, threshold, passes=passes, width=40),
        Text(figure(confidence, threshold), style=_GO_ON if passes else _REPLAN),
        Text(f"threshold {figure(threshold, confidence)}", style="yellow"),
    )
    below = f"{figure(confidence, threshold)} is below {figure(threshold, confidence)}"
    said = Text("Go on.", style=_GO_ON) if passes else Text("Replan first: ", style=_REPLAN) + below
    return Group(row, said)


def _next_steps(plan: PlanStatus, hint: Hint) -> Iterator[str]:
    """What would bring the plan on, as command lines."""

    def of(*statuses: TaskStatus) -> Iterator[TaskView]:
        return (task for task in plan.tasks if task.status in statuses)

    stuck = next(chain(of(TaskStatus.REPLANNING), of(TaskStatus.FAILED)), None)
    working = next(of(TaskStatus.IN_PROGRESS), None)
    if plan.needs_replan and stuck:
        yield "Work out a better way, then let the task be taken again:"
        yield f"  {hint('mark', plan.plan_id, stuck.id, 'pending')}"
    elif working:
        yield f"  {hint('score', plan.plan_id, working.id, '--output', '0.9')}"
    elif any(of(TaskStatus.PENDING)):
        if plan.needs_replan:
            yield "Then score it anew; the newest score is the one that counts:"
        yield f"  {hint('next', plan.plan_id)}"
    elif stuck:
        yield "Nothing is pending. To try a task again:"
        yield f"  {hint('mark', plan.plan_id, stuck.id, 'pending')}"
    else:
        yield "All tasks are done."


def table_of(*columns: Column, fill: bool = False) -> Table:
    """An empty table, as wide as its contents or, to `fill` it, as the terminal."""
    return Table(
        *columns,
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        expand=fill,
        header_style="dim",
    )
