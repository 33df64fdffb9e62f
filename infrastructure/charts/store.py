"""Charts of many plans: scores by judge, plans by task, replans by week."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from plangate.application.numbers import number
from plangate.application.views.board import BoardTask
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_BAR: Final = "#7fb2e5"
_THRESHOLD: Final = "#b3261e"

_BINS: Final = 20
_JUDGES: Final = 20
_PLANS: Final = 40
_TASKS: Final = 30
_WEEKS: Final = 53

_HISTOGRAM: Final = 34
_JUDGE_ROW: Final = 66
_CELL: Final = 20
_NAMES: Final = 108
"""Pixels for the ids of plans; with a gap they are the 7.5rem of the class `pg-heat`."""
_WEEKS_HEIGHT: Final = 120

_BELOW: Final = ("#8c2d04", "#d9690f", "#f3b27a")
"""Below the threshold by more than 0.3, by more than 0.1, and by less; dark in grey too."""

_ABOVE: Final = "#cfe3f7"
_NONE: Final = "#ffffff"


@dataclass(slots=True)
class JudgeScores:
    """The scores of one judge, counted as they come."""

    judge: str
    count: int = 0
    total: float = 0.0
    lowest: float = 1.0
    highest: float = 0.0
    below: int = 0
    bins: list[int] = field(default_factory=lambda: [0] * _BINS)

    def add(self, score: float, threshold: float) -> None:
        """Count one more score, given under a threshold."""
        self.count += 1
        self.total += score
        self.lowest, self.highest = min(self.lowest, score), max(self.highest, score)
        self.below += not reaches(score, threshold)
        self.bins[min(int(score * _BINS), _BINS - 1)] += 1


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan's tasks in plan order, and the threshold they are compared with."""

    plan_id: str
    threshold: float
    tasks: Sequence[BoardTask]


def judge_scores(judges: Iterable[JudgeScores], threshold: float | None) -> Chart:
    """How each judge's scores are spread; a line is at the threshold, if all plans share one."""
    title = "Scores by judge"
    known = sorted(judges, key=lambda one: (-one.count, one.judge))
    drawn_ones = known[:_JUDGES]
    drawn = [_judge(row, one) for row, one in enumerate(drawn_ones)]
    height = max(len(drawn_ones), 1) * _JUDGE_ROW + 18
    if threshold is not None and known:
        drawn.insert(0, _threshold_upright(threshold, height - 16))
    if known:
        ends = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
        drawn += [
            svg.axis_label(f"{at:g}", at, height - 2, text_anchor=anchor) for at, anchor in ends
        ]
    else:
        drawn.append(svg.axis_label("no scores yet", 0.5, height / 2, text_anchor="middle"))
    scores = sum(one.count for one in known)
    description = (
        f"{scores:,} scores by {len(known):,} {'judge' if len(known) == 1 else 'judges'}, "
        f"{sum(one.below for one in known):,} of them below their plan's threshold."
    )
    if len(known) > _JUDGES:
        description += f" The {_JUDGES} with the most scores are drawn."
    columns = ("judge", "scores", "mean", "lowest", "highest", "below the threshold")
    rows = tuple(
        (
            one.judge,
            f"{one.count:,}",
            number(one.total / one.count),
            number(one.lowest),
            number(one.highest),
            f"{one.below:,}",
        )
        for one in known
    )
    table = DataTable(title, columns, rows, numeric=frozenset({1, 2, 3, 4, 5}))
    picture = svg.picture(title, description, height, *drawn, class_="pg-judges")
    dashes = svg.element(
        "line",
        x1=10,
        x2=10,
        y1=0,
        y2=12,
        stroke=_THRESHOLD,
        stroke_dasharray="4 3",
        class_="pg-threshold",
    )
    entries = [] if threshold is None else [(dashes, f"threshold {number(threshold)}")]
    return Chart(picture, title, description, table, svg.legend(entries))


