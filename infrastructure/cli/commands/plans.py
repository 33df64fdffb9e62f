"""The panel "Plans": register, look at, pause, archive and delete whole plans."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from plangate.application.results import PlanList, PlanStatus, UnreadablePlan
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import PlanState, Verdict
from plangate.infrastructure.cli.answers import Deletion
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.render.json_stream import json_document
from plangate.infrastructure.cli.render.progress_bar import bar_beside_answer
from plangate.infrastructure.cli.render.status import plan_tables, render_status
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
    left_out: list[UnreadablePlan] = []
    on_screen = terminal.is_interactive
    with bar_beside_answer(terminal.notes, "reading plans", on_screen=on_screen) as progress:
        found = terminal.registry.each_plan(
            limit=limit,
            state=state,
            verdict=verdict,
            needs_replan=needs_replan,
            labels=label or (),
            progress=progress,
        )
        plans = _readable(found, left_out)
        if terminal.as_json:
            terminal.write(
                json_document(
                    "plans",
                    plans,
                    lambda: PlanList(plans=(), unreadable=tuple(left_out)),
                    ensure_ascii=terminal.ascii_only,
                )
            )
        else:
            for table in plan_tables(plans):
                terminal.show(table)
    for plan in left_out:
        terminal.warn(f"the plan {plan.plan_id} cannot be shown: event {unreadable(plan)}")


def _readable(
    found: Iterable[PlanStatus | UnreadablePlan], left_out: list[UnreadablePlan]
) -> Iterator[PlanStatus]:
    """The plans that can be read; the others are left out."""
    for plan in found:
        if isinstance(plan, UnreadablePlan):
            left_out.append(plan)
        else:
            yield plan


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
