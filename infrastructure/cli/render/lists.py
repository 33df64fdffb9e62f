"""Many plans on a screen: a row a plan."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from rich.console import RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.numbers import confidence_text
from plangate.application.results import PlanStatus
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.cli.render import tables, text

_ROWS: Final = 200
"""How many plans one table holds."""


def plan_tables(plans: Iterator[PlanStatus]) -> Iterator[RenderableType]:
    """Tables of plans, one a line, each table with a page of them."""
    page = [*islice(plans, _ROWS)]
    if not page:
        yield Text("No plans.")
    while page:
        yield _plan_table(page)
        page = [*islice(plans, _ROWS)]


def render_total(shown: int, total: int | None) -> Text:
    """How many plans of how many are shown, where some are left out."""
    if total is None:
        return Text(f"{shown:,} plans are shown, and there are more: -n N shows N.", style="dim")
    return Text(f"{shown:,} of {total:,} plans; -n {total} shows all.", style="dim")


def _plan_table(plans: Iterable[PlanStatus]) -> tables.Listing:
    table = tables.Listing(
        tables.fixed("plan"),
        Column("goal", ratio=1, overflow="fold"),
        tables.fixed("verdict"),
        tables.right("done"),
        tables.right("confidence"),
        Column("evidence", ratio=1, overflow="fold"),
        fill=True,
    )
    for plan in plans:
        done = sum(task.status is TaskStatus.DONE for task in plan.tasks)
        table.add_row(
            Text(text.harmless(plan.plan_id)),
            Text(text.harmless(plan.goal)),
            Text(plan.verdict, style=tables.STYLES[plan.verdict]),
            f"{done}/{plan.task_count}",
            confidence_text(
                plan.rolling_confidence, plan.evidence.scored, plan.confidence_threshold
            ),
            Text(plan.evidence.sentence),
        )
    return table