def plan_task_heat(plans: Sequence[PlanRow], of: int) -> Chart:
    """Plans as rows and their tasks as cells, coloured by confidence against the threshold.

    `of` is how many plans there are; the caller chooses which to draw.
    """
    title = "Plans and their tasks"
    chosen = plans[:_PLANS]
    columns = min(max((len(plan.tasks) for plan in chosen), default=1), _TASKS)
    cut = any(len(plan.tasks) > _TASKS for plan in chosen)
    drawn = [_heat_row(row, plan, columns) for row, plan in enumerate(chosen)]
    height = max(len(chosen), 1) * _CELL + 2
    if not chosen:
        drawn.append(svg.axis_label("no plans yet", 0.5, 14, text_anchor="middle"))
    description = f"{len(chosen):,} of {of:,} plans, a cell for each task in plan order."
    description += f" Of longer plans, the first {_TASKS} tasks." if cut else ""
    picture = svg.picture(title, description, height, *drawn, class_="pg-heat")
    rows = tuple(
        (
            plan.plan_id,
            " ".join(map(_in_words, plan.tasks[:_TASKS])),
            number(plan.threshold),
        )
        for plan in chosen
    )
    table = DataTable(
        "Confidence of each task, in plan order",
        ("plan", "tasks", "threshold"),
        rows,
        numeric=frozenset({2}),
    )
    keys = (
        ("pg-heat-2", _BELOW[0], "0.3 or more below the threshold"),
        ("pg-heat-1", _BELOW[1], "0.1 or more below"),
        ("pg-heat-0", _BELOW[2], "below"),
        ("pg-heat-pass", _ABOVE, "at or above"),
        ("pg-heat-none", _NONE, "not scored"),
    )
    entries = [(_key(class_, color), text) for class_, color, text in keys]
    cross = svg.element("g", _cross(), transform="translate(10 6)")
    entries.append((cross, "failed"))
    return Chart(picture, title, description, table, svg.legend(entries))


