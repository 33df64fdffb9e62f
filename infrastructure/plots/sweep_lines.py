"""The lines of a sweep's picture: their points, their values, and how they differ."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl

from plangate.application.replay.points import Point
from plangate.application.replay.sweep import Sweep
from plangate.infrastructure.plots import pages

Lines = Mapping[tuple[Any, ...], Sequence[Point]]

NAMED: Final = 11
"""Up to so many lines are named; more cannot be distinguished."""

MARKERS: Final = "osD^vP*X"
HAPPENED: Final[Any] = {"color": pages.INK, "linestyle": (0, (2, 2)), "linewidth": 1.0}


def lines_of(points: Sequence[Point], across: str) -> dict[tuple[Any, ...], list[Point]]:
    """The points by their other fields, in the order of the grid."""
    lines: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        others = tuple(value for field, value in point.changes.items() if field != across)
        lines.setdefault(others, []).append(point)
    return lines


def values_of(sweep: Sweep, field: str) -> list[Any]:
    """The values of a field, in the order of the grid."""
    return list(dict.fromkeys(point.changes[field] for point in sweep.points))


def color_of(place: int, lines: int) -> str:
    """Dark to light, an order that stays visible in grey."""
    if lines == 1:
        return pages.REPLAYED
    shade = mpl.colormaps["viridis"](0.8 * place / (lines - 1))
    return mpl.colors.to_hex(shade)
