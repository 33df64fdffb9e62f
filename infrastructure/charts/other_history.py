"""A plan's recorded confidence beside the one it would have had under another policy."""

from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.numbers import confidence_text, number
from plangate.application.replay.summary import times_fired, times_would_have_fired
from plangate.application.replay.what_if import PlanReplay, Sample
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_TITLE: Final = "What happened, and what would have"
_HEIGHT: Final = 200
_TOP: Final = 40
"""Above the plot, a row for the firings of each history."""

_LANES: Final = (-28, -13)
_RECORDED: Final = "#1f5fa8"
_REPLAYED: Final = "#a04000"
_FIRED: Final = "M-5.5 -4.5H5.5L0 5.5Z"
_DOT: Final = "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z"
_SQUARE: Final = "M-3.5 -3.5H3.5V3.5H-3.5Z"
_DOTS: Final = 60
_SHORT: Final = 17
"""So many letters of an id are shown below the plot."""

_DRAWN: Final = 600
"""More samples than this are thinned out evenly."""


def other_history(plan: PlanReplay) -> Chart:
    """Draw both confidences after each score; the horizontal axis counts these samples."""
    samples = plan.samples
    description = _description(plan)
    sides = (
        ("pg-line", _RECORDED, None, plan.recorded_policy.confidence_threshold),
        ("pg-other", _REPLAYED, "7 3", plan.policy.confidence_threshold),
    )
    drawn = svg.picture(
        _TITLE,
        description,
        _TOP + _HEIGHT + 24,
        svg.placed(
            0,
            _TOP,
            svg.unit_scale(_y),
            *(_threshold(color, at) for _, color, _, at in sides),
            _steps(samples, _recorded, sides[0]),
            _steps(samples, _replayed, sides[1]),
            _points(samples, _recorded, "pg-line-fill", _RECORDED),
            _points(samples, _replayed, "pg-other-hollow", _REPLAYED),
            _fired(samples, lambda one: one.recorded_fired, _LANES[0], "pg-line-fill", _RECORDED),
            _fired(samples, lambda one: one.replayed_fired, _LANES[1], "pg-other-fill", _REPLAYED),
            _names(plan),
            _axis(samples),
        ),
        class_="pg-plot pg-named pg-what-if",
    )
    return Chart(drawn, _TITLE, description, _table(plan), _legend())


_Value = Callable[[Sample], float | None]
_Side = tuple[str, str, str | None, float]
_Look = dict[str, str | float | None]


def _threshold(color: str, threshold: float) -> Markup:
    class_ = "pg-line" if color == _RECORDED else "pg-other"
    look: _Look = {"stroke": color, "stroke_dasharray": "2 5", "stroke_width": 1.5}
    return svg.across(_y(threshold), class_=class_, **look)


def _names(plan: PlanReplay) -> Markup:
    """The last confidences and the thresholds, beside their lines."""
    sides = (
        (plan.recorded, plan.recorded_policy, "happened", _RECORDED, "pg-line-label"),
        (plan.replayed, plan.policy, "would have", _REPLAYED, "pg-other-label"),
    )
    labels = []
    for end, policy, name, color, class_ in sides:
        if end.scored:
            last = end.rolling_confidence
            labels.append((_y(last), f"{number(last)} {name}", color, class_))
        threshold = policy.confidence_threshold
        labels.append((_y(threshold), f"threshold {number(threshold)}", color, class_))
    return svg.line_names(dict.fromkeys(labels), _HEIGHT)


def _steps(samples: Sequence[Sample], value: _Value, side: _Side) -> Markup:
    class_, color, dashes, _ = side
    if not samples:
        return Markup()
    points = svg.sampled([value(one) for one in samples], _DRAWN)
    before: float | None = None
    span = max(len(samples) - 1, 1)
    path = list[str]()
    for place, at in points:
        if at is not None:
            x, y = (place - 1) / span * 1000, _y(at)
            path.append(f"M{x:.1f} {y:.1f}" if before is None else f"H{x:.1f}V{y:.1f}")
        before = at
    look = {"stroke_dasharray": dashes, "stroke_width": 2, "stroke_linejoin": "round"}
    return svg.stretched(path, _HEIGHT, fill="none", stroke=color, class_=class_, **look)


def _recorded(sample: Sample) -> float | None:
    return sample.recorded_confidence if sample.recorded_scored else None


