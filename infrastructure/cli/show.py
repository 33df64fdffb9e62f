"""Plans as a person wants to see them: tables, a gauge, and what to do next.

Everything people wrote is shown as plain text: Rich's markup is never parsed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    RenderableType,
    RenderResult,
)
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from plangate.application.results import PlanList, PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.cli.answers import Deletion, NextTask, Verdict
from plangate.infrastructure.cli.terminal import Hint
from plangate.infrastructure.cli.wording import count, figure, harmless, written

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
            (plan.state, STYLES[plan.state]),
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
            Text(plan.state, style=STYLES[plan.state]),
            f"{done}/{plan.task_count}",
            figure(plan.rolling_confidence, plan.confidence_threshold),
            Text("replan", style=_REPLAN) if plan.replan_due else Text("go on", style="green"),
        )
    return table


def next_task(answer: NextTask, hint: Hint) -> RenderableType:
    """The task to work on, with all that was written about it."""
    if answer.task is None:
        where = " in any plan" if answer.plan_id is None else f"; the plan is {answer.state}"
        return Text(f"Nothing is ready{where}.")
    task = answer.task
    described = [Text(written(task.description, lines=True)), Text()] if task.description else []
    return Group(
        Text.assemble((written(task.id), "bold"), "  ", _status(task)),
        Text(written(task.title)),
        Text(),
        *described,
        *_claim(task),
        Text(f"then: {hint('score', task.plan_id, task.id, '--output', '0.9')}"),
    )


def held(task: TaskView, _hint: Hint) -> RenderableType:
    """Who holds a task, and until when."""
    return Group(*_claim(task))


def deletion(answer: Deletion, _hint: Hint) -> RenderableType:
    """Whether a plan was deleted."""
    name = written(answer.plan_id)
    if answer.deleted:
        return Text(f"Deleted {name}. Its history stays.")
    return Text(f"There is no plan {name} to delete.")


def _tasks(plan: PlanStatus, tasks: Sequence[TaskView]) -> Table:
    more = [column for column in _MORE if any(column.tells(task) for task in tasks)]
    table = table_of(
        Column("task", overflow="fold", max_width=24),
        Column("title", overflow="fold"),
        Column("status", no_wrap=True),
        Column("prompt", justify="right", no_wrap=True),
        Column("output", justify="right", no_wrap=True),
        Column("confidence", justify="right", no_wrap=True),
        *(Column(column.name, justify=column.justify, overflow="fold") for column in more),
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
            *(Text(harmless(column.tells(task))) for column in more),
        )
    return table


def _gate(plan: PlanStatus, hint: Hint) -> RenderableType:
    """The gauge, the verdict, and what to do next."""
    return Group(
        _confidence(Verdict.on(plan)),
        *(Text(line) for line in _next_steps(plan, hint)),
    )


def _status(task: TaskView) -> Text:
    return Text(task.status.replace("_", " "), style=STYLES[task.status])


def _confidence(given: Verdict) -> RenderableType:
    confidence, threshold = given.rolling_confidence, given.confidence_threshold
    figures = figure(confidence, threshold), figure(threshold, confidence)
    style = _REPLAN if given.needs_replan else _GO_ON
    row = Table.grid(padding=(0, 1))
    row.add_row(
        Text("confidence"),
        Gauge(confidence, threshold, passes=not given.needs_replan, width=40),
        Text(figures[0], style=style),
        Text(f"threshold {figures[1]}", style="yellow"),
    )
    below = f"{figures[0]} is below {figures[1]}"
    if given.verdict == "go_on":
        said = Text("Go on.", style=_GO_ON)
        if given.needs_replan:
            said += Text(f" {below}, but no replan is due.", style="not bold")
    elif given.needs_replan:
        said = Text("Replan first: ", style=_REPLAN) + Text(below, style="not bold")
    else:
        said = Text("Replan first: ", style=_REPLAN) + "it is due until somebody answers it"
    return Group(row, said)


def _claim(task: TaskView) -> Iterator[Text]:
    """The claim of a task, if one is in force."""
    if task.claim is not None:
        until = f" until {task.claim.until:%Y-%m-%d %H:%M:%S} UTC" if task.claim.until else ""
        by = f" by {harmless(task.claim.worker)}" if task.claim.worker else ""
        yield Text(f"held{by}{until}; token {task.claim.token}")


def _next_steps(plan: PlanStatus, hint: Hint) -> Iterator[str]:
    """What leads on: in the registry's words, and the first of it as a command line."""
    yield from (f"· {harmless(sentence)}" for sentence in plan.advice)
    ready = next((task for task in plan.tasks if _is(task, TaskStatus.PENDING)), None)
    working = next((task for task in plan.tasks if _is(task, TaskStatus.IN_PROGRESS)), None)
    stuck = next((t for t in plan.tasks if _is(t, TaskStatus.REPLANNING, TaskStatus.FAILED)), None)
    if plan.state is PlanState.PAUSED:
        yield f"  {hint('resume', plan.plan_id, '--reason', '…')}"
    elif plan.state is PlanState.ARCHIVED:
        yield f"  {hint('restore', plan.plan_id, '--reason', '…')}"
    elif stuck and (plan.replan_due or plan.state is PlanState.BLOCKED):
        yield f"  {hint('retry', plan.plan_id, stuck.id, '--reason', '…')}"
    elif working:
        yield f"  {hint('score', plan.plan_id, working.id, '--output', '0.9')}"
    elif ready:
        yield f"  {hint('next', plan.plan_id)}"


def _is(task: TaskView, *statuses: TaskStatus) -> bool:
    return task.status in statuses


@dataclass(frozen=True, slots=True)
class _More:
    """A column that is shown only where some task has something to tell in it."""

    name: str
    tells: Callable[[TaskView], str]
    justify: JustifyMethod = "left"


_MORE: Final = (
    _More("attempt", lambda task: str(task.attempt) if task.attempt > 1 else "", "right"),
    _More("replans", lambda task: str(task.replan_count or ""), "right"),
    _More("waits for", lambda task: ", ".join(task.depends_on)),
    _More("held by", lambda task: (task.claim and task.claim.worker) or ""),
)


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
