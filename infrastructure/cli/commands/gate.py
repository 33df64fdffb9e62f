"""The gate: its verdict, and the answers to a replan that is due."""

from typing import TYPE_CHECKING

import typer

from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.cli.answers import GateDecisions
from plangate.infrastructure.cli.exits import FAILED, PUT_AWAY, gate_code
from plangate.infrastructure.cli.input.completion import accepted
from plangate.infrastructure.cli.input.options import (
    NamedPlans,
    PlanId,
    RequiredReason,
    TaskId,
    chosen_plans,
    flag,
    option,
    parse_accept,
)
from plangate.infrastructure.cli.render.text import Hint, unreadable
from plangate.infrastructure.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from plangate.application.gate_decision import GateDecision


def gate(
    terminal: Terminal,
    plans: NamedPlans = None,
    *,
    all_plans: bool = flag("--all", "All plans but those paused, archived or deleted."),
) -> None:
    """Ask for the verdict: exit 0 go or complete, 10 replan, 11 wait, 12 blocked, 13 put away.

    Example: plangate gate billing && plangate next billing
    """
    chosen = terminal.plans(chosen_plans(plans, all_plans=all_plans))
    if chosen is not None and len(chosen) == 1:
        verdicts = [_one_gate(terminal, chosen[0])]
    else:
        verdicts = _several_gates(terminal, chosen)
    if code := gate_code(verdicts):
        raise typer.Exit(code)


def _one_gate(terminal: Terminal, plan_id: str) -> Verdict:
    decision = terminal.registry.gate(plan_id)
    deleted = decision.verdict is Verdict.DELETED
    plan = None if deleted or terminal.as_json else terminal.registry.get_status(plan_id)

    def render(answer: "GateDecision", hint: Hint) -> "RenderableType":
        from plangate.infrastructure.cli.render.status import render_gate

        return render_gate(plan)(answer, hint)

    terminal.answer(decision, render)
    return decision.verdict


def _several_gates(terminal: Terminal, chosen: list[str] | None) -> list[Verdict]:
    """The verdicts on named plans, or on all that are not put away.

    Exits as failed where a plan cannot be read: no other verdict may hide that.
    """
    listed = None if chosen is not None else terminal.registry.list_plans()
    plan_ids = chosen if listed is None else [plan.plan_id for plan in listed.plans]
    found = [terminal.registry.gate(plan_id) for plan_id in plan_ids or ()]
    if listed is not None:
        found = [one for one in found if gate_code([one.verdict]) != PUT_AWAY]
    unread = () if listed is None else listed.unreadable
    terminal.warn(*map(unreadable, unread))
    terminal.answer(GateDecisions(decisions=tuple(found), unreadable=unread), _gates)
    if unread:
        raise typer.Exit(FAILED)
    return [decision.verdict for decision in found]


def _gates(answer: GateDecisions, hint: Hint) -> "RenderableType":
    from plangate.infrastructure.cli.render.status import render_gates

    return render_gates(answer, hint)


def retry(terminal: Terminal, plan: PlanId, task: TaskId, *, reason: RequiredReason) -> None:
    """Give a failed or replanning task another attempt.

    Example: plangate retry billing backfill --reason "with the check in place"
    """
    from plangate.infrastructure.cli.render.acts import render_act

    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.retry(plan, task, reason, **terminal.context)
    terminal.answer(now, render_act(task, full=terminal.full))


def approve(
    terminal: Terminal,
    plan: PlanId,
    *,
    reason: RequiredReason,
    accept: list[str] | None = option(
        "--accept",
        "passing|TASK[,TASK…]",
        "Also settle results as done: replanning tasks that pass by themselves, "
        "or these failed or replanning tasks; may be repeated.",
        autocompletion=accepted,
    ),
) -> None:
    """Let work go on although a replan is due, and accept results as they are.

    Example: plangate approve billing --accept backfill --reason "good enough for a trial"
    """
    from plangate.infrastructure.cli.render.acts import render_act

    plan = terminal.plan(plan)
    with_commas = any("," in value for value in accept or ())
    tasks = terminal.registry.get_status(plan).tasks if with_commas else ()
    given = parse_accept(accept, [task.id for task in tasks]) if accept else None
    now = terminal.registry.approve(plan, reason, accept=given, **terminal.context)
    terminal.warn(*now.warnings)
    terminal.answer(now, render_act("approved.", full=terminal.full))