def replans_by_week(days: Iterable[date]) -> Chart:
    """How often gates fired, week by week; each week is named by its Monday."""
    title = "Replans by week"
    counts = Counter(day - timedelta(days=day.weekday()) for day in days)
    weeks = _weeks(counts)
    total = sum(counts.values())
    shown = weeks[-_WEEKS:]
    most = max((counts[week] for week in shown), default=0)
    drawn = [_count_line(value, most) for value in svg.ticks(0, most, 4)]
    width = 1 / max(len(shown), 8)
    drawn += [_week(place, width, week, counts[week], most) for place, week in enumerate(shown)]
    named = shown[:: -(-len(shown) // 4)] if shown else []
    drawn += [
        svg.axis_label(f"{week}", shown.index(week) * width, _WEEKS_HEIGHT + 18) for week in named
    ]
    if not shown:
        drawn.append(
            svg.axis_label("no gate has fired", 0.5, _WEEKS_HEIGHT / 2, text_anchor="middle")
        )
    description = f"{total:,} {'replan' if total == 1 else 'replans'}"
    description += f" in {len(weeks):,} {'week' if len(weeks) == 1 else 'weeks'}." if weeks else "."
    if len(weeks) > _WEEKS:
        description += f" The last {_WEEKS} weeks are drawn."
    picture = svg.picture(
        title,
        description,
        _WEEKS_HEIGHT + 30,
        svg.placed(0, 6, *drawn),
        class_="pg-plot pg-weeks",
    )
    rows = tuple((f"{week}", f"{counts[week]:,}") for week in weeks if counts[week])
    table = DataTable(title, ("week of", "replans"), rows, numeric=frozenset({1}))
    return Chart(picture, title, description, table)


# --- parts of pictures ---------------------------------------------------------


def _judge(row: int, one: JudgeScores) -> Markup:
    top = row * _JUDGE_ROW
    floor = top + 20 + _HISTOGRAM
    most = max(one.bins)
    bars = [
        svg.element(
            "rect",
            svg.element(
                "title",
                f"{bin_ / _BINS:g} to {(bin_ + 1) / _BINS:g}: {count:,} scores",
            ),
            x=svg.percent(bin_ / _BINS + 0.002),
            y=floor - _HISTOGRAM * count / most,
            width=svg.percent(1 / _BINS - 0.004),
            height=_HISTOGRAM * count / most,
            fill=_BAR,
            class_="pg-part",
        )
        for bin_, count in enumerate(one.bins)
        if count
    ]
    base = svg.across(floor, stroke=svg.FAINT, class_="pg-grid")
    counted = f"{one.count:,} · mean {number(one.total / one.count)}"
    name = svg.name_label(svg.shortened(one.judge, 100), 0.55, top + 13)
    value = svg.axis_label(counted, 1, top + 13, text_anchor="end", class_="pg-value pg-halo")
    return svg.group([base, *bars, name, value])


def _threshold_upright(threshold: float, bottom: float) -> Markup:
    return svg.element(
        "line",
        x1=svg.percent(threshold),
        x2=svg.percent(threshold),
        y1=0,
        y2=bottom,
        stroke=_THRESHOLD,
        stroke_width=1.5,
        stroke_dasharray="6 4",
        class_="pg-threshold",
    )


def _heat_row(row: int, plan: PlanRow, columns: int) -> Markup:
    top = row * _CELL
    name = svg.element(
        "text",
        svg.element("title", plan.plan_id),
        svg.both_ends(plan.plan_id, 15),
        x=_NAMES,
        y=14,
        text_anchor="end",
        fill=svg.SOFT,
        class_="pg-label",
    )
    name = svg.element(
        "svg", name, x=-_NAMES - 8, y=top, width=_NAMES, height=_CELL, overflow="hidden"
    )
    cells = [
        _cell(place / columns, 1 / columns, top, task, plan.threshold)
        for place, task in enumerate(plan.tasks[:columns])
    ]
    return svg.group([name, *cells])


def _cell(begin: float, width: float, top: float, task: BoardTask, threshold: float) -> Markup:
    class_, color = _heat(task.confidence, threshold)
    title = "" if task.title is None else f" · {svg.shortened(task.title, 80)}"
    hover = svg.element("title", f"{task.task_id}{title}\n{_in_words(task)}")
    box = svg.element(
        "rect",
        x=svg.percent(begin),
        y=top + 1,
        width=svg.percent(width * 0.94),
        height=_CELL - 2,
        rx=2,
        fill=color,
        stroke=svg.FAINT,
        class_=class_,
    )
    failed = task.status is TaskStatus.FAILED
    cross = [svg.placed(begin + width * 0.47, top + _CELL / 2, _cross())] if failed else []
    return svg.group([hover, box, *cross])


def _cross() -> Markup:
    """A cross with a light edge, so that it is seen on dark cells too."""
    path = "M-4 -4L4 4M-4 4L4 -4"
    edge = svg.element("path", d=path, stroke=_NONE, stroke_width=5, class_="pg-cross-edge")
    return svg.group(
        [edge, svg.element("path", d=path, stroke=svg.INK, stroke_width=2, class_="pg-cross")]
    )


def _heat(confidence: float | None, threshold: float) -> tuple[str, str]:
    if confidence is None:
        return "pg-heat-none", _NONE
    if reaches(confidence, threshold):
        return "pg-heat-pass", _ABOVE
    missing = threshold - confidence
    for level, more_than in ((2, 0.3), (1, 0.1)):
        if missing >= more_than:
            return f"pg-heat-{level}", _BELOW[2 - level]
    return "pg-heat-0", _BELOW[2]


def _key(class_: str, color: str) -> Markup:
    box = {"x": 2, "y": 0, "width": 16, "height": 12, "rx": 2}
    return svg.element("rect", **box, fill=color, stroke=svg.FAINT, class_=class_)


def _in_words(task: BoardTask) -> str:
    """A task's confidence, or its status while it has none; a failed one is named so."""
    status = task.status.replace("_", " ")
    if task.confidence is None:
        return status
    failed = task.status is TaskStatus.FAILED
    return f"{number(task.confidence)} (failed)" if failed else number(task.confidence)


def _count_line(value: int, most: int) -> Markup:
    y = _WEEKS_HEIGHT * (1 - value / max(most, 1))
    line = svg.across(y, stroke=svg.FAINT, class_="pg-grid")
    shown = svg.element(
        "text", f"{value:,}", x=-6, y=y + 4, text_anchor="end", fill=svg.SOFT, class_="pg-label"
    )
    return svg.group([line, shown])


def _week(place: int, width: float, week: date, count: int, most: int) -> Markup:
    height = _WEEKS_HEIGHT * count / max(most, 1)
    return svg.element(
        "rect",
        svg.element("title", f"week of {week}: {count:,}"),
        x=svg.percent((place + 0.1) * width),
        y=_WEEKS_HEIGHT - height,
        width=svg.percent(0.8 * width),
        height=height,
        fill=_BAR,
        class_="pg-part",
    )


def _weeks(counts: Counter[date]) -> list[date]:
    """Every week from the first to the last with a replan, the quiet ones too."""
    if not counts:
        return []
    first, last = min(counts), max(counts)
    return [first + timedelta(weeks=place) for place in range((last - first).days // 7 + 1)]
