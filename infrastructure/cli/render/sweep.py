"""What each policy of a grid would have led to: a table, one policy a line."""

from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.domain.vocabulary import PlanState
from plangate.infrastructure.cli.render import comparison, tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless, spaced

_HAPPENED: Final = "happened"
_TOTALS: Final[Mapping[str, Callable[[Totals], str]]] = {
    "replans": lambda totals: f"{totals.replans:,}",
    "plans blocked": lambda totals: f"{totals.states.get(PlanState.BLOCKED, 0):,}",
    "flips per plan": lambda totals: f"{totals.flips_per_plan:.2f}",
    "warned": lambda totals: f"{totals.warned:,}",
    "scores ahead": lambda totals: comparison.lead(totals.lead),
    "late": lambda totals: f"{totals.late:,}",
    "missed": lambda totals: f"{totals.missed:,}",
}


def render_sweep(answer: Sweep, _hint: Hint) -> RenderableType:
    """A table of policies, below what happened."""
    recorded = answer.recorded
    table = tables.table_of(
        *(_column(field, at_least=len(_HAPPENED)) for field in answer.fields),
        *map(_column, _TOTALS),
    )
    happened = [_HAPPENED, *("" for _ in answer.fields[1:])]
    table.add_row(*happened, *(total(recorded) for total in _TOTALS.values()), style="bold")
    for point in answer.points:
        table.add_row(
            *(Text(comparison.value(point.changes[field])) for field in answer.fields),
            *(total(point.totals) for total in _TOTALS.values()),
        )
    tried = "1 policy" if len(answer.points) == 1 else f"{len(answer.points):,} policies"
    return Group(
        Text(
            f"Tried {tried} on {count(recorded.plans, 'plan')}, "
            f"{recorded.with_failures:,} of them with a failed task.",
            style="bold",
        ),
        *comparison.left_out(answer.unreadable),
        *(
            Text(
                f"{comparison.policy_text(point.changes)}: not tried on "
                f"{count(point.unfit, 'plan')}, whose own policy it contradicts",
                style="yellow",
            )
            for point in answer.points
            if point.unfit
        ),
        table,
    )


def _column(name: str, at_least: int = 0) -> Column:
    """A column of numbers whose heading has one word a line."""
    words = spaced(harmless(name)).split() or [""]
    width = max(at_least, *map(len, words))
    return Column("\n".join(words), justify="right", min_width=width)
