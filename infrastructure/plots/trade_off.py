"""The trade-off of a sweep: bad results at which each gate is tripped, against good ones."""

import textwrap
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from plangate.application.replay.summary import NO_OUTCOMES, setting, why_no_interval
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.totals import Totals
from plangate.infrastructure.plots import pages
from plangate.infrastructure.plots.sweep_lines import (
    HAPPENED,
    MARKERS,
    NAMED,
    Lines,
    color_of,
    values_of,
)

_CROWD: Final = 16
"""The intervals of more policies than this are faint."""

_FAINT: Final = 0.22
_CLEAR: Final = 0.55


def draw_trade_off(axes: Axes, sweep: Sweep, lines: Lines, across: str) -> None:
    """Results at which the gate is tripped: bad ones upwards, good ones to the right."""
    axes.plot([0, 1], [0, 1], color=pages.QUIET, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)
    blind: dict[str, Any] = {"rotation": 45, "rotation_mode": "anchor", "ha": "right"}
    pages.direct(axes, 0.98, 0.94, "no better than blind", pages.QUIET, **blind)
    crowded = len(sweep.points) > _CROWD
    for place, points in enumerate(lines.values()):
        known = [(point, at) for point in points if (at := _shares(point.totals)) is not None]
        color = color_of(place, len(lines))
        for point, (x, y) in known:
            _intervals(axes, point.totals, (x, y), color, _FAINT if crowded else _CLEAR)
        line: dict[str, Any] = {"color": color, "linewidth": 1.3, "markersize": 5}
        marker = MARKERS[place % len(MARKERS)]
        axes.plot([x for _, (x, _) in known], [y for _, (_, y) in known], marker, ls="-", **line)
        if known and not place:
            named = known if len(lines) == 1 and len(known) <= NAMED else [known[0], known[-1]]
            _values_beside(axes, [(setting(one.changes[across]), *at) for one, at in named], color)
    happened = _shares(sweep.recorded)
    if happened is not None:
        axes.plot(*[[one] for one in happened], "P", color=pages.INK, markersize=10, zorder=5)
        x, y = happened
        pages.direct(axes, x, y + 0.045, "what happened", pages.INK, ha="center")
    bad, good = result_names(sweep.recorded)
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


def result_names(recorded: Totals) -> tuple[str, str]:
    """What bad results are, and what good ones are: as outcomes say, where there are any."""
    if recorded.rejections is not None:
        return "results rejected later", "accepted results"
    return "results below the recorded threshold", "results at or above it"


def draw_names(axes: Axes, sweep: Sweep, lines: Lines, across: str) -> None:
    """The name of each line, beside the trade-off, and how to read it."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    values = [setting(value) for value in values_of(sweep, across)]
    along = f"{pages.label(across)}\nfrom {values[0]} to {values[-1]}"
    text: dict[str, Any] = {"size": 8.5, "va": "top", "linespacing": 1.35}
    axes.text(0.0, 0.0, f"along each line:\n{along}", **text)
    others = [pages.label(field) for field in sweep.fields if field != across]
    at = 0.2
    for place, held in enumerate(list(lines)[:NAMED]):
        color, marker = color_of(place, len(lines)), MARKERS[place % len(MARKERS)]
        name = ", ".join(
            f"{field} {setting(value)}" for field, value in zip(others, held, strict=True)
        )
        axes.plot([0.0, 0.06, 0.12], [at] * 3, color=color, linewidth=1.3, clip_on=False)
        axes.plot([0.06], [at], marker, color=color, markersize=5)
        axes.text(0.16, at, name or "each policy", size=8.5, va="center")
        at += 0.05
    if len(lines) > NAMED:
        axes.text(0.16, at, f"and {len(lines) - NAMED:,} more", size=8.5, va="center")
        at += 0.05
    axes.plot([0.0, 0.12], [at, at], clip_on=False, **HAPPENED)
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
