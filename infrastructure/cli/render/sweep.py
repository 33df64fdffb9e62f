"""What each policy of a grid would have led to: a table, one policy a line."""

from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.replay.summary import NO_OUTCOMES, settings, unfit
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.infrastructure.cli.render import comparison, tables
from plangate.infrastructure.cli.render.ladder import assumed
from plangate.infrastructure.cli.render.text import Hint, count, harmless, spaced

_HAPPENED: Final = "happened"

_Column = Callable[[Totals], str]


def render_sweep(answer: Sweep, _hint: Hint) -> RenderableType:
    """A table of policies, below what happened."""
    recorded = answer.recorded
    columns = dict(_columns(recorded))
    table = tables.Listing(
        *(_column(field, at_least=len(_HAPPENED)) for field in answer.fields),
        *map(_column, columns),
        named=len(answer.fields),
    )
    happened = [_HAPPENED, *("" for _ in answer.fields[1:])]
    table.add_row(*happened, *(total(recorded) for total in columns.values()), style="bold")
    for point in answer.points:
        table.add_row(
            *(Text(comparison.value(point.changes[field])) for field in answer.fields),
            *(total(point.totals) for total in columns.values()),
            heading=harmless(spaced(settings(point.changes))),
        )
    tried = count(len(answer.points), "policy", "policies")
    return Group(
        Text(f"Tried {tried} on {count(recorded.plans, 'plan')}.", style="bold"),
        *assumed(*(point.totals for point in answer.points)),
        *comparison.left_out(answer.unreadable),
        *(
            Text(harmless(f"{settings(point.changes)}: {unfit(point)}"), style="yellow")
            for point in answer.points
            if point.unfit
        ),
        table,
        Text(_legend(recorded), style="dim"),
    )


def _columns(recorded: Totals) -> Iterator[tuple[str, _Column]]:
    yield "fires", lambda totals: f"{totals.replans:,}"
    yield "in plans", lambda totals: f"{totals.replanned:,}"
    yield "stops", lambda totals: f"{totals.stops:,}"
    yield "flips per plan", lambda totals: f"{totals.flips_per_plan:.2f}"
    bad, good = ("on bad", "on good") if recorded.outcomes else ("on low", "on other")
    yield bad, _results(bad=True)
    yield good, _results(bad=False)
    if recorded.rejections is not None:
        yield "warned", _rejections("warned")
        yield "late", _rejections("late")
        yield "missed", _rejections("missed")
    yield "assumed", lambda totals: f"{100 * totals.assumed / max(totals.commands, 1):.0f}%"


def _results(*, bad: bool) -> _Column:
    def text(totals: Totals) -> str:
        found = totals.results
        return f"{found.bad_tripped if bad else found.good_tripped:,}"

    return text


def _rejections(name: str) -> _Column:
    return lambda totals: f"{getattr(totals.rejections, name, 0):,}"


def _legend(recorded: Totals) -> str:
    assumed = "Assumed: the share of commands after the first difference of their plan."
    found = recorded.results
    if recorded.rejections is None:
        tripped = (
            f"On low: at how many of the {found.bad:,} low results the gate is tripped; on other:"
            f" of the {found.good:,} others."
        )
        return f"{NO_OUTCOMES} {tripped} {assumed}"
    return (
        f"On bad: at how many of the {found.bad:,} results rejected later the gate is tripped; on"
        f" good: of the {found.good:,} accepted ones. Warned, late and missed are plans with a"
        f" rejected result. The shares with their intervals are in the JSON and in the picture."
        f" {assumed}"
    )


def _column(name: str, at_least: int = 0) -> Column:
    """A column of numbers whose heading has one word a line."""
    words = spaced(harmless(name)).split() or [""]
    width = max(at_least, *map(len, words))
    return Column("\n".join(words), justify="right", min_width=width)
