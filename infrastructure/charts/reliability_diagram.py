"""Whether low confidence predicts rejection, as a reliability diagram."""

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from plangate.application.evidence.calibration import Calibration, ReliabilityBin
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.judge_calibration import Worth
from plangate.application.numbers import number
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_HEIGHT: Final = 240
_TOP: Final = 26
_COLOR: Final = "#1f5fa8"


def reliability_diagram(calibration: Calibration) -> Chart:
    """The share of accepted results by confidence, with 95 % intervals, and an isotonic fit.

    On the dashed diagonal, a confidence of 0.8 means that 80 % are accepted. What a
    confidence is worth is the height of the fit.
    """
    title = "Accepted results by confidence"
    bins = [one for one in calibration.bins if one.mean_confidence is not None]
    estimated = [one for one in bins if one.accepted.value is not None]
    fitted = [one for one in calibration.worth if one.accepted.value is not None]
    drawn = [_scale(), *([_diagonal()] if estimated else []), *_fit(fitted)]
    drawn += [_estimate(one.mean_confidence or 0.0, one.accepted) for one in estimated]
    if not estimated:
        drawn.append(svg.axis_label("not enough outcomes", 0.5, _HEIGHT / 2, text_anchor="middle"))
    drawn.append(svg.axis_label("confidence", 0.5, _HEIGHT + 36, text_anchor="middle"))
    description = calibration.sentence
    picture = svg.picture(
        title,
        description,
        _TOP + _HEIGHT + 42,
        svg.placed(0, _TOP, *drawn),
        class_="pg-plot pg-reliability",
    )
    wide = {"x1": 0, "x2": 20, "y1": 6, "y2": 6}
    dot = svg.element("circle", cx=10, cy=6, r=4, fill=_COLOR, class_="pg-output")
    dashes = svg.element("line", **wide, stroke=svg.SOFT, stroke_dasharray="5 4", class_="pg-even")
    entries = [(dot, "share accepted, with its 95 % interval"), (dashes, "where it should be")]
    line = svg.element("line", **wide, stroke=_COLOR, stroke_width=2, class_="pg-line")
    entries += (
        [(line, "what a confidence is worth: an isotonic fit, and its band")] if fitted else []
    )
    legend = svg.legend(entries if estimated else [])
    return Chart(picture, title, description, _table(bins, fitted), legend)


def _scale() -> Markup:
    parts = [svg.axis_label("share accepted", 0.0, -10, text_anchor="start")]
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


def _fit(fitted: list[Worth]) -> Iterator[Markup]:
    """The fit as a line in its band; nothing where there are fewer than two points of it."""
    if len(fitted) < 2:  # noqa: PLR2004  (a line has two ends)
        return
    lows = [(one.score, one.accepted.low or 0.0) for one in fitted]
    highs = [(one.score, one.accepted.high or 0.0) for one in fitted]
    values = [(one.score, one.accepted.value or 0.0) for one in fitted]
    band = [*_path(highs), *_path(lows[::-1], "L"), "Z"]
    yield svg.stretched(band, _HEIGHT, fill=_COLOR, fill_opacity=0.15, class_="pg-band")
    yield svg.stretched(
        list(_path(values)), _HEIGHT, fill="none", stroke=_COLOR, stroke_width=2, class_="pg-line"
    )


def _path(points: list[tuple[float, float]], first: str = "M") -> Iterator[str]:
    for index, (score, share) in enumerate(points):
        yield f"{'L' if index else first}{1_000 * score:.1f} {_y(share):.1f}"


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


def _table(bins: list[ReliabilityBin], fitted: list[Worth]) -> DataTable:
    rows = tuple(
        (
            f"{one.at_least:g} to {one.below:g}",
            number(one.mean_confidence or 0.0),
            f"{one.accepted.cases:,}",
            *_with_interval(one.accepted),
        )
        for one in bins
    )
    fits = tuple(
        (f"{one.score:g}, by the fit", number(one.score), "", *_with_interval(one.accepted))
        for one in fitted
    )
    columns = ("confidence", "mean", "outcomes", "share accepted", "95 % interval")
    numeric = frozenset({1, 2, 3, 4})
    return DataTable("Outcomes by confidence", columns, (*rows, *fits), numeric=numeric)


def _with_interval(estimate: Estimate) -> tuple[str, str]:
    return _shown(estimate.value), f"{_shown(estimate.low)} to {_shown(estimate.high)}"


def _shown(value: float | None) -> str:
    return "–" if value is None else number(value)
