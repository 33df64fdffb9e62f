"""Plans as a person wants to see them: tables, a gauge, and what to do next.

All text is shown as it is: Rich's markup is never parsed.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from plangate.application.results import PlanList, PlanStatus, TaskView
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.cli.answers import NextTask, Verdict
from plangate.infrastructure.cli.render import gauge, tables, text

_AT_MOST: Final = 5
"""How many tasks an obstacle names; the table above has them all."""


def render_status(plan: PlanStatus, hint: text.Hint) -> RenderableType:
    """A whole plan: its tasks, the gauge, the verdict, and what to do next."""
    return Group(*_whole(plan), _gate(plan, hint))


def render_past_status(plan: PlanStatus, hint: text.Hint) -> RenderableType:
    """A plan as it was; without advice, which would be out of date."""
    when = "" if plan.updated_at is None else f", {text.timestamp(plan.updated_at)}"
    return Group(
        Text(f"As of version {plan.version}{when}", style="dim"),
        *_whole(plan),
        gauge.render_verdict(Verdict.of(plan), hint),
        *_obstacles(plan),
    )


def render_task(task_id: str) -> Callable[[PlanStatus, text.Hint], RenderableType]:
    """How to show one task of a plan, and the gate after the command."""

    def render(plan: PlanStatus, hint: text.Hint) -> RenderableType:
        tasks = [task for task in plan.tasks if task.id == task_id]
        return Group(tables.task_table(plan, tasks), _gate(plan, hint))

    return render


def render_plans(found: PlanList, _hint: text.Hint) -> RenderableType:
    """A table of plans, one a line."""
    if not found.plans:
        return Text("No plans.")
    table = tables.table_of(
        "plan",
        Column("goal", ratio=1, no_wrap=True, overflow="ellipsis"),
        tables.fixed("state"),
        tables.right("done"),
        tables.fixed("confidence"),
        tables.fixed("gate"),
        fill=True,
    )
    for plan in found.plans:
        done = sum(task.status is TaskStatus.DONE for task in plan.tasks)
        replan = Verdict.of(plan).verdict == "replan"
        table.add_row(
            Text(text.harmless(plan.plan_id)),
            Text(text.harmless(plan.goal)),
            Text(plan.state, style=tables.STYLES[plan.state]),
            f"{done}/{plan.task_count}",
            text.number(plan.rolling_confidence, plan.confidence_threshold),
            Text("replan", style=gauge.REPLAN) if replan else Text("go on", style="green"),
        )
    return table


def render_next_task(answer: NextTask, hint: text.Hint) -> RenderableType:
    """The task to work on, with its description and the command that scores it."""
    task = answer.task
    if task is None:
        where = " in any plan" if answer.plan_id is None else f"; the plan is {answer.state}"
        return Group(Text(f"Nothing is ready{where}."), *_bullets(answer.advice))
    description = [Text(text.harmless(task.description, lines=True)), Text()]
    token = [] if task.claim is None else ["--token", str(task.claim.token)]
    return Group(
        Text.assemble((text.harmless(task.id), "bold"), "  ", tables.status_text(task.status)),
        Text(text.harmless(task.title)),
        Text(f"plan {text.harmless(task.plan_id)}, {tables.claim_text(task)}", style="dim"),
        Text(),
        *(description if task.description else []),
        Text(f"then: {hint('score', task.plan_id, task.id, '--output', '0.9', *token)}"),
    )


def render_claim(task: TaskView, _hint: text.Hint) -> RenderableType:
    """Who holds a task, and until when."""
    return Text.assemble((text.harmless(task.id), "bold"), "  ", tables.claim_text(task))


def _whole(plan: PlanStatus) -> tuple[RenderableType, ...]:
    return (
        Text(text.harmless(plan.goal), style="bold"),
        Text.assemble(
            text.harmless(plan.plan_id),
            " · ",
            (plan.state, tables.STYLES[plan.state]),
            f" · version {plan.version}",
            f" · {text.count(plan.replan_count, 'replan')}" if plan.replan_count else "",
            f" · priority {plan.priority}" if plan.priority else "",
            f" · labels {text.listed(plan.labels)}" if plan.labels else "",
        ),
        tables.task_table(plan, plan.tasks),
    )


def _gate(plan: PlanStatus, hint: text.Hint) -> RenderableType:
    """The gauge, the verdict, the obstacles, and what to do next."""
    return Group(
        gauge.render_verdict(Verdict.of(plan), hint),
        *_obstacles(plan),
        *_bullets(plan.advice),
        *(Text(f"  {line}") for line in _next_steps(plan, hint)),
    )


def _obstacles(plan: PlanStatus) -> Iterator[Text]:
    found = "; ".join(
        f"{text.listed(obstacle.task_ids, at_most=_AT_MOST)} ({text.spaced(obstacle.kind)})"
        for obstacle in plan.obstacles
    )
    if found:
        yield Text(f"In the way: {found}")


def _bullets(sentences: Iterable[str]) -> Iterator[Table]:
    for sentence in sentences:
        line = Table.grid(padding=(0, 1))
        line.add_row("·", Text(text.harmless(sentence)))
        yield line


def _next_steps(plan: PlanStatus, hint: text.Hint) -> Iterator[str]:
    """The command lines that lead on, the most pressing first."""

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
