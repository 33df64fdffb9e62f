"""Many plans in one picture: distributions, and the price of a policy beside its gain."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from plangate.application.replay.ladder import Rung
from plangate.application.replay.points import Point
from plangate.application.replay.summary import (
    NO_OUTCOMES,
    change_text,
    compared_shares,
    ladder_columns,
    ladder_rows,
    lines,
    settings,
)
from plangate.application.replay.totals import Totals
from plangate.application.replay.what_if import PlanReplay, WhatIf
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.infrastructure.plots import pages
from plangate.infrastructure.plots.pages import About, PlotTable

_WIDTH: Final = 8.0
_LEFT: Final = 2.3
"""Inches for the names at the left of a panel."""

_INDENT: Final = -(_LEFT - 0.1) / (_WIDTH - _LEFT - 0.35)
"""Where the titles of such panels begin."""

_ROW: Final = 1.95
_CHANGES: Final = 3
"""In how many ways of changing recorded policies each is written out."""

_INTERVALS: Final = "thin lines: 95 % intervals, from draws of whole works"

_MOST_BARS: Final = 14
"""More numbers of firings than this are drawn in classes."""


def drawn(answer: WhatIf) -> Figure:
    """Draw how often and how early gates fire, what is gained and lost, and what each change does.

    The recorded history is dark, the replayed one light.
    """
    rungs = (answer.ladder or ()) if len(answer.ladder or ()) > 1 else ()
    recorded, replayed = answer.recorded, answer.replayed
    heights = [
        _ROW,
        1.45 if recorded.rejections is None else 1.9,
        *([0.5 + 0.2 * (len(rungs) + 1)] if rungs else []),
    ]
    title = f"{recorded.plans:,} plans: the gate fires {replayed.replans:,} times"
    title = f"{title}, not {recorded.replans:,}"
    figure, top = pages.headed(
        _WIDTH, 0.7 + sum(heights) + 0.72 * len(heights), title, _below(answer)
    )
    height = figure.get_figheight()

    def row(index: int, left: float, width: float) -> Axes:
        above = top + 0.35 + sum(heights[:index]) + 0.75 * index
        place = (left / _WIDTH, 1 - (above + heights[index]) / height)
        axes: Axes = figure.add_axes((*place, width / _WIDTH, heights[index] / height))
        return axes

    _firings(row(0, 0.1, 3.7), answer.plans)
    _first_firings(row(0, 4.4, 3.5), answer.plans)
    _results(row(1, _LEFT, _WIDTH - _LEFT - 0.35), recorded, replayed)
    if rungs:
        _ladder(row(2, _LEFT, _WIDTH - _LEFT - 0.35), recorded, rungs)
    return figure


def about_plans(answer: WhatIf) -> About:
    """What the picture shows, and its numbers."""
    recorded, replayed = answer.recorded, answer.replayed
    sides = ("what happened", "what would have")
    columns = ladder_columns(answer)
    rungs = [
        (
            row.change,
            *(row.alone or ("–",) * len(columns)),
            *(row.together or ("–",) * len(columns)),
        )
        for row in ladder_rows(answer)
    ]
    firings = [Counter(len(fired) for fired in side) for side in _sides(answer.plans)]
    return About(
        f"Of {recorded.plans:,} plans, the gate fired in {recorded.replanned:,},"
        f" {recorded.replans:,} times, and would have fired in {replayed.replanned:,},"
        f" {replayed.replans:,} times. " + _below(answer).replace("\n", " "),
        [
            PlotTable("Both histories", ("", *sides), list(lines(recorded, replayed))),
            PlotTable(
                "Plans by how often the gate fires",
                ("times", *sides),
                [
                    (str(times), *(f"{side[times]:,}" for side in firings))
                    for times in sorted({*firings[0], *firings[1]})
                ],
            ),
            PlotTable(
                "What each change does, alone and with those above it",
                (
                    "change",
                    *(f"{one} alone" for one in columns),
                    *(f"{one} so far" for one in columns),
                ),
                rungs,
            ),
        ],
    )


def _below(answer: WhatIf) -> str:
    replayed = answer.replayed
    rests = rests_on_them(replayed.assumed, replayed.commands)
    return "\n".join([*_changes(answer), ASSUMED, rests])


def _changes(answer: WhatIf) -> Iterator[str]:
    """What is changed, in the most plans first."""
    for change in answer.changes[:_CHANGES]:
        what = change_text(change) if change.fields else "nothing"
        among = "" if len(answer.changes) == 1 else f" in {change.plans:,} plans"
        yield f"Changed{among}: {pages.label(what)}."
    more = len(answer.changes) - _CHANGES
    if more > 0:
        yield f"And {more:,} other combinations of changes."


def _sides(plans: Sequence[PlanReplay]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    return [plan.fired for plan in plans], [plan.would_have_fired for plan in plans]


def _firings(axes: Axes, plans: Sequence[PlanReplay]) -> None:
    """Plans by how often the gate fires: what happened above the axis, what would have below."""
    counts = [[len(fired) for fired in side] for side in _sides(plans)]
    most = max((max(side, default=0) for side in counts), default=0)
    step = -(-(most + 1) // _MOST_BARS)
    for (color, _, name), fill, numbers, sign in zip(
        pages.SIDES, (pages.RECORDED, pages.PALE), counts, (1, -1), strict=True
    ):
        bars = Counter(number // step for number in numbers)
        heights = [sign * bar for bar in bars.values()]
        axes.bar(list(bars), heights, 0.8, color=fill, edgecolor=color, linewidth=0.8)
        upright = "bottom" if sign > 0 else "top"
        for at, bar in bars.items():
            beside: dict[str, Any] = {"xytext": (0, sign * 2), "textcoords": "offset points"}
            style: dict[str, Any] = {"ha": "center", "va": upright, "size": 8, "color": pages.SOFT}
            axes.annotate(f"{bar:,}", (at, sign * bar), **beside, **style)
        style = {"color": color, "size": 8.5, "va": "top" if sign > 0 else "bottom"}
        axes.text(0.0, 1.0 if sign > 0 else 0.0, name, transform=axes.transAxes, **style)
    axes.axhline(0, color=pages.INK, linewidth=0.8)
    classes = range(most // step + 1)
    names = [str(one) if step == 1 else f"{one * step}–{(one + 1) * step - 1}" for one in classes]
    slant: dict[str, Any] = {} if step == 1 else {"rotation": 40, "ha": "right"}
    axes.set_xticks(list(classes), names, size=8, **slant)
    axes.set_yticks([])
    axes.margins(y=0.3)
    axes.set_title("plans, by how often the gate fires")
    axes.grid(visible=False)
    pages.without_frame(axes)
    axes.spines["bottom"].set_visible(False)


def _first_firings(axes: Axes, plans: Sequence[PlanReplay]) -> None:
    """In how many plans it has fired by their n-th score."""
    longest = max((len(plan.samples) for plan in plans), default=0)
    most, right = max(len(plans), 1), 1.08 * max(longest, 1)
    ends = list[int]()
    for side, (color, _, _) in enumerate(pages.SIDES):
        first = Counter(_first(plan, side) for plan in plans)
        fired = list(accumulate(first[n] for n in range(1, longest + 1))) or [0]
        ends.append(fired[-1])
        dashes: dict[str, Any] = {"linestyle": (0, (4, 1.5)) if side else "-", "linewidth": 2}
        places = [*range(len(fired) + 1), right]
        axes.step(places, [0, *fired, fired[-1]], where="post", color=color, **dashes)
    axes.set_ylim(0, 1.06 * most)
    axes.set_xlim(0, 1.36 * right)
    gap = max(0.0, 0.13 * most - abs(ends[0] - ends[1])) / 2
    for side, (color, _, name) in enumerate(pages.SIDES):
        up = gap if ends[side] > ends[1 - side] or not side else -gap
        at = min(max(ends[side] + up, 0.05 * most), most)
        pages.direct(axes, 1.02 * right, at, f"{ends[side]:,} {name.removeprefix('what ')}", color)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= longest])
    axes.set_title(f"of {len(plans):,} plans, fired by the n-th score")
    axes.set_xlabel("n", x=0.37)
    pages.without_frame(axes)


def _first(plan: PlanReplay, side: int) -> int:
    fired = ((one.recorded_fired, one.replayed_fired)[side] for one in plan.samples)
    return next((n for n, one in enumerate(fired, 1) if one), 0)


def _results(axes: Axes, recorded: Totals, replayed: Totals) -> None:
    """At which share of good and of bad results the gate is tripped: what is gained, what lost."""
    shares = list(compared_shares(recorded, replayed))
    notes = list[str]()
    for y, (what, *both) in enumerate(shares):
        if None in {one.value for one in both}:
            reason = both[0].reason or "unknown"
            axes.text(0.5, y, reason, ha="center", va="center", color=pages.SOFT, size=8.5)
        else:
            with_interval = both[0].low is not None
            notes.append(_INTERVALS if with_interval else both[0].reason or "")
            _pair(axes, y, [(one.value or 0.0, one.low, one.high) for one in both])
        style: dict[str, Any] = {"ha": "right", "va": "center", "size": 8.5, "linespacing": 1.3}
        axes.text(-0.04, y, "\n".join(textwrap.wrap(what, 28)), **style)
    axes.set_ylim(len(shares) - 0.45, -0.6)
    axes.set_xlim(0, 1)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    title = "the price beside the gain: results at which the gate is tripped"
    note = next(filter(None, notes), "")
    if recorded.rejections is None:
        title = "results at which the gate is tripped"
        note = NO_OUTCOMES.partition(". ")[0] + "."
    axes.set_title(title, x=_INDENT)
    axes.set_xlabel(note, color=pages.SOFT, size=8.5, x=0.27)
    pages.without_frame(axes)


def _pair(axes: Axes, y: float, values: Sequence[tuple[float, float | None, float | None]]) -> None:
    (was, *_), (would, *_) = values
    axes.annotate(
        "",
        (would, y),
        (was, y),
        arrowprops={"arrowstyle": "-|>", "color": pages.QUIET, "shrinkA": 6, "shrinkB": 6},
    )
    for side, (value, low, high) in enumerate(values):
        color, marker, _ = pages.SIDES[side]
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=color, linewidth=1.2, alpha=0.8)
        fill = pages.PALE if side else color
        axes.plot(
            [value], [y], marker, color=color, markerfacecolor=fill, markersize=8, clip_on=False
        )
        at = y - 0.3 if side == 0 else y + 0.34
        word = ("happened", "would have")[side]
        pages.direct(axes, value, at, f"{100 * value:.0f} % {word}", color, ha=_side_of(value))


def _side_of(value: float) -> str:
    near = 0.12
    return "left" if value < near else "right" if value > 1 - near else "center"


def _ladder(axes: Axes, recorded: Totals, rungs: Sequence[Rung]) -> None:
    """How often the gate fires as each change is added; the other mark is each change alone."""
    happened = ("what happened", recorded.replans, None)
    steps: list[tuple[str, int | None, int | None]] = [happened]
    for rung in rungs:
        name = pages.label(settings(rung.alone.changes))
        steps.append((name, _fires(rung.together), _fires(rung.alone)))
    most = max((number or 0 for step in steps for number in step[1:]), default=0) or 1
    number: dict[str, Any] = {"ha": "right", "va": "center", "size": 8.5}
    for y, (name, so_far, alone) in enumerate(steps):
        fill, color = (pages.PALE, pages.REPLAYED) if y else (pages.RECORDED, pages.RECORDED)
        axes.barh(y, so_far or 0, 0.62, color=fill, edgecolor=color, linewidth=0.8)
        axes.text(-0.02 * most, y, name, ha="right", va="center", size=8.5)
        axes.text(1.13 * most, y, "–" if so_far is None else f"{so_far:,}", **number)
        if alone is not None:
            axes.plot([alone], [y], "D", color=pages.INK, markerfacecolor="white", markersize=5)
        if y:
            axes.text(1.27 * most, y, "–" if alone is None else f"{alone:,}", **number)
    heads: dict[str, Any] = {"ha": "right", "va": "bottom", "size": 8, "color": pages.SOFT}
    axes.text(1.13 * most, -0.55, "so far", **heads)
    axes.text(1.27 * most, -0.55, "\u25c7 alone", **heads)
    axes.set_ylim(len(steps) - 0.4, -0.6)
    axes.set_xlim(0, 1.28 * most)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.set_title("times the gate fires, as one change is added to the other", x=_INDENT)
    pages.without_frame(axes)
    axes.spines["bottom"].set_visible(False)


def _fires(point: Point) -> int | None:
    return point.totals.replans if point.totals.plans else None
