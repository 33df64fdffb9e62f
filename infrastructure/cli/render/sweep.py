"""What each of many policies would have made of plans: a table, one policy a line."""

from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.domain.vocabulary import PlanState
from plangate.infrastructure.cli.render import comparison, tables
from plangate.infrastructure.cli.terminal import Hint
from plangate.infrastructure.cli.wording import count, harmless

_HAPPENED: Final = "happened"
_FIGURES: Final[Mapping[str, Callable[[Totals], str]]] = {
    "replans": lambda totals: f"{totals.replans:,}",
    "plans blocked": lambda totals: f"{totals.states.get(PlanState.BLOCKED, 0):,}",
    "flips a plan": lambda totals: f"{totals.flips_per_plan:.2f}",
    "warned": lambda totals: f"{totals.warned:,}",
    "scores ahead": lambda totals: comparison.lead(totals.lead),
    "late": lambda totals: f"{totals.late:,}",
    "missed": lambda totals: f"{totals.missed:,}",
}


def render(answer: Sweep, _hint: Hint) -> RenderableType:
    """A table of policies, under what happened."""
    recorded = answer.recorded
    table = tables.table_of(
        *(_column(field, at_least=len(_HAPPENED)) for field in answer.fields),
        *map(_column, _FIGURES),
    )
    happened = [_HAPPENED, *("" for _ in answer.fields[1:])]
    table.add_row(
        *happened, *(figure_text(recorded) for figure_text in _FIGURES.values()), style="bold"
    )
    for point in answer.points:
        table.add_row(
            *(Text(comparison.value(point.changes[field])) for field in answer.fields),
            *(figure_text(point.totals) for figure_text in _FIGURES.values()),
        )
    return Group(
        Text(
            f"Tried {_policies(len(answer.points))} on {count(recorded.plans, 'plan')}, "
            f"{recorded.with_failures:,} of them with a failed task.",
            style="bold",
        ),
        *comparison.unreadable(answer.unreadable),
        *(
            Text(
                f"{comparison.settings(point.changes)}: not tried on {count(point.unfit, 'plan')}, "
                "whose own policy it contradicts",
                style="yellow",
            )
            for point in answer.points
            if point.unfit
        ),
        table,
    )


def _column(name: str, at_least: int = 0) -> Column:
    """A column of figures whose heading has one word a line."""
    words = harmless(name).replace("_", " ").split() or [""]
    width = max(at_least, *map(len, words))
    return Column("\n".join(words), justify="right", min_width=width)


def _policies(number: int) -> str:
    return "1 policy" if number == 1 else f"{number:,} policies"
