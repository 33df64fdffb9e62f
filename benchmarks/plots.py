"""Log-log plots of cost against size, in the style of plangate's own plots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from matplotlib.ticker import StrMethodFormatter

from benchmarks.results import Results, Role, Row
from plangate.infrastructure.plots import pages


class _Plot(NamedTuple):
    file: str
    title: str
    rows: tuple[str, ...]
    size: str


PLOTS: Final = (
    _Plot("tasks.svg", "Cost against tasks", ("score", "status", "next-task"), "tasks in the plan"),
    _Plot(
        "events.svg",
        "Cost against events",
        ("replay", "catch-up", "what-if", "check", "findings", "ledger"),
        "events",
    ),
    _Plot("plans.svg", "Cost against plans", ("next-over-plans",), "plans"),
)
_BELOW: Final = (
    "Medians of all rounds; the bands hold all rounds. Both axes are logarithmic: a flat line does "
    "not grow, and one as steep as the dotted line grows with the size."
)
_COLUMNS: Final = 3
_MARKERS: Final = {
    "plangate": "o",
    "raw sqlite3": "s",
    "eventsourcing": "^",
    "eventsource-py": "v",
    "JSON file": "D",
}
_COLORS: Final = {
    "plangate": pages.RECORDED,
    "raw sqlite3": pages.INK,
    "eventsourcing": pages.REPLAYED,
    "eventsource-py": "#009E73",
    "JSON file": "#CC79A7",
}


def draw(results: Results, folder: Path) -> list[str]:
    """Draw every plot that has rows with more than one size; the names of the files."""
    found = {row.name: row for row in results.rows}
    drawn = []
    for plot in PLOTS:
        rows = [found[name] for name in plot.rows if name in found]
        rows = [row for row in rows if len(row.measurements) > 1]
        if rows:
            folder.mkdir(exist_ok=True)
            with pages.style():
                _draw(plot, rows, folder / plot.file)
            drawn.append(plot.file)
    return drawn


def _draw(plot: _Plot, rows: Sequence[Row], path: Path) -> None:
    columns = min(_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    width, bottom = max(6.6, 3.9 * columns), 0.95
    drawing, top = pages.headed(width, 2.9 * lines + bottom + 0.6, plot.title, _BELOW)
    height = drawing.get_figheight()
    panels = drawing.subplots(
        lines,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": 0.85 / width,
            "right": 1 - 0.2 / width,
            "top": 1 - (top + 0.4) / height,
            "bottom": bottom / height,
            "hspace": 0.5,
            "wspace": 0.4,
        },
    )
    shown: dict[str, Any] = {}
    for axes, row in zip(panels.flat, rows, strict=False):
        shown |= _panel(axes, row, plot.size)
    for axes in panels.flat[len(rows) :]:
        axes.set_visible(False)
    order = [name for name in _COLORS if name in shown]
    drawing.legend(
        [shown[name] for name in order],
        order,
        loc="lower left",
        bbox_to_anchor=(0.4 / width, 0.0),
        ncols=len(order),
        columnspacing=1.2,
        handletextpad=0.5,
    )
    pages.save(drawing, path, pages.About(str(drawing.get_label())))


def _panel(axes: Any, row: Row, size: str) -> dict[str, Any]:
    """Draw a line for each contender."""
    axes.set_title(row.title.replace("`", ""))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(size)
    axes.set_ylabel(f"{row.cost} a {row.operation}")
    axes.grid(visible=True, axis="both", which="major")
    shown = {}
    for name in [side.name for side in row.measurements[0].sides]:
        points = [
            (measurement.size, side.cost, side.role)
            for measurement in row.measurements
            for side in measurement.sides
            if side.name == name
        ]
        sizes = [size for size, _, _ in points]
        color, is_ours = _COLORS.get(name, pages.QUIET), points[0][2] is Role.PLANGATE
        axes.fill_between(
            sizes,
            [cost.lowest for _, cost, _ in points],
            [cost.highest for _, cost, _ in points],
            color=color,
            alpha=0.15,
            linewidth=0,
        )
        [shown[name]] = axes.plot(
            sizes,
            [cost.median for _, cost, _ in points],
            _MARKERS.get(name, "o"),
            linestyle="-",
            color=color,
            markersize=5,
            linewidth=2.2 if is_ours else 1.2,
            zorder=3 if is_ours else 2,
        )
    _slope(axes, row)
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    return shown


def _slope(axes: Any, row: Row) -> None:
    """A dotted line that grows with the size, from plangate's first point."""
    if row.operation == "event":
        return  # the cost of one event does not grow with all of them
    first, last = row.measurements[0], row.measurements[-1]
    start = first.sides[0].cost.median
    low, high = axes.get_ylim()
    axes.plot(
        [first.size, last.size],
        [start, start * last.size / first.size],
        linestyle=(0, (1, 3)),
        color=pages.QUIET,
        linewidth=1.0,
    )
    axes.set_ylim(low, high)
