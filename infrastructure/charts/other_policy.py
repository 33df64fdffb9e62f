"""Many plans under another policy: the price beside the gain, and what each change does."""

from typing import Final

from markupsafe import Markup

from plangate.application.evidence.estimates import Estimate
from plangate.application.replay.points import Point
from plangate.application.replay.summary import (
    NO_OUTCOMES,
    ComparedShare,
    compared_shares,
    settings,
    share,
)
from plangate.application.replay.what_if import WhatIf
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_RECORDED: Final = "#1f5fa8"
_REPLAYED: Final = "#a04000"
_ROW: Final = 66
_STEP: Final = 40


def price_and_gain(answer: WhatIf) -> Chart:
    """At which share of good and of bad results the gate is tripped, in both histories."""
    title = "Where the gate is tripped"
    shares = list(compared_shares(answer.recorded, answer.replayed))
    rows = [svg.placed(0, place * _ROW, *_row(one)) for place, one in enumerate(shares)]
    height = len(shares) * _ROW + 16
    ends = ((0.0, "0%", "start"), (0.5, "50%", "middle"), (1.0, "100%", "end"))
    rows += [svg.axis_label(text, at, height - 2, text_anchor=anchor) for at, text, anchor in ends]
    description = " ".join(
        f"{one.what}: {_text(one.recorded)}, and would have been {_text(one.replayed)}."
        for one in shares
    )
    if answer.recorded.rejections is None:
        description = f"{description} {NO_OUTCOMES}"
    drawn = svg.picture(title, description, height, *rows, class_="pg-plot pg-shares")
    columns = ("of", "what happened", "what would have")
    table = tuple((one.what, _text(one.recorded), _text(one.replayed)) for one in shares)
    return Chart(drawn, title, description, DataTable(title, columns, table), _legend())


def ladder_steps(answer: WhatIf) -> Chart:
    """How often the gate fires as each change is added to those before, and by it alone."""
    title = "Times the gate fires, as one change is added to the other"
    steps: list[tuple[str, int | None, int | None]] = [
        ("what happened", answer.recorded.replans, None)
    ]
    for rung in answer.ladder or ():
        name = settings(rung.alone.changes).replace("_", " ")
        steps.append((name, _fires(rung.together), _fires(rung.alone)))
    most = max((number or 0 for step in steps for number in step[1:]), default=0) or 1
    rows = [
        svg.placed(0, place * _STEP, *_step(step, most, first=not place))
        for place, step in enumerate(steps)
    ]
    threshold = next((step for step in steps if step[0].startswith("confidence thr")), None)
    description = (
        f"The gate fired {_count(steps[0][1])} times, and would have {_count(steps[-1][1])}."
    )
    if threshold is not None:
        description = f"{description} The threshold alone makes it {_count(threshold[2])}."
    drawn = svg.picture(title, description, len(steps) * _STEP, *rows, class_="pg-plot pg-ladder")
    table = tuple((name, _count(so_far), _count(alone)) for name, so_far, alone in steps)
    columns = ("change", "so far", "alone")
    diamond = svg.element("path", d=_diamond(10, 6), fill="#ffffff", class_="pg-alone")
    legend = svg.legend([(diamond, "that change alone")])
    data = DataTable(title, columns, table, frozenset({1, 2}))
    return Chart(drawn, title, description, data, legend)


def _row(one: ComparedShare) -> list[Markup]:
    values = [(one.recorded, "pg-line", _RECORDED, 37), (one.replayed, "pg-other", _REPLAYED, 47)]
    drawn = [
        svg.name_label(one.what, 1.0, 12),
        svg.name_label(f"{_text(one.recorded)} → {_text(one.replayed)}", 1.0, 27),
        *(svg.across(y, stroke=svg.FAINT, class_="pg-grid") for *_, y in values),
    ]
    for place, (estimate, class_, color, y) in enumerate(values):
        if estimate.value is None:
            continue
        if estimate.low is not None and estimate.high is not None:
            ends = {"x1": svg.percent(estimate.low), "x2": svg.percent(estimate.high)}
            look: dict[str, str | float] = {"stroke": color, "stroke_width": 3}
            drawn.append(svg.element("line", **ends, y1=y, y2=y, class_=class_, **look))
        mark = _square(0, 0) if place else _dot(0, 0)
        fill = svg.element("path", d=mark, fill=color, class_=f"{class_}-fill")
        drawn.append(svg.placed(estimate.value, y, fill))
    return drawn


def _step(step: tuple[str, int | None, int | None], most: int, *, first: bool) -> list[Markup]:
    name, so_far, alone = step
    numbers = (
        _count(so_far) if alone is None and first else f"{_count(so_far)}, {_count(alone)} alone"
    )
    drawn = [
        svg.name_label(f"{name}: {numbers}", 1.0, 12),
        svg.element(
            "rect",
            x=0,
            y=18,
            width=svg.percent((so_far or 0) / most),
            height=12,
            fill=_RECORDED if first else _REPLAYED,
            fill_opacity=None if first else 0.5,
            class_="pg-line-fill" if first else "pg-other-fill",
        ),
    ]
    if alone is not None:
        mark = svg.element("path", d=_diamond(0, 0), fill="#ffffff", class_="pg-alone")
        drawn.append(svg.placed(alone / most, 24, mark))
    return drawn


def _legend() -> Markup:
    one = svg.element("path", d=_dot(10, 6), fill=_RECORDED, class_="pg-line-fill")
    other = svg.element("path", d=_square(10, 6), fill=_REPLAYED, class_="pg-other-fill")
    return svg.legend([(one, "what happened"), (other, "what would have")])


def _text(estimate: Estimate) -> str:
    return share(estimate) or "unknown"


def _fires(point: Point) -> int | None:
    return point.totals.replans if point.totals.plans else None


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _dot(x: float, y: float) -> str:
    return f"M{x - 5} {y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z"


def _square(x: float, y: float) -> str:
    return f"M{x - 4.5} {y - 4.5}h9v9h-9Z"


def _diamond(x: float, y: float) -> str:
    return f"M{x - 6} {y}L{x} {y - 6}L{x + 6} {y}L{x} {y + 6}Z"
