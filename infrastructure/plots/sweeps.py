"""A sweep in one picture: what each policy gains and costs, and its totals on their own scales.

The field with the most values leads along each line; each combination of the other fields is
a line. Lines differ in shade, marker and name.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from plangate.application.replay.points import Point
from plangate.application.replay.summary import NO_OUTCOMES, setting, share, why_no_interval
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.domain.vocabulary import PlanState
from plangate.infrastructure.plots import pages
from plangate.infrastructure.plots.pages import About, PlotTable

_Value = Callable[[Totals], float | None]
_Lines = Mapping[tuple[Any, ...], Sequence[Point]]

_WIDTH: Final = 8.0
_SQUARE: Final = 4.1
_COLUMNS: Final = 3
_SMALL: Final = 1.25
_NAMED: Final = 11
"""Up to so many lines are named; more cannot be distinguished."""

_CROWD: Final = 16
"""The intervals of more policies than this are faint."""

_FAINT: Final = 0.22
_CLEAR: Final = 0.55

_MARKERS: Final = "osD^vP*X"
_HAPPENED: Final[Any] = {"color": pages.INK, "linestyle": (0, (2, 2)), "linewidth": 1.0}


def drawn(sweep: Sweep) -> Figure:
    """Draw the trade-off of all policies, and small plots of their totals."""
    across = max(sweep.fields, key=lambda field: len(_values(sweep, field)))
    lines = _lines(sweep.points, across)
    panels = _panels(sweep.recorded)
    rows = -(-len(panels) // _COLUMNS)
    tall = 1.75 + _SQUARE + rows * (_SMALL + 0.55)
    figure, top = pages.headed(_WIDTH, tall, _title(sweep), _below(sweep))
    height = figure.get_figheight()

    def placed(left: float, above: float, width: float, tall: float) -> Axes:
        bottom = 1 - (top + above + tall) / height
        axes: Axes = figure.add_axes((left / _WIDTH, bottom, width / _WIDTH, tall / height))
        return axes

    _trade_off(placed(0.75, 0.35, _SQUARE, _SQUARE), sweep, lines, across)
    _names(placed(0.75 + _SQUARE + 0.3, 0.35, 2.5, _SQUARE), sweep, lines, across)
    for index, (name, (value, is_share)) in enumerate(panels.items()):
        row, column = divmod(index, _COLUMNS)
        above = 0.35 + _SQUARE + 0.9 + row * (_SMALL + 0.55)
        axes = placed(0.45 + column * 2.6, above, 2.1, _SMALL)
        _small(axes, lines, (across, _values(sweep, across)), value, is_share=is_share)
        _happened(axes, value(sweep.recorded))
        axes.set_title(name, size=9)
        if row == rows - 1:
            axes.set_xlabel(pages.label(across))
    return figure


def about_sweep(sweep: Sweep) -> About:
    """What the picture shows, and its numbers."""
    bad, good = _result_names(sweep.recorded)
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


def _trade_off(axes: Axes, sweep: Sweep, lines: _Lines, across: str) -> None:
    """Results at which the gate is tripped: bad ones upwards, good ones to the right."""
    axes.plot([0, 1], [0, 1], color=pages.QUIET, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)
    blind: dict[str, Any] = {"rotation": 45, "rotation_mode": "anchor", "ha": "right"}
    pages.direct(axes, 0.98, 0.94, "no better than blind", pages.QUIET, **blind)
    crowded = len(sweep.points) > _CROWD
    for place, points in enumerate(lines.values()):
        known = [(point, at) for point in points if (at := _shares(point.totals)) is not None]
        color = _color(place, len(lines))
        for point, (x, y) in known:
            _intervals(axes, point.totals, (x, y), color, _FAINT if crowded else _CLEAR)
        line: dict[str, Any] = {"color": color, "linewidth": 1.3, "markersize": 5}
        marker = _MARKERS[place % len(_MARKERS)]
        axes.plot([x for _, (x, _) in known], [y for _, (_, y) in known], marker, ls="-", **line)
        if known and not place:
            named = known if len(lines) == 1 and len(known) <= _NAMED else [known[0], known[-1]]
            _values_beside(axes, [(setting(one.changes[across]), *at) for one, at in named], color)
    happened = _shares(sweep.recorded)
    if happened is not None:
        axes.plot(*[[one] for one in happened], "P", color=pages.INK, markersize=10, zorder=5)
        x, y = happened
        pages.direct(axes, x, y + 0.045, "what happened", pages.INK, ha="center")
    bad, good = _result_names(sweep.recorded)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.06)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel(f"tripped at {good}")
    axes.set_ylabel(f"tripped at {bad}")
    axes.grid(visible=True, axis="both")
    is_known = sweep.recorded.rejections is not None
    axes.set_title(
        "what each policy catches, and what it costs" if is_known else "where each gate is tripped"
    )
    pages.without_frame(axes)


def _values_beside(axes: Axes, points: Sequence[tuple[str, float, float]], color: str) -> None:
    """The values along a line, below and beside its points."""
    for name, x, y in points:
        pages.direct(axes, x + 0.018, y - 0.028, name, color, size=8)


def _intervals(
    axes: Axes, totals: Totals, at: tuple[float, float], color: str, alpha: float
) -> None:
    x, y = at
    found = totals.outcomes
    if found is None:
        return
    line: dict[str, Any] = {"color": color, "linewidth": 0.8, "alpha": alpha, "zorder": 2}
    for estimate, is_bad in ((found.share_of_bad, True), (found.share_of_good, False)):
        if estimate is not None and estimate.low is not None and estimate.high is not None:
            ends = [estimate.low, estimate.high]
            axes.plot([x, x] if is_bad else ends, ends if is_bad else [y, y], **line)


def _shares(totals: Totals) -> tuple[float, float] | None:
    """The shares of good and of bad results at which the gate is tripped; None without both."""
    found = totals.outcomes
    if found is None:
        low = totals.below_threshold
        return (
            (low.good_tripped / low.good, low.bad_tripped / low.bad)
            if low.good and low.bad
            else None
        )
    bad, good = found.share_of_bad, found.share_of_good
    if bad is None or good is None or bad.value is None or good.value is None:
        return None
    return good.value, bad.value


def _result_names(recorded: Totals) -> tuple[str, str]:
    if recorded.rejections is not None:
        return "results rejected later", "accepted results"
    return "results below the recorded threshold", "results at or above it"


def _names(axes: Axes, sweep: Sweep, lines: _Lines, across: str) -> None:
    """The name of each line, beside the trade-off, and how to read it."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    values = [setting(value) for value in _values(sweep, across)]
    along = f"{pages.label(across)}\nfrom {values[0]} to {values[-1]}"
    text: dict[str, Any] = {"size": 8.5, "va": "top", "linespacing": 1.35}
    axes.text(0.0, 0.0, f"along each line:\n{along}", **text)
    others = [pages.label(field) for field in sweep.fields if field != across]
    at = 0.2
    for place, held in enumerate(list(lines)[:_NAMED]):
        color, marker = _color(place, len(lines)), _MARKERS[place % len(_MARKERS)]
        name = ", ".join(
            f"{field} {setting(value)}" for field, value in zip(others, held, strict=True)
        )
        axes.plot([0.0, 0.06, 0.12], [at] * 3, color=color, linewidth=1.3, clip_on=False)
        axes.plot([0.06], [at], marker, color=color, markersize=5)
        axes.text(0.16, at, name or "each policy", size=8.5, va="center")
        at += 0.05
    if len(lines) > _NAMED:
        axes.text(0.16, at, f"and {len(lines) - _NAMED:,} more", size=8.5, va="center")
        at += 0.05
    axes.plot([0.0, 0.12], [at, at], clip_on=False, **_HAPPENED)
    axes.plot([0.06], [at], "P", color=pages.INK, markersize=8)
    axes.text(0.16, at, "what happened", size=8.5, va="center")
    axes.text(0.0, at + 0.06, _notes(sweep.recorded), color=pages.SOFT, **text)


