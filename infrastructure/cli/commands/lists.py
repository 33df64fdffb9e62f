"""`plangate list`: the plans, newest first, as many as a screen holds; or all, for programs."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import typer

from plangate.application.errors import StoreError
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanList, PlanStatus, UnreadablePlan
from plangate.application.views.plan_summaries import PlanOrder
from plangate.application.views.requests import MAX_PAGE
from plangate.domain.vocabulary import PlanState, Verdict
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.render.json_stream import json_document
from plangate.infrastructure.cli.render.lists import plan_tables, render_total
from plangate.infrastructure.cli.render.progress_bar import bar_beside_answer
from plangate.infrastructure.cli.render.text import unreadable
from plangate.infrastructure.cli.terminal import Terminal

_ON_A_SCREEN: Final = 20
_STATES: Final = [state for state in PlanState if state is not PlanState.DELETED]
_VERDICTS: Final = [verdict for verdict in Verdict if verdict is not Verdict.DELETED]


def list_plans(
    terminal: Terminal,
    *,
    limit: int | None = options.option(
        "-n", "N", "At most N plans. Default: 20, or all with --json.", min=1
    ),
    order: PlanOrder = options.option(
        "--order", "ORDER", f"One of {', '.join(PlanOrder)}.", default=PlanOrder.NEWEST
    ),
    search: str | None = options.option(
        "--search", "WORDS", "Only plans with these words, or their beginnings, in goal or titles."
    ),
    state: PlanState | None = options.option(
        "--state", "STATE", f"Only plans in this state: {', '.join(_STATES)}."
    ),
    verdict: Verdict | None = options.option(
        "--verdict", "VERDICT", f"Only plans with this verdict now: {', '.join(_VERDICTS)}."
    ),
    needs_replan: bool | None = options.flag(
        "--needs-replan/--no-needs-replan",
        "Only plans whose confidence is below the threshold, or only the others.",
        default=None,
    ),
    label: options.Labels = None,
) -> None:
    """List the plans, newest first.

    Example: plangate list --verdict replan --order confidence
    """
    if state is PlanState.DELETED or verdict is Verdict.DELETED:
        raise typer.BadParameter(
            "deleted plans are not listed: plangate history --all --kind plan-deleted names them"
        )
    filters: dict[str, Any] = {
        "state": state,
        "verdict": verdict,
        "needs_replan": needs_replan,
        "labels": label or (),
        "text": search,
        "order": order,
    }
    left_out: list[UnreadablePlan] = []
    on_screen = terminal.is_interactive
    with bar_beside_answer(terminal.notes, "reading plans", on_screen=on_screen) as progress:
        if terminal.as_json:
            found = terminal.registry.each_plan(limit=limit, progress=progress, **filters)
            terminal.write(
                json_document(
                    "plans",
                    _readable(found, left_out),
                    lambda: PlanList(plans=(), unreadable=tuple(left_out)),
                    ensure_ascii=terminal.ascii_only,
                )
            )
        else:
            most = limit or _ON_A_SCREEN
            found = terminal.registry.each_plan(limit=most + 1, progress=progress, **filters)
            plans = [*_readable(found, left_out)]
            for table in plan_tables(iter(plans[:most])):
                terminal.show(table)
            if len(plans) > most:
                terminal.show(render_total(most, _total(terminal.registry, filters)))
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


def _total(registry: PlanRegistry, filters: dict[str, Any]) -> int | None:
    """How many plans match; None where the views cannot say."""
    try:
        page = registry.views.plans(limit=MAX_PAGE, **filters)
        total = len(page)
        while page.next is not None:
            page = registry.views.plans(limit=MAX_PAGE, after=page.next, **filters)
            total += len(page)
    except StoreError:
        return None
    return total