def _replayed(sample: Sample) -> float | None:
    return sample.replayed_confidence if sample.replayed_scored else None


def _points(samples: Sequence[Sample], value: _Value, class_: str, color: str) -> Markup:
    """A dot for each sample, where there are few: a hollow square of the other history."""
    span = max(len(samples) - 1, 1)
    recorded = color == _RECORDED
    look: _Look = {"d": _DOT if recorded else _SQUARE, "fill": color if recorded else "#fff"}
    look |= {"stroke": "none" if recorded else color, "stroke_width": 1.5}
    return svg.group(
        svg.placed(
            place / span,
            _y(at),
            svg.element(
                "path",
                svg.element("title", f"{sample.event_id}: {number(at)}"),
                class_=class_,
                **look,
            ),
        )
        for place, sample in enumerate(samples if len(samples) <= _DOTS else ())
        if (at := value(sample)) is not None
    )


def _fired(
    samples: Sequence[Sample], fired: Callable[[Sample], bool], y: float, class_: str, color: str
) -> Markup:
    span = max(len(samples) - 1, 1)
    return svg.group(
        svg.placed(
            place / span,
            y,
            svg.element(
                "path",
                svg.element("title", f"the gate fired at {sample.event_id}"),
                d=_FIRED,
                fill=color,
                class_=class_,
            ),
        )
        for place, sample in enumerate(samples[:_DRAWN])
        if fired(sample)
    )


def _axis(samples: Sequence[Sample]) -> Markup:
    if not samples:
        return svg.axis_label("nothing scored", 0.5, _HEIGHT / 2, text_anchor="middle")
    first, last = (svg.both_ends(samples[index].event_id, _SHORT) for index in (0, -1))
    labels = [svg.axis_label(first, 0.0, _HEIGHT + 18, text_anchor="start")]
    if len(samples) > 1:
        beside = svg.MARGIN if len(first) + len(last) > _SHORT else 0
        labels.append(svg.axis_label(last, 1.0, _HEIGHT + 18, text_anchor="end", dx=beside))
    return svg.group(labels)


def _legend() -> Markup:
    wide: _Look = {"x1": 0, "x2": 20, "y1": 6, "y2": 6, "stroke_width": 2}
    entries = []
    for class_, color, dashes, name in (
        ("pg-line", _RECORDED, None, "what happened"),
        ("pg-other", _REPLAYED, "7 3", "what would have"),
        ("pg-line", _RECORDED, "2 5", "the threshold of each"),
    ):
        look: _Look = {"stroke": color, "stroke_dasharray": dashes, "class_": class_}
        entries.append((svg.element("line", **wide, **look), name))
    for class_, color, name in (
        ("pg-line-fill", _RECORDED, "the gate fired (upper row)"),
        ("pg-other-fill", _REPLAYED, "it would have (lower row)"),
    ):
        fired = svg.element("path", d=_FIRED, fill=color, class_=class_)
        entries.append((svg.element("g", fired, transform="translate(10 6)"), name))
    return svg.legend(entries)


def _description(plan: PlanReplay) -> str:
    one, other = plan.recorded, plan.replayed
    ends = (
        f"The confidence ended at {number(one.rolling_confidence, other.rolling_confidence)}, and"
        f" would have ended at {number(other.rolling_confidence, one.rolling_confidence)}."
    )
    return (
        f"{ends if one.scored and other.scored else 'Too little is scored for a confidence.'}"
        f" The gate {times_fired(len(plan.fired))}, and"
        f" {times_would_have_fired(len(plan.would_have_fired))}."
    )


def _table(plan: PlanReplay) -> DataTable:
    columns = ("event", "task", "score", "happened", "fired", "would have", "would have fired")
    rows = tuple(
        (
            one.event_id,
            one.task_id or "",
            "" if one.score is None else number(one.score),
            confidence_text(one.recorded_confidence, one.recorded_scored),
            "fired" if one.recorded_fired else "",
            confidence_text(one.replayed_confidence, one.replayed_scored),
            "fired" if one.replayed_fired else "",
        )
        for one in plan.samples[:_DRAWN]
    )
    return DataTable("Both confidences after each score", columns, rows, frozenset({2, 3, 5}))


def _y(value: float) -> float:
    return round(_HEIGHT * (1 - value), 2)
