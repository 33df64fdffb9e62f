"""Whether low confidence predicts rejection, as a reliability diagram."""

from typing import Final

from markupsafe import Markup

from plangate.application.evidence.calibration import Calibration, ReliabilityBin
from plangate.application.evidence.estimates import Estimate
from plangate.application.numbers import number
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_HEIGHT: Final = 240
_COLOR: Final = "#1f5fa8"


def reliability_diagram(calibration: Calibration) -> Chart:
    """The share of accepted results by confidence, with 95 % intervals.

    On the dashed diagonal, a confidence of 0.8 means that 80 % are accepted.
    """
    title = "Accepted results by confidence"
    bins = [one for one in calibration.bins if one.mean_confidence is not None]
    estimated = [one for one in bins if one.accepted.value is not None]
    drawn = [_scale(), *([_diagonal()] if estimated else [])]
    drawn += [_estimate(one.mean_confidence or 0.0, one.accepted) for one in estimated]
    if not estimated:
        drawn.append(svg.axis_label("not enough outcomes", 0.5, _HEIGHT / 2, text_anchor="middle"))
    drawn.append(svg.axis_label("confidence", 0.5, _HEIGHT + 36, text_anchor="middle"))
    description = calibration.sentence
    picture = svg.picture(
        title,
        description,
        _HEIGHT + 50,
        svg.placed(0, 8, *drawn),
        class_="pg-plot pg-reliability",
    )
    wide = {"x1": 0, "x2": 20, "y1": 6, "y2": 6}
    dot = svg.element("circle", cx=10, cy=6, r=4, fill=_COLOR, class_="pg-output")
    dashes = svg.element("line", **wide, stroke=svg.SOFT, stroke_dasharray="5 4", class_="pg-even")
    entries = [(dot, "share accepted, with its 95 % interval"), (dashes, "where it should be")]
    legend = svg.legend(entries if estimated else [])
    return Chart(picture, title, description, _table(bins), legend)


def _scale() -> Markup:
    parts = []
    for value in (0, 0.25, 0.5, 0.75, 1):
        y = _y(value)
        parts += [
            svg.across(y, stroke=svg.FAINT, class_="pg-grid"),
            svg.element(
                "text",
                f"{value:g}",
                x=-8,
                y=y + 4,
                text_anchor="end",
                fill=svg.SOFT,
                class_="pg-label",
            ),
            svg.axis_label(f"{value:g}", value, _HEIGHT + 18, text_anchor="middle"),
        ]
    return svg.group(parts)


def _diagonal() -> Markup:
    return svg.element(
        "line",
        x1="0%",
        x2="100%",
        y1=_HEIGHT,
        y2=0,
        stroke=svg.SOFT,
        stroke_dasharray="5 4",
        class_="pg-even",
    )


def _estimate(confidence: float, accepted: Estimate) -> Markup:
    value, low, high = (part or 0.0 for part in (accepted.value, accepted.low, accepted.high))
    x = svg.percent(confidence)
    hover = svg.element(
        "title",
        f"confidence {number(confidence)}: {number(value)} accepted "
        f"[{number(low)}, {number(high)}], {accepted.cases:,} outcomes",
    )
    bar = svg.element(
        "line",
        x1=x,
        x2=x,
        y1=_y(low),
        y2=_y(high),
        stroke=_COLOR,
        stroke_width=2,
        class_="pg-line",
    )
    dot = svg.element(
        "circle", cx=x, cy=_y(value), r=5, fill=_COLOR, stroke="#fff", class_="pg-output"
    )
    return svg.group([hover, bar, dot])


def _y(value: float) -> float:
    return _HEIGHT * (1 - value)


def _table(bins: list[ReliabilityBin]) -> DataTable:
    rows = tuple(
        (
            f"{one.at_least:g} to {one.below:g}",
            number(one.mean_confidence or 0.0),
            f"{one.accepted.cases:,}",
            _shown(one.accepted.value),
            f"{_shown(one.accepted.low)} to {_shown(one.accepted.high)}",
        )
        for one in bins
    )
    columns = ("confidence", "mean", "outcomes", "share accepted", "95 % interval")
    return DataTable("Outcomes by confidence", columns, rows, numeric=frozenset({1, 2, 3, 4}))


def _shown(value: float | None) -> str:
    return "–" if value is None else number(value)
