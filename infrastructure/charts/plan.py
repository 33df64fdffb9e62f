"""Charts of one plan: its gauge, what its confidence is made of, its tasks, and a sparkline."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.history.explain import Contribution, Explanation
from plangate.application.numbers import confidence_text, number
from plangate.application.results import NO_EVIDENCE
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_SURFACE: Final = "#ffffff"
_GOOD: Final = "#1f5fa8"
_LOW: Final = "#c25a00"
_THRESHOLD: Final = "#b3261e"

_LISTED: Final = 20
"""So many contributions are drawn one by one, the rest as one."""

_ROW: Final = 36
_NAME: Final = 100

_STATUSES: Final = {
    TaskStatus.DONE: ("#1b6e3c", None),
    TaskStatus.IN_PROGRESS: ("#7fb2e5", None),
    TaskStatus.PENDING: ("#e1e5ea", None),
    TaskStatus.REPLANNING: ("#e69f00", "2 4"),
    TaskStatus.FAILED: ("#8c1d18", "4 2"),
}
"""The colour of each status, and the stripes by which it is recognized in grey."""


def gauge(confidence: float, threshold: float, *, scored: int) -> Chart:
    """The rolling confidence as a bar from 0 to 1, with a line at the threshold.

    Without a score there is no bar: a full one would claim what was not judged.
    """
    title = "Confidence and threshold"
    value = number(confidence, threshold) if scored else NO_EVIDENCE
    wanted = number(threshold, confidence)
    passes = reaches(confidence, threshold)
    sentence = (
        f"{value} {'reaches' if passes else 'is below'} the threshold {wanted}."
        if scored
        else f"{NO_EVIDENCE.capitalize()}; the threshold is {wanted}."
    )
    track = _bar(0, 1, 3, 10, class_="pg-track", fill=svg.FAINT)
    class_, color = ("pg-pass", _GOOD) if passes else ("pg-below", _LOW)
    filled = [_bar(0, confidence, 3, 10, class_=class_, fill=color)] if scored else []
    line = _upright(threshold, 0, 16, dashes=None)
    drawn = svg.picture(title, sentence, 16, track, *filled, line, class_="pg-gauge")
    columns = ("confidence", "threshold")
    table = DataTable(title, columns, ((value, wanted),), numeric=frozenset({0, 1}))
    return Chart(drawn, title, sentence, table)


def contribution_bars(explanation: Explanation) -> Chart:
    """Each task's part of the rolling confidence, as stairs that end at the sum."""
    title = "What the confidence is made of"
    total, threshold = explanation.rolling_confidence, explanation.gate_threshold
    parts = explanation.contributions
    rows = [(_name(part), part.contribution) for part in _largest(parts)]
    rest = parts[:0] if len(rows) == len(parts) else _smallest(parts)
    if rest:
        others = sum(part.contribution for part in rest)
        rows.append((f"{len(rest):,} other tasks", others))
    height = _ROW * (len(rows) + 1) + 22
    drawn, begin = [_upright(threshold, 0, height - 18, dashes="6 4")], 0.0
    for row, (name, value) in enumerate(rows):
        drawn.append(_stair(row, name, begin, begin + value, f"+{number(value)}", "pg-part"))
        begin += value
    if parts:
        last = "pg-pass" if reaches(total, threshold) else "pg-below"
        reached = number(total, threshold)
        drawn.append(_stair(len(rows), "rolling confidence", 0, total, reached, last))
    drawn.append(_under(threshold, f"gate at {number(threshold, total)}", height - 4))
    description = (
        f"{len(parts):,} scored {'task adds' if len(parts) == 1 else 'tasks add'} up to "
        f"{number(total, threshold)}; the gate compares with {number(threshold, total)}."
    )
    if not parts:
        description = f"Nothing is scored yet; the gate compares with {number(threshold)}."
    picture = svg.picture(title, description, height, *drawn, class_="pg-contributions")
    return Chart(picture, title, description, _parts_table(explanation))


def status_bar(counts: Mapping[TaskStatus, int]) -> Chart:
    """The tasks of a plan, or of many, as one bar divided by status."""
    title = "Tasks by status"
    total = sum(counts.values())
    there = [status for status in _STATUSES if counts.get(status)]
    drawn, begin = list[Markup](), 0.0
    for status in there:
        share = counts[status] / total
        hover = svg.element("title", f"{_spaced(status)}: {counts[status]:,}")
        drawn.append(_segment(status, begin, begin + share, 14, hover))
        begin += share
    words = ", ".join(f"{counts[status]:,} {_spaced(status)}" for status in there)
    sentence = f"{total:,} {'task' if total == 1 else 'tasks'}{words and f': {words}'}."
    if not there:
        drawn.append(_bar(0, 1, 0, 14, class_="pg-track", fill=svg.FAINT))
    picture = svg.picture(title, sentence, 14, *drawn, class_="pg-statuses")
    legend = svg.legend((_key(status), f"{counts[status]:,} {_spaced(status)}") for status in there)
    rows = tuple((_spaced(status), f"{counts.get(status, 0):,}") for status in _STATUSES)
    table = DataTable(title, ("status", "tasks"), rows, numeric=frozenset({1}))
    return Chart(picture, title, sentence, table, legend)


