"""The panel "Plans": register, look at, pause, archive and delete whole plans."""

from typing import Final

from rich.text import Text

from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import PlanState, Verdict
from plangate.infrastructure.cli.answers import Deletion
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.render.status import render_plans, render_status
from plangate.infrastructure.cli.render.text import harmless, unreadable
from plangate.infrastructure.cli.terminal import Terminal

_LISTED: Final = [verdict for verdict in Verdict if verdict is not Verdict.DELETED]


def create(
    terminal: Terminal,
    file: options.PlanPath,
    *,
    preset: Preset | None = options.option(
        "--policy", "PRESET", f"The policy, if the file has none: {' or '.join(Preset)}."
    ),
) -> None:
    """Register the plan in a file."""
    from plangate.infrastructure.cli.input.plan_files import read_plan_file

    document = read_plan_file(file)
    draft = document.content
    with document.located():
        if preset and draft.policy:
            raise InvalidInput([Problem("policy", "the file has its own; leave out --policy")])
        given = {**vars(draft), "policy": preset or draft.policy}
        plan = terminal.registry.create(**given, **terminal.context)
    terminal.answer(plan, render_status)


def list_plans(
    terminal: Terminal,
    *,
    limit: int | None = options.option("--limit", "N", "Only the N oldest.", min=1),
    state: PlanState | None = options.option(
        "--state", "STATE", f"Only plans in this state: {', '.join(PlanState)}."
    ),
    verdict: Verdict | None = options.option(
        "--verdict", "VERDICT", f"Only plans with this verdict now: {', '.join(_LISTED)}."
    ),
    needs_replan: bool | None = options.flag(
        "--needs-replan/--no-needs-replan",
        "Only plans whose confidence is below the threshold, or only the others, whatever the "
        "verdict.",
        default=None,
    ),
    label: options.Labels = None,
) -> None:
    """List the plans, oldest first."""
    found = terminal.registry.list_plans(
        limit=limit, state=state, verdict=verdict, needs_replan=needs_replan, labels=label or ()
    )
    for plan in found.unreadable:
        terminal.warn(f"the plan {plan.plan_id} cannot be shown: event {unreadable(plan)}")
    terminal.answer(found, render_plans)


def status(terminal: Terminal, plan: options.PlanId) -> None:
    """Show a plan's tasks, its confidence, and what to do next."""
    terminal.answer(terminal.registry.get_status(plan), render_status)


def delete(terminal: Terminal, plan: options.PlanId, *, reason: options.Reason = None) -> None:
    """Take a plan out of the views; its history stays."""
    deleted = terminal.registry.delete(plan, reason=reason, **terminal.context)
    name = harmless(plan)
    text = f"Deleted {name}. Its history stays." if deleted else f"There is no plan {name}."
    terminal.answer(Deletion(plan_id=plan, deleted=deleted), lambda _answer, _hint: Text(text))


def graph(
    terminal: Terminal,
    plan: options.PlanId,
    *,
    form: GraphForm = options.option(
        "--format", "FORM", "text, or mermaid or dot for drawing.", default=GraphForm.TEXT
    ),
) -> None:
    """Show which tasks wait for which: their order, what is ready, the longest chain."""
    terminal.answer(terminal.registry.graph(plan), form.render)


def pause(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Hand out no work until the plan is resumed."""
    terminal.answer(terminal.registry.pause(plan, reason, **terminal.context), render_status)


def resume(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Hand out a paused plan's work again."""
    terminal.answer(terminal.registry.resume(plan, reason, **terminal.context), render_status)


def archive(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Archive a plan: nothing about it changes until it is restored."""
    terminal.answer(terminal.registry.archive(plan, reason, **terminal.context), render_status)


def restore(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Take a plan out of the archive, unchanged."""
    terminal.answer(terminal.registry.restore(plan, reason, **terminal.context), render_status)