def _notes(recorded: Totals) -> str:
    if recorded.rejections is None:
        return "\n".join(textwrap.wrap(NO_OUTCOMES, 34))
    if recorded.outcomes is None:
        return "No scored result has an outcome."
    missing = why_no_interval(recorded)
    note = "Thin lines: 95 % intervals, from draws of whole works." if missing is None else missing
    return "\n".join(textwrap.wrap(note, 34))


def _small(
    axes: Axes,
    lines: _Lines,
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
            _MARKERS[place % len(_MARKERS)],
            linestyle="-",
            color=_color(place, len(lines)),
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
        axes.axhline(value, **_HAPPENED, zorder=1)
    else:
        above: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(1.0, 0.99, f"happened: {value:.1f} ↑", size=8, color=pages.INK, **above)


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
    """Dark to light, an order that stays visible in grey."""
    if lines == 1:
        return pages.REPLAYED
    shade = mpl.colormaps["viridis"](0.8 * place / (lines - 1))
    return mpl.colors.to_hex(shade)


def _title(sweep: Sweep) -> str:
    policies = len(sweep.points)
    plans = sweep.recorded.plans
    return (
        f"{policies:,} {'policy' if policies == 1 else 'policies'} "
        f"tried on {plans:,} {'plan' if plans == 1 else 'plans'}"
    )


def _below(sweep: Sweep) -> str:
    grid = "; ".join(
        f"{pages.label(field)}: {', '.join(map(setting, _values(sweep, field)))}"
        for field in sweep.fields
    )
    most = max((point.totals for point in sweep.points), key=lambda totals: totals.assumed)
    at_most = "At most " if most.assumed and len(sweep.points) > 1 else ""
    return f"{grid}.\n{ASSUMED}\n{at_most}{rests_on_them(most.assumed, most.commands)}"
