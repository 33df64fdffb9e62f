"""Plans as a person wants to see them: tables, a gauge, and what to do next.

All text is shown as it is: Rich's markup is never parsed.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from plangate.application.gate_decision import GateDecision
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.vocabulary import ObstacleKind
from plangate.infrastructure.cli.answers import GateDecisions, NextTask
from plangate.infrastructure.cli.render import gauge, tables, text
from plangate.infrastructure.cli.render.advice import at_the_terminal
from plangate.infrastructure.command_lines import next_steps, score_hint

NOTHING_RECORDED: Final = "Nothing was recorded: there was nothing to change."
_AT_MOST: Final = 5
"""How many tasks an obstacle names; the table above has them all."""


def render_status(plan: PlanStatus, hint: text.Hint) -> RenderableType:
    """A whole plan: its tasks, the gauge, the verdict, and what to do next."""
    return Group(*_whole(plan), gate_lines(plan, hint))


def render_past_status(plan: PlanStatus, _hint: text.Hint) -> RenderableType:
    """A plan as it was; without advice, which would be out of date."""
    when = "" if plan.updated_at is None else f", {text.timestamp(plan.updated_at)}"
    return Group(
        Text(f"As of version {plan.version}{when}", style="dim"),
        *_whole(plan),
        gauge.render_plan_gauge(plan),
        *_obstacles(plan),
    )


def render_gate(plan: PlanStatus | None) -> Callable[[GateDecision, text.Hint], RenderableType]:
    """How to show one decision; the command lines that lead on are those of its plan."""

    def render(decision: GateDecision, hint: text.Hint) -> RenderableType:
        steps = () if plan is None else next_steps(plan, hint)
        return Group(
            gauge.render_decision(decision), *_bullets(decision.advice), *_command_lines(steps)
        )

    return render


def render_gates(found: GateDecisions, _hint: text.Hint) -> RenderableType:
    """A table of decisions, one plan a row."""
    if not found.decisions:
        return Text("No plans.")
    table = tables.Listing(
        tables.fixed("plan"),
        tables.fixed("verdict"),
        Column("why", ratio=1, overflow="fold"),
        Column("evidence", ratio=1, overflow="fold"),
        fill=True,
    )
    for decision in found.decisions:
        table.add_row(
            Text(text.harmless(decision.plan_id)),
            Text(decision.verdict, style=tables.STYLES[decision.verdict]),
            Text(text.harmless(decision.reason)),
            Text(decision.evidence.sentence),
        )
    return table


def render_next_task(answer: NextTask, hint: text.Hint) -> RenderableType:
    """The task to work on, or why there is none."""
    if answer.task is not None:
        return render_taken(answer.task, hint)
    if answer.gate is None:
        return Text("Nothing is ready in any plan.")
    verdict, why = answer.gate.verdict, text.harmless(answer.gate.reason)
    return Group(Text(f"No task; the verdict is {verdict}: {why}"), *_bullets(answer.gate.advice))


def render_taken(task: TaskView, hint: text.Hint) -> RenderableType:
    """A task just taken, with its description and the command that scores it."""
    description = [Text(text.harmless(task.description, lines=True)), Text()]
    return Group(
        Text.assemble((text.harmless(task.id), "bold"), "  ", tables.status_text(task.status)),
        Text(text.harmless(task.title)),
        Text(f"plan {text.harmless(task.plan_id)}, {tables.claim_text(task)}", style="dim"),
        Text(),
        *(description if task.description else []),
        text.unbroken("then: " + score_hint(task, hint)),
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


def gate_lines(plan: PlanStatus, hint: text.Hint) -> RenderableType:
    """The gauge, the verdict, the obstacles, and what to do next."""
    unchanged = [Text(NOTHING_RECORDED, style="yellow")] if plan.recorded is False else []
    return Group(
        *unchanged,
        gauge.render_plan_gauge(plan),
        *_obstacles(plan),
        *_bullets(plan.advice),
        *_command_lines(next_steps(plan, hint)),
    )


def _obstacles(plan: PlanStatus) -> Iterator[Text]:
    """What stands in the way; that tasks wait for others only where none can be taken."""
    found = "; ".join(
        f"{text.listed(obstacle.task_ids, at_most=_AT_MOST)} ({text.spaced(obstacle.kind)})"
        for obstacle in plan.obstacles
        if obstacle.kind is not ObstacleKind.UNMET_DEPENDENCIES or not plan.may_continue
    )
    if found:
        yield Text(f"In the way: {found}")


def _command_lines(steps: Iterable[str]) -> Iterator[Text]:
    return (text.unbroken(f"  {line}") for line in steps)


def _bullets(sentences: Iterable[str]) -> Iterator[Table]:
    for sentence in sentences:
        line = Table.grid(padding=(0, 1))
        line.add_row("·", Text(text.harmless(at_the_terminal(sentence))))
        yield line
