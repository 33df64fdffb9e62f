"""Plans as a person wants to see them: tables, a gauge, and what to do next.

Everything people wrote is shown as plain text: Rich's markup is never parsed.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from plangate.application.results import PlanList, PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.cli.answers import Deletion, Migration, NextTask, Verdict
from plangate.infrastructure.cli.render import gauge, tables
from plangate.infrastructure.cli.terminal import Hint
from plangate.infrastructure.cli.wording import (
    count,
    figure,
    harmless,
    listed,
    moment,
    written,
)

_AT_MOST: Final = 5
"""So many ids are named of those in the way; the table above has them all."""


def status(plan: PlanStatus, hint: Hint) -> RenderableType:
    """A plan whole: its tasks, the gauge, the verdict, and what to do next."""
    return Group(*_whole(plan), _gate(plan, hint))


def past_status(plan: PlanStatus, _hint: Hint) -> RenderableType:
    """A plan as it stood; what led on from there is of no use any more."""
    when = "" if plan.updated_at is None else f", {moment(plan.updated_at)}"
    return Group(
        Text(f"As of version {plan.version}{when}", style="dim"),
        *_whole(plan),
        gauge.verdict(Verdict.on(plan)),
        *_in_the_way(plan),
    )


def _whole(plan: PlanStatus) -> tuple[RenderableType, ...]:
    return (
        Text(written(plan.goal), style="bold"),
        Text.assemble(
            written(plan.plan_id),
            " · ",
            (plan.state, tables.STYLES[plan.state]),
            f" · version {plan.version}",
            f" · {count(plan.replan_count, 'replan')}" if plan.replan_count else "",
            f" · priority {plan.priority}" if plan.priority else "",
            f" · labels {listed(plan.labels)}" if plan.labels else "",
        ),
        tables.tasks_of(plan, plan.tasks),
    )


def task_of(plan: PlanStatus, task_id: str, hint: Hint) -> RenderableType:
    """One task of a plan, and what it did to the gate."""
    return Group(
        tables.tasks_of(plan, [task for task in plan.tasks if task.id == task_id]),
        _gate(plan, hint),
    )


def verdict(given: Verdict, _hint: Hint) -> RenderableType:
    """The gate's verdict, under its gauge."""
    return gauge.verdict(given)


def plans(found: PlanList, _hint: Hint) -> RenderableType:
    """A table of plans, one a line."""
    if not found.plans:
        return Text("No plans.")
    table = tables.table_of(
        Column("plan", overflow="fold"),
        Column("goal", ratio=1, no_wrap=True, overflow="ellipsis"),
        Column("state", no_wrap=True),
        Column("done", justify="right", no_wrap=True),
        Column("confidence", no_wrap=True),
        Column("gate", no_wrap=True),
        fill=True,
    )
    for plan in found.plans:
        done = sum(task.status is TaskStatus.DONE for task in plan.tasks)
        table.add_row(
            Text(written(plan.plan_id)),
            Text(written(plan.goal)),
            Text(plan.state, style=tables.STYLES[plan.state]),
            f"{done}/{plan.task_count}",
            figure(plan.rolling_confidence, plan.confidence_threshold),
            _in_a_word(plan),
        )
    return table


def next_task(answer: NextTask, hint: Hint) -> RenderableType:
    """The task to work on, with all that was written about it."""
    task = answer.task
    if task is None:
        where = " in any plan" if answer.plan_id is None else f"; the plan is {answer.state}"
        return Group(Text(f"Nothing is ready{where}."), *_bulleted(answer.advice))
    described = [Text(written(task.description, lines=True)), Text()] if task.description else []
    token = [] if task.claim is None else ["--token", str(task.claim.token)]
    return Group(
        Text.assemble((written(task.id), "bold"), "  ", tables.status_of(task.status)),
        Text(written(task.title)),
        Text(f"plan {written(task.plan_id)}, {tables.held(task)}", style="dim"),
        Text(),
        *described,
        Text(f"then: {hint('score', task.plan_id, task.id, '--output', '0.9', *token)}"),
    )


def claim(task: TaskView, _hint: Hint) -> RenderableType:
    """Who holds a task, and until when."""
    return Text.assemble((written(task.id), "bold"), "  ", tables.held(task))


def migration(_answer: Migration, _hint: Hint) -> RenderableType:
    """That the store is ready."""
    return Text("The store is ready.")


def deletion(answer: Deletion, _hint: Hint) -> RenderableType:
    """Whether a plan was deleted."""
    name = written(answer.plan_id)
    if answer.deleted:
        return Text(f"Deleted {name}. Its history stays.")
    return Text(f"There is no plan {name} to delete.")


def _in_a_word(plan: PlanStatus) -> Text:
    replan = Verdict.on(plan).verdict == "replan"
    return Text("replan", style=gauge.REPLAN) if replan else Text("go on", style="green")


def _gate(plan: PlanStatus, hint: Hint) -> RenderableType:
    """The gauge, the verdict, what is in the way, and what to do next."""
    return Group(
        gauge.verdict(Verdict.on(plan)),
        *_in_the_way(plan),
        *_bulleted(plan.advice),
        *(Text(f"  {line}") for line in _next_steps(plan, hint)),
    )


def _in_the_way(plan: PlanStatus) -> Iterator[Text]:
    found = "; ".join(
        f"{listed(obstacle.task_ids, at_most=_AT_MOST)} ({obstacle.kind.replace('_', ' ')})"
        for obstacle in plan.obstacles
    )
    if found:
        yield Text(f"In the way: {found}")


def _bulleted(sentences: Iterable[str]) -> Iterator[Table]:
    for sentence in sentences:
        line = Table.grid(padding=(0, 1))
        line.add_row("·", Text(harmless(sentence)))
        yield line


def _next_steps(plan: PlanStatus, hint: Hint) -> Iterator[str]:
    """The most pressing of what leads on, as command lines."""

    def first(status: TaskStatus) -> str | None:
        return next((task.id for task in plan.tasks if task.status is status), None)

    stuck = first(TaskStatus.REPLANNING) or first(TaskStatus.FAILED)
    working = first(TaskStatus.IN_PROGRESS)
    because = ("--reason", "…")
    if plan.state is PlanState.PAUSED:
        yield hint("resume", plan.plan_id, *because)
    elif plan.state is PlanState.ARCHIVED:
        yield hint("restore", plan.plan_id, *because)
    elif plan.gate.exhausted:
        yield hint("approve", plan.plan_id, *because)
    elif plan.replan_due:
        yield hint("revise", plan.plan_id, "FILE", *because)
        if stuck:
            yield hint("retry", plan.plan_id, stuck, *because)
        yield hint("approve", plan.plan_id, *because)
    elif working:
        yield hint("score", plan.plan_id, working, "--output", "0.9")
    elif plan.state is PlanState.ACTIVE:
        yield hint("next", plan.plan_id)
    elif stuck:
        yield hint("retry", plan.plan_id, stuck, *because)
