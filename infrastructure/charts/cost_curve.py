"""What a gate would have cost at each threshold."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.evidence.gate_worth import CostPoint, Costs
from plangate.application.numbers import number
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_TITLE: Final = "Cost of a result by the gate's threshold"
_HEIGHT: Final = 160
_TOP: Final = 26
_ROOM: Final = 26
"""The name of the cheapest threshold is below its point where there is so much room."""

_COLOR: Final = "#1f5fa8"
_CHEAPEST: Final = "#a04000"
_DOT: Final = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z"
_DIAMOND: Final = "M0 -7L7 0L0 7L-7 0Z"


def cost_curve(costs: Costs) -> Chart:
    """The mean cost with its 95 % interval; the cheapest threshold is named.

    Thresholds with a hollow point are not clearly dearer.
    """
    points = [one for one in costs.points if one.mean.value is not None]
    highest = _rounded_up(max((one.mean.high or 0.0 for one in points), default=0.0))
    drawn = [*_scale(highest)]
    if len(points) > 1:
        drawn += _curve(points, highest)
    drawn += [_point(one, costs.cheapest, highest) for one in points]
    if not points:
        reason = costs.reason or "not enough outcomes"
        drawn.append(svg.axis_label(reason, 0.5, _HEIGHT / 2, text_anchor="middle"))
    drawn.append(svg.axis_label("threshold", 0.5, _HEIGHT + 36, text_anchor="middle"))
    description = _description(costs)
    picture = svg.picture(
        _TITLE,
        description,
        _TOP + _HEIGHT + 42,
        svg.placed(0, _TOP, *drawn),
        class_="pg-plot pg-costs",
    )
    return Chart(picture, _TITLE, description, _table(points), _legend() if points else Markup())


def _scale(highest: float) -> Iterator[Markup]:
    yield svg.axis_label("cost of a result", 0.0, -10, text_anchor="start")
    for share in (0.0, 0.5, 1.0):
        y = _HEIGHT * (1 - share)
        yield svg.across(y, stroke=svg.FAINT, class_="pg-grid")
        look: dict[str, str] = {"text_anchor": "end", "fill": svg.SOFT, "class_": "pg-label"}
        yield svg.element("text", f"{share * highest:g}", x=-8, y=y + 4, **look)
    for share in (0, 0.25, 0.5, 0.75, 1):
        yield svg.axis_label(f"{share:g}", share, _HEIGHT + 18, text_anchor="middle")


def _curve(points: Sequence[CostPoint], highest: float) -> Iterator[Markup]:
    def path(ends: Sequence[tuple[float, float | None]]) -> list[str]:
        return [f"{1_000 * at:.1f} {_y(cost or 0.0, highest):.1f}" for at, cost in ends]

    upper = path([(one.threshold, one.mean.high) for one in points])
    lower = path([(one.threshold, one.mean.low) for one in points])[::-1]
    middle = path([(one.threshold, one.mean.value) for one in points])
    band = [f"M{upper[0]}", *(f"L{one}" for one in (*upper[1:], *lower)), "Z"]
    yield svg.stretched(band, _HEIGHT, fill=_COLOR, fill_opacity=0.15, class_="pg-band")
    line = [f"M{middle[0]}", *(f"L{one}" for one in middle[1:])]
    look: dict[str, str | float] = {"fill": "none", "stroke": _COLOR, "stroke_width": 2}
    yield svg.stretched(line, _HEIGHT, class_="pg-line", **look)


def _point(one: CostPoint, cheapest: float | None, highest: float) -> Markup:
    cost = one.mean.value or 0.0
    hover = svg.element(
        "title",
        f"threshold {one.threshold:g}: {number(cost)} a result; "
        f"{one.missed_bad:,} missed, {one.stopped_good:,} good ones stopped",
    )
    y = _y(cost, highest)
    if one.threshold != cheapest:
        shape = _dot(hover, hollow=one.overlaps)
        return svg.placed(one.threshold, y, shape)
    mark = svg.element("path", hover, d=_DIAMOND, fill=_CHEAPEST, class_="pg-other-fill")
    high, low = 0.75, 0.25
    anchor = "end" if one.threshold > high else "start" if one.threshold < low else "middle"
    name: dict[str, str | float] = {"text_anchor": anchor, "fill": _CHEAPEST, "x": 0}
    text = svg.element(
        "text",
        f"cheapest: {one.threshold:g}",
        y=22 if y < _HEIGHT - _ROOM else -14,
        class_="pg-other-label pg-halo",
        **name,
    )
    return svg.placed(one.threshold, y, mark, text)


def _dot(*content: Markup, hollow: bool) -> Markup:
    look: dict[str, str | float] = {"stroke": _COLOR, "stroke_width": 1.5}
    fill, class_ = ("#fff", "pg-hollow") if hollow else (_COLOR, "pg-solid")
    return svg.element("path", *content, d=_DOT, fill=fill, class_=class_, **look)


def _legend() -> Markup:
    dot, other = (
        svg.element("g", _dot(hollow=hollow), transform="translate(10 6)")
        for hollow in (False, True)
    )
    return svg.legend(
        [(dot, "mean cost; band: 95 % interval"), (other, "not clearly dearer than the cheapest")]
    )


def _description(costs: Costs) -> str:
    given = f"A missed result costs {costs.missed:g}, a good one stopped {costs.stopped:g}."
    if costs.cheapest is None:
        return f"{given} {(costs.reason or 'not enough outcomes').capitalize()}."
    others = len(costs.overlapping)
    are = "1 other is" if others == 1 else f"{others:,} others are"
    alike = f"; {are} not clearly dearer" if others else ""
    return f"{given} The cheapest threshold is {costs.cheapest:g}{alike}."


def _table(points: Sequence[CostPoint]) -> DataTable:
    rows = tuple(
        (
            f"{one.threshold:g}",
            f"{one.missed_bad:,}",
            f"{one.stopped_good:,}",
            f"{one.total:g}",
            number(one.mean.value or 0.0),
            f"{number(one.mean.low or 0.0)} to {number(one.mean.high or 0.0)}",
        )
        for one in points
    )
    columns = ("threshold", "missed", "good ones stopped", "total", "a result", "95 % interval")
    return DataTable(_TITLE, columns, rows, frozenset(range(6)))


def _rounded_up(cost: float) -> float:
    """The end of the scale: 1, 2, 4 or 10 times a power of ten."""
    if cost <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(cost))
    return next(times * power for times in (1, 2, 4, 10) if cost <= times * power)


def _y(cost: float, highest: float) -> float:
    return _HEIGHT * (1 - cost / highest)
