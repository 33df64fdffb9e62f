"""A sweep in one picture: what each policy gains and costs, and its totals on their own scales.

The field with the most values leads along each line; each combination of the other fields is
a line. Lines differ in shade, marker and name.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from plangate.application.replay.summary import setting, share
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.domain.vocabulary import PlanState
from plangate.infrastructure.plots import pages
from plangate.infrastructure.plots.pages import About, PlotTable
from plangate.infrastructure.plots.sweep_lines import (
    HAPPENED,
    MARKERS,
    Lines,
    color_of,
    lines_of,
    values_of,
)
from plangate.infrastructure.plots.trade_off import draw_names, draw_trade_off, result_names

_Value = Callable[[Totals], float | None]
_WIDTH: Final = 8.0
_SQUARE: Final = 4.1
_COLUMNS: Final = 3
_SMALL: Final = 1.25


def drawn(sweep: Sweep) -> Figure:
    """Draw the trade-off of all policies, and small plots of their totals."""
    across = max(sweep.fields, key=lambda field: len(values_of(sweep, field)))
    lines = lines_of(sweep.points, across)
    panels = _panels(sweep.recorded)
    rows = -(-len(panels) // _COLUMNS)
    tall = 1.75 + _SQUARE + rows * (_SMALL + 0.55)
    figure, top = pages.headed(_WIDTH, tall, _title(sweep), _below(sweep))
    height = figure.get_figheight()

    def placed(left: float, above: float, width: float, tall: float) -> Axes:
        bottom = 1 - (top + above + tall) / height
        axes: Axes = figure.add_axes((left / _WIDTH, bottom, width / _WIDTH, tall / height))
        return axes

    draw_trade_off(placed(0.75, 0.35, _SQUARE, _SQUARE), sweep, lines, across)
    draw_names(placed(0.75 + _SQUARE + 0.3, 0.35, 2.5, _SQUARE), sweep, lines, across)
    for index, (name, (value, is_share)) in enumerate(panels.items()):
        row, column = divmod(index, _COLUMNS)
        above = 0.35 + _SQUARE + 0.9 + row * (_SMALL + 0.55)
        axes = placed(0.45 + column * 2.6, above, 2.1, _SMALL)
        _small(axes, lines, (across, values_of(sweep, across)), value, is_share=is_share)
        _happened(axes, value(sweep.recorded))
        axes.set_title(name, size=9)
        if row == rows - 1:
            axes.set_xlabel(pages.label(across))
    return figure


def about_sweep(sweep: Sweep) -> About:
    """What the picture shows, and its numbers."""
    bad, good = result_names(sweep.recorded)
    panels = _panels(sweep.recorded)
    columns = (*sweep.fields, bad, good, *panels, "assumed")
    happened = ("what happened", *("" for _ in sweep.fields[1:]))
    rows = [(*happened, *_cells(sweep.recorded, panels))]
    rows += [
        (
            *(setting(point.changes[field]) for field in sweep.fields),
            *_cells(point.totals, panels),
        )
        for point in sweep.points
    ]
    text = f"{_title(sweep)}. {_below(sweep)}".replace("\n", " ")
    return About(text, [PlotTable("The policies", columns, rows)])


def _cells(totals: Totals, panels: Mapping[str, tuple[_Value, bool]]) -> tuple[str, ...]:
    found = totals.results
    return (
        f"{found.bad_tripped:,} of {found.bad:,} {share(found.share_of_bad)}".strip(),
        f"{found.good_tripped:,} of {found.good:,} {share(found.share_of_good)}".strip(),
        *(_written(value(totals), is_share=is_share) for value, is_share in panels.values()),
        f"{totals.assumed:,} of {totals.commands:,}",
    )


def _written(value: float | None, *, is_share: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f}%" if is_share else f"{value:.2f}"


def _panels(recorded: Totals) -> dict[str, tuple[_Value, bool]]:
    """What the small plots show; and whether it is a share, from 0 to 100 %."""

    def of_plans(number: Callable[[Totals], float]) -> tuple[_Value, bool]:
        return (lambda totals: number(totals) / totals.plans if totals.plans else None), True

    def a_plan(number: Callable[[Totals], float]) -> tuple[_Value, bool]:
        return (lambda totals: number(totals) / totals.plans if totals.plans else None), False

    panels = {
        "fires, a plan": a_plan(lambda totals: totals.replans),
        "plans in which it fires": of_plans(lambda totals: totals.replanned),
        "flips of the gate, a plan": a_plan(lambda totals: totals.flips),
        "plans it holds": of_plans(lambda totals: totals.stopped),
        "commands assumed": (
            lambda totals: totals.assumed / totals.commands if totals.commands else None,
            True,
        ),
    }
    if recorded.rejections is not None and recorded.rejections.plans:
        panels["bad plans warned in time"] = (_warned, True)
    else:
        panels["plans that end blocked"] = of_plans(
            lambda totals: totals.states.get(PlanState.BLOCKED, 0)
        )
    return panels


def _warned(totals: Totals) -> float | None:
    found = totals.rejections
    return found.warned / found.plans if found and found.plans else None


def _small(
    axes: Axes,
    lines: Lines,
    across: tuple[str, Sequence[Any]],
    value_of: _Value,
    *,
    is_share: bool,
) -> None:
    field, values = across
    measured = all(isinstance(value, int | float) for value in values)
    for place, points in enumerate(lines.values()):
        found = [(point, value_of(point.totals)) for point in points]
        axes.plot(
            [
                point.changes[field] if measured else values.index(point.changes[field])
                for point, value in found
                if value is not None
            ],
            [value for _, value in found if value is not None],
            MARKERS[place % len(MARKERS)],
            linestyle="-",
            color=color_of(place, len(lines)),
            # Where lines overlap, each stays visible: the first is the thickest.
            markersize=5.5 - 3 * place / len(lines),
            linewidth=2.2 - 1.2 * place / len(lines),
        )
    if not measured:
        axes.set_xticks(range(len(values)), [setting(value) for value in values])
    if is_share:
        axes.set_ylim(-0.03, 1.03)
        axes.set_yticks([0, 0.5, 1.0])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    else:
        tallest = max(value_of(point.totals) or 0.0 for group in lines.values() for point in group)
        axes.set_ylim(-0.03 * (tallest or 1.0), 1.15 * tallest or 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.tick_params(labelsize=8)
    pages.without_frame(axes)


def _happened(axes: Axes, value: float | None) -> None:
    """Draw the recorded total as a line; where it is beyond the scale, say what it is."""
    if value is None:
        return
    top = axes.get_ylim()[1]
    if value <= top:
        axes.axhline(value, **HAPPENED, zorder=1)
    else:
        above: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(1.0, 0.99, f"happened: {value:.1f} ↑", size=8, color=pages.INK, **above)


def _title(sweep: Sweep) -> str:
    policies = len(sweep.points)
    plans = sweep.recorded.plans
    return (
        f"{policies:,} {'policy' if policies == 1 else 'policies'} "
        f"tried on {plans:,} {'plan' if plans == 1 else 'plans'}"
    )


def _below(sweep: Sweep) -> str:
    grid = "; ".join(
        f"{pages.label(field)}: {', '.join(map(setting, values_of(sweep, field)))}"
        for field in sweep.fields
    )
    most = max((point.totals for point in sweep.points), key=lambda totals: totals.assumed)
    at_most = "At most " if most.assumed and len(sweep.points) > 1 else ""
    return f"{grid}.\n{ASSUMED}\n{at_most}{rests_on_them(most.assumed, most.commands)}"