def sparkline(confidences: Sequence[float], threshold: float) -> Chart:
    """How a confidence moved, small enough for a row of a table."""
    title = "Confidence, score by score"
    many = len(confidences)
    if not confidences:
        sentence = f"{NO_EVIDENCE.capitalize()}."
        drawn: list[Markup] = []
    else:
        first, last = number(confidences[0]), number(confidences[-1], threshold)
        sentence = f"From {first} to {last} in {many:,} {'score' if many == 1 else 'scores'}."
        drawn = [_spark(svg.sampled(confidences, 60))]
    line = svg.across(
        _spark_y(threshold),
        stroke=_THRESHOLD,
        stroke_dasharray="3 3",
        class_="pg-threshold",
    )
    picture = svg.picture(title, sentence, 24, line, *drawn, class_="pg-sparkline")
    listed = svg.sampled(confidences, 60)
    rows = tuple((f"{place:,}", number(value)) for place, value in listed)
    table = DataTable(title, ("score", "confidence"), rows, numeric=frozenset({0, 1}))
    return Chart(picture, title, sentence, table)


# --- parts of pictures ---------------------------------------------------------


def _bar(begin: float, end: float, y: float, height: float, **look: str) -> Markup:
    return svg.element(
        "rect",
        x=svg.percent(begin),
        y=y,
        width=svg.percent(max(end - begin, 0.0)),
        height=height,
        rx=2,
        **look,
    )


def _upright(value: float, top: float, bottom: float, dashes: str | None) -> Markup:
    return svg.element(
        "line",
        x1=svg.percent(value),
        x2=svg.percent(value),
        y1=top,
        y2=bottom,
        stroke=_THRESHOLD,
        stroke_width=2,
        stroke_dasharray=dashes,
        class_="pg-threshold",
    )


def _under(value: float, text: str, y: float) -> Markup:
    """A text below a line, towards the middle of the picture."""
    anchor = "end" if value > 0.5 else "start"  # noqa: PLR2004  (the middle)
    return svg.axis_label(text, value, y, text_anchor=anchor, class_="pg-threshold-label")


def _stair(row: int, name: str, begin: float, end: float, value: str, class_: str) -> Markup:
    y = row * _ROW
    hover = svg.element("title", f"{name}: {value}")
    color = {"pg-pass": _GOOD, "pg-below": _LOW}.get(class_, "#7fb2e5")
    before = _bar(0, begin, y + 26, 1, class_="pg-before", fill=svg.FAINT) if begin else Markup()
    return svg.group(
        [
            hover,
            svg.name_label(svg.shortened(name, _NAME), 0.75, y + 14),
            svg.axis_label(value, 1, y + 14, text_anchor="end", class_="pg-value"),
            before,
            _bar(begin, end, y + 21, 10, class_=class_, fill=color),
        ]
    )


def _segment(
    status: TaskStatus, begin: float, end: float, height: float, *content: Markup
) -> Markup:
    color, stripes = _STATUSES[status]
    name = f"pg-status-{status.replace('_', '-')}"
    x, width = svg.percent(begin), svg.percent(end - begin)
    box = svg.element(
        "rect",
        x=x,
        y=0,
        width=width,
        height=height,
        fill=color,
        stroke=_SURFACE,
        class_=name,
    )
    lines = svg.element(
        "line",
        x1=x,
        x2=svg.percent(end),
        y1=height / 2,
        y2=height / 2,
        stroke=_SURFACE,
        stroke_width=height,
        stroke_dasharray=stripes,
        stroke_opacity=0.55,
        class_="pg-stripes",
    )
    return svg.group([*content, box, *([lines] if stripes else [])])


def _key(status: TaskStatus) -> Markup:
    return _segment(status, 0, 1, 12)


def _spark(points: Sequence[tuple[int, float]]) -> Markup:
    first, last = points[0][0], points[-1][0]
    span = max(last - first, 1)
    path = [
        f"{'L' if place > first else 'M'}{(place - first) / span * 1000:.1f} {_spark_y(value):.1f}"
        for place, value in points
    ]
    line = svg.stretched(path, 24, fill="none", stroke=_GOOD, stroke_width=1.5, class_="pg-line")
    end = svg.percent(1.0 if last > first else 0.0)
    dot = svg.element(
        "circle", cx=end, cy=_spark_y(points[-1][1]), r=2.5, fill=_GOOD, class_="pg-output"
    )
    return svg.group([line, dot])


def _spark_y(value: float) -> float:
    return 2 + 20 * (1 - value)


# --- numbers and names ---------------------------------------------------------


def _largest(parts: Sequence[Contribution]) -> list[Contribution]:
    """The parts to draw one by one, in plan order."""
    if len(parts) <= _LISTED:
        return list(parts)
    kept = {part.task_id for part in _by_size(parts)[:_LISTED]}
    return [part for part in parts if part.task_id in kept]


def _smallest(parts: Sequence[Contribution]) -> Sequence[Contribution]:
    return _by_size(parts)[_LISTED:]


def _by_size(parts: Sequence[Contribution]) -> list[Contribution]:
    return sorted(parts, key=lambda part: -part.contribution)


def _name(part: Contribution) -> str:
    return part.task_id if part.title is None else f"{part.task_id} · {part.title}"


def _parts_table(explanation: Explanation) -> DataTable:
    rows = [
        (
            part.task_id,
            part.title or "",
            number(part.confidence),
            number(part.share),
            number(part.contribution),
        )
        for part in explanation.contributions
    ]
    total = confidence_text(explanation.rolling_confidence, len(rows))
    rows.append(("all", "", "", "", total))
    columns = ("task", "title", "confidence", "share", "contribution")
    caption = "Each task's share of the weights times its confidence"
    return DataTable(caption, columns, tuple(rows), numeric=frozenset({2, 3, 4}))


def _spaced(status: TaskStatus) -> str:
    return status.replace("_", " ")
