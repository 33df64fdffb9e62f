"""How the scores of each judge are spread, version by version."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from plangate.application.numbers import number
from plangate.domain.confidence import reaches
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_BAR: Final = "#7fb2e5"
_LOW: Final = "#c25a00"
_THRESHOLD: Final = "#b3261e"
_MEAN: Final = "M0 0L5 8H-5Z"

_BINS: Final = 20
_JUDGES: Final = 20
_HISTOGRAM: Final = 34
_ROW: Final = 66


@dataclass(slots=True)
class JudgeScores:
    """The scores of one judge in one version, counted as they come."""

    judge: str
    version: str | None = None
    count: int = 0
    total: float = 0.0
    lowest: float = 1.0
    highest: float = 0.0
    below: int = 0
    bins: list[int] = field(default_factory=lambda: [0] * _BINS)
    bins_below: list[int] = field(default_factory=lambda: [0] * _BINS)

    def add(self, score: float, threshold: float) -> None:
        """Count one more score, given under a threshold."""
        bin_ = min(int(score * _BINS), _BINS - 1)
        self.count += 1
        self.total += score
        self.lowest, self.highest = min(self.lowest, score), max(self.highest, score)
        self.bins[bin_] += 1
        if not reaches(score, threshold):
            self.below += 1
            self.bins_below[bin_] += 1

    @property
    def name(self) -> str:
        """The judge, with the version if it is known."""
        return self.judge if self.version is None else f"{self.judge}@{self.version}"


def judge_scores(judges: Iterable[JudgeScores], threshold: float | None) -> Chart:
    """How the scores of each judge and version are spread; dark: below their plan's threshold.

    The versions of a judge are neighbours, in the order in which they came. A line is at the
    threshold, if all plans share one.
    """
    title = "Scores by judge"
    known = _by_judge(judges)
    drawn_ones = known[:_JUDGES]
    drawn = [_judge(row, one, threshold) for row, one in enumerate(drawn_ones)]
    height = max(len(drawn_ones), 1) * _ROW + 18
    if known:
        drawn += _scale(threshold, height - 2)
    else:
        drawn.append(svg.axis_label("no scores yet", 0.5, height / 2, text_anchor="middle"))
    picture = svg.picture(title, _about(known), height, *drawn, class_="pg-judges")
    rows = tuple(
        (
            one.judge,
            one.version or "",
            f"{one.count:,}",
            number(one.total / one.count),
            number(one.lowest),
            number(one.highest),
            f"{one.below:,}",
        )
        for one in known
    )
    columns = ("judge", "version", "scores", "mean", "lowest", "highest", "below the threshold")
    table = DataTable(title, columns, rows, numeric=frozenset({2, 3, 4, 5, 6}))
    keys = (("pg-below", _LOW, "below the plan's threshold"), ("pg-part", _BAR, "at or above it"))
    mean = svg.element("path", d=_MEAN, fill=svg.INK, class_="pg-mean", transform="translate(10 1)")
    entries = [(_key(class_, color), text) for class_, color, text in keys] if known else []
    return Chart(
        picture,
        title,
        _about(known),
        table,
        svg.legend([*entries, *([(mean, "mean")] if known else [])]),
    )


# --- parts of the picture ------------------------------------------------------


def _by_judge(scores: Iterable[JudgeScores]) -> list[JudgeScores]:
    """The judge with the most scores first; the versions of each in the order they came in."""
    listed = list(scores)
    totals = Counter[str]()
    for one in listed:
        totals[one.judge] += one.count
    return sorted(listed, key=lambda one: (-totals[one.judge], one.judge))


def _about(known: Sequence[JudgeScores]) -> str:
    scores, judges = sum(one.count for one in known), len({one.judge for one in known})
    versions = f" in {len(known):,} versions" if len(known) > judges else ""
    text = (
        f"{scores:,} scores by {judges:,} {'judge' if judges == 1 else 'judges'}{versions}, "
        f"{sum(one.below for one in known):,} of them below their plan's threshold."
    )
    return f"{text} The first {_JUDGES} are drawn." if len(known) > _JUDGES else text


def _scale(threshold: float | None, y: float) -> Iterator[Markup]:
    """The ends of the scale, and the threshold instead of an end that is near it."""
    low = threshold is not None and threshold < 0.25  # noqa: PLR2004  (room for its name)
    high = threshold is not None and threshold > 0.75  # noqa: PLR2004  (as above)
    if not low:
        yield svg.axis_label("0", 0.0, y, text_anchor="start")
    if not high:
        yield svg.axis_label("1", 1.0, y, text_anchor="end")
    if threshold is None:
        yield svg.axis_label("0.5", 0.5, y, text_anchor="middle")
    else:
        at, anchor = (0.0, "start") if low else (1.0, "end") if high else (threshold, "middle")
        name: dict[str, str] = {"fill": _THRESHOLD, "class_": "pg-threshold-label"}
        yield svg.axis_label(f"threshold {number(threshold)}", at, y, text_anchor=anchor, **name)


def _judge(row: int, one: JudgeScores, threshold: float | None) -> Markup:
    top = row * _ROW
    floor = top + 20 + _HISTOGRAM
    most = max(one.bins)
    bars = [
        bar
        for bin_, count in enumerate(one.bins)
        if count
        for bar in _bars(one, bin_, floor, _HISTOGRAM / most)
    ]
    base = svg.across(floor, stroke=svg.FAINT, class_="pg-grid")
    mean = svg.placed(
        one.total / one.count,
        floor + 1,
        svg.element("path", d=_MEAN, fill=svg.INK, class_="pg-mean"),
    )
    counted = f"{one.count:,} scores, {_percentage(one.below, one.count)} below"
    name = svg.name_label(svg.shortened(one.name, 100), 0.55, top + 13)
    value = svg.axis_label(counted, 1, top + 13, text_anchor="end", class_="pg-value pg-halo")
    line = [] if threshold is None else [_threshold_upright(threshold, top + 18, floor)]
    return svg.group([base, *bars, *line, mean, name, value])


def _bars(one: JudgeScores, bin_: int, floor: float, scale: float) -> Iterator[Markup]:
    """The scores of a bin: those below their plan's threshold, and above them the others."""
    count, below = one.bins[bin_], one.bins_below[bin_]
    yield svg.element(
        "title",
        f"{bin_ / _BINS:g} to {(bin_ + 1) / _BINS:g}: {count:,} scores, {below:,} below",
    )
    parts = (
        (below, floor, "pg-below", _LOW),
        (count - below, floor - scale * below, "pg-part", _BAR),
    )
    for amount, bottom, class_, color in parts:
        if amount:
            yield svg.element(
                "rect",
                x=svg.percent(bin_ / _BINS + 0.002),
                y=bottom - scale * amount,
                width=svg.percent(1 / _BINS - 0.004),
                height=scale * amount,
                fill=color,
                class_=class_,
            )


def _percentage(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _threshold_upright(threshold: float, top: float, bottom: float) -> Markup:
    return svg.element(
        "line",
        x1=svg.percent(threshold),
        x2=svg.percent(threshold),
        y1=top,
        y2=bottom,
        stroke=_THRESHOLD,
        stroke_width=1.5,
        stroke_dasharray="6 4",
        class_="pg-threshold",
    )


def _key(class_: str, color: str) -> Markup:
    box = {"x": 2, "y": 0, "width": 16, "height": 12, "rx": 2}
    return svg.element("rect", **box, fill=color, stroke=svg.FAINT, class_=class_)
