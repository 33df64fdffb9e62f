"""A sweep as small plots side by side: the totals of the plans under each policy.

The field with the most values is the x axis; each combination of the other fields is a
line. The recorded total is a dashed horizontal line.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plangate.application.replay.points import Point
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.domain.vocabulary import PlanState
from plangate.infrastructure.plots import pages

_PANELS: Final[Mapping[str, Callable[[Totals], float | None]]] = {
    "replans": lambda totals: totals.replans,
    "plans in which the gate fires": lambda totals: totals.replanned,
    "plans that end blocked": lambda totals: totals.states.get(PlanState.BLOCKED, 0),
    "flips of the gate, a plan": lambda totals: totals.flips_per_plan,
    "plans warned of a failed task": lambda totals: totals.warned,
    "… so many scores ahead": lambda totals: totals.lead,
}
_RECORDED_LINE: Final[Any] = {"color": pages.RECORDED, "linestyle": (0, (5, 3)), "linewidth": 1.2}
_COLUMNS: Final = 3
_NAMED: Final = 11
"""Up to so many lines are named; more cannot be distinguished."""
_A_LINE: Final = 4
"""Names on one line of the legend."""
_MARKERS: Final = "osD^vP*X"


def drawn(sweep: Sweep) -> Figure:
    """Draw all panels, each with a line for every combination of the other fields."""
    across = max(sweep.fields, key=lambda field: len(_values(sweep, field)))
    values = _values(sweep, across)
    lines = _lines(sweep.points, across)
    others = [pages.label(field) for field in sweep.fields if field != across]
    named = [
        ", ".join(
            f"{field} {pages.setting(value)}" for field, value in zip(others, values, strict=True)
        )
        for values in list(lines)[:_NAMED]
        if others
    ]
    width, rows = 10.5, -(-len(_PANELS) // _COLUMNS)
    bottom = 0.85 + 0.22 * (len(named) // _A_LINE)
    figure, top = pages.headed(width, 2.3 * rows + bottom, _title(sweep), _subtitle(sweep))
    height = figure.get_figheight()
    panels = figure.subplots(
        rows,
        _COLUMNS,
        sharex=True,
        gridspec_kw={
            "left": 0.5 / width,
            "right": 1 - 0.25 / width,
            "top": 1 - (top + 0.3) / height,
            "bottom": bottom / height,
            "hspace": 0.3,
            "wspace": 0.2,
        },
    )
    for axes, (name, figure_of) in zip(panels.flat, _PANELS.items(), strict=True):
        axes.set_title(name)
        _panel(axes, lines, (across, values), figure_of)
        _happened(axes, figure_of(sweep.recorded))
    for axes in panels[-1]:
        axes.set_xlabel(pages.label(across))
    happened = panels.flat[0].plot([], [], **_RECORDED_LINE)
    figure.legend(
        [*happened, *panels.flat[0].get_lines()[: len(named)]],
        ["what happened", *named],
        loc="lower left",
        bbox_to_anchor=(0.35 / width, 0.0),
        ncols=_A_LINE,
    )
    return figure


def _panel(
    axes: Axes,
    lines: Mapping[tuple[Any, ...], Sequence[Point]],
    across: tuple[str, Sequence[Any]],
    figure_of: Callable[[Totals], float | None],
) -> None:
    field, values = across
    measured = all(isinstance(value, int | float) for value in values)
    for place, points in enumerate(lines.values()):
        measures = [(point, figure_of(point.totals)) for point in points]
        axes.plot(
            [
                point.changes[field] if measured else values.index(point.changes[field])
                for point, figure in measures
                if figure is not None
            ],
            [figure for _, figure in measures if figure is not None],
            _MARKERS[place % len(_MARKERS)],
            linestyle="-",
            color=_color(place, len(lines)),
            # Where lines overlap, each stays visible: the first is the thickest.
            markersize=7 - 3 * place / len(lines),
            linewidth=2.4 - 1.2 * place / len(lines),
        )
    if not measured:
        axes.set_xticks(range(len(values)), [pages.setting(value) for value in values])
    tallest = max(figure_of(point.totals) or 0.0 for group in lines.values() for point in group)
    axes.set_ylim(0.0, 1.1 * tallest or 1.0)
    pages.without_frame(axes)


def _happened(axes: Axes, figure: float | None) -> None:
    """Draw the recorded total as a line, if it is in the range, and as a number."""
    if figure is None:
        return
    if figure <= axes.get_ylim()[1]:
        axes.axhline(figure, **_RECORDED_LINE, zorder=1)
    value = f"{figure:,}" if isinstance(figure, int) else f"{figure:.2f}"
    axes.set_title(value, loc="right", color=pages.RECORDED)


def _lines(points: Sequence[Point], across: str) -> dict[tuple[Any, ...], list[Point]]:
    """The points by their other fields, in the order of the grid."""
    lines: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        others = tuple(value for field, value in point.changes.items() if field != across)
        lines.setdefault(others, []).append(point)
    return lines


def _values(sweep: Sweep, field: str) -> list[Any]:
    return list(dict.fromkeys(point.changes[field] for point in sweep.points))


def _color(place: int, lines: int) -> str:
    """Dark to light, an order that stays visible in print."""
    if lines == 1:
        return pages.REPLAYED
    shade = mpl.colormaps["viridis"](0.9 * place / (lines - 1))
    return mpl.colors.to_hex(shade)


def _title(sweep: Sweep) -> str:
    policies = len(sweep.points)
    plans = sweep.recorded.plans
    return (
        f"{policies:,} {'policy' if policies == 1 else 'policies'} "
        f"tried on {plans:,} {'plan' if plans == 1 else 'plans'}"
    )


def _subtitle(sweep: Sweep) -> str:
    lines = "; ".join(
        f"{pages.label(field)}: {', '.join(map(pages.setting, _values(sweep, field)))}"
        for field in sweep.fields
    )
    return f"{lines}. A task failed in {sweep.recorded.with_failures:,} of the plans."
