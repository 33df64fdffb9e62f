"""The views at the terminal: the task board, a plan's confidence over time, and replans."""

from typing import Any

import typer

from plangate.application.views.requests import MAX_PAGE
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.input.options import PlanId, argument, option
from plangate.infrastructure.cli.render import boards as screens
from plangate.infrastructure.cli.terminal import Terminal

_Limit = typer.Option(50, "-n", metavar="N", help="At most N rows.", min=1, max=MAX_PAGE)


def board(
    terminal: Terminal,
    plan: str | None = argument(
        "PLAN", "The plan; without one, give --status.", default=None, autocompletion=plan_ids
    ),
    *,
    status: TaskStatus | None = option(
        "--status", "STATUS", f"Only tasks in this status: {', '.join(TaskStatus)}."
    ),
    limit: int = _Limit,
) -> None:
    """Show tasks with their workers, in one plan or by status over all plans.

    Example: plangate plan board --status in_progress
    """
    if plan is None and status is None:
        raise typer.BadParameter("name a plan, or give --status, or both")
    named: Any = None if plan is None else terminal.plan(plan)
    page = terminal.registry.views.board(named, status=status, limit=limit)
    terminal.answer(page, screens.render_board(one_plan=plan is not None))


def timeline(terminal: Terminal, plan: PlanId, *, limit: int = _Limit) -> None:
    """Show how a plan's confidence moved, score by score.

    Example: plangate plan timeline billing
    """
    page = terminal.registry.views.timeline(terminal.plan(plan), limit=limit)
    terminal.answer(page, screens.render_timeline)


def replans(
    terminal: Terminal,
    plan: str | None = argument(
        "PLAN", "The plan; without one, all plans.", default=None, autocompletion=plan_ids
    ),
    *,
    limit: int = _Limit,
) -> None:
    """Show when and at which confidence gates fired, newest first.

    Example: plangate plan replans
    """
    named = None if plan is None else terminal.plan(plan)
    page = terminal.registry.views.replans(named, newest_first=True, limit=limit)
    terminal.answer(page, screens.render_replans)
