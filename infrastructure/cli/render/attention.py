"""What needs a person now, on a screen: a line a plan, and the command that leads on."""

from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.results import PlanStatus
from plangate.application.views.attention import Attention, Need, PlanInNeed
from plangate.domain.errors import PlangateError
from plangate.infrastructure.cli.render import text
from plangate.infrastructure.command_lines import next_steps

AT_MOST: Final = 20
"""How many plans one screen shows."""

_TASKS_AT_MOST: Final = 3
_SAID: Final = {
    Need.REPLAN_DUE: ("a replan is due", "red"),
    Need.BLOCKED: ("blocked", "yellow"),
    Need.FAILED: ("failed", "red"),
    Need.REPLANNING: ("to be replanned", "yellow"),
    Need.LEASE_EXPIRED: ("left by its worker", "yellow"),
    Need.STUCK: ("cannot be read", "red"),
}


def render_attention(
    status_of: Callable[[str], PlanStatus],
) -> Callable[[Attention, text.Hint], RenderableType]:
    """How to show what needs a person; one line when nothing does."""

    def render(found: Attention, hint: text.Hint) -> RenderableType:
        if not found.plan_count and not found.plans:
            first = text.unbroken(f"  {hint('create', 'FILE')}")
            return Group(Text("No plans yet."), first)
        if not found.plans:
            plans = text.count(found.plan_count, "plan")
            return Text(f"Nothing needs a person now: {plans}.", style="green")
        lines: list[RenderableType] = []
        for one in found.plans[:AT_MOST]:
            lines += [_line(one), *_next(one, status_of, hint)]
        hidden = len(found.plans) - AT_MOST
        if hidden > 0:
            lines.append(Text(f"and {text.count(hidden, 'more plan')} in need", style="dim"))
        return Group(*lines)

    return render


def render_no_store(hint: text.Hint) -> RenderableType:
    """How to begin, where nothing was ever recorded."""
    steps = {
        "a store for this project": hint("init"),
        "a plan from a file": hint("create", "FILE"),
        "a small plan from its first score to its completion": hint("demo"),
        "all commands": hint("help"),
    }
    lines = (text.unbroken(f"  {step:22}  {what}") for what, step in steps.items())
    return Group(Text("There is no store yet. To begin:"), *lines)


def _line(one: PlanInNeed) -> Text:
    said, style = _SAID[one.need]
    tasks = f": {text.listed(one.task_ids, at_most=_TASKS_AT_MOST)}" if one.task_ids else ""
    since = f", {text.ago(one.since)}" if one.since else ""
    about = text.harmless(one.why if one.goal is None else one.goal)
    return Text.assemble(
        (text.harmless(one.plan_id), "bold"),
        "  ",
        (f"{said}{tasks}", style),
        (f"{since}  {about}", "dim"),
    )


def _next(
    one: PlanInNeed, status_of: Callable[[str], PlanStatus], hint: text.Hint
) -> Iterator[Text]:
    """The exact command for a plan's need."""
    step: str | None
    match one.need:
        case Need.STUCK:
            step = hint("store", "doctor")
        case Need.LEASE_EXPIRED:
            step = hint("next", one.plan_id)
        case Need.FAILED | Need.REPLANNING:
            step = hint("retry", one.plan_id, one.task_ids[0], "--reason", "REASON")
        case _:
            try:
                step = next(next_steps(status_of(one.plan_id), hint), None)
            except PlangateError:  # it changed meanwhile
                step = hint("status", one.plan_id)
    if step is not None:
        yield text.unbroken(f"  {step}")
