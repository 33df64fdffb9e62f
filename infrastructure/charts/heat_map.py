"""A heat map of plans and their tasks: which are below the threshold, and how far."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from plangate.application.numbers import number
from plangate.application.views.board import BoardTask
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_PLANS: Final = 40
_TASKS: Final = 30
_HEAD: Final = 18
_CELL: Final = 20
_NAMES: Final = 108
"""Pixels for the ids of plans; with a gap they are the 7.5rem of the class `pg-heat`."""

_WITH_VALUES: Final = 12
"""With more columns than this, cells are too narrow for their confidence."""

_SHORT: Final = 5
"""Task ids of at most so many letters fit above a column."""

_BELOW: Final = ("#8c2d04", "#c9570a", "#f3b27a")
"""Below the threshold by more than 0.3, by more than 0.1, and by less; dark in grey too."""

_ON: Final = {"pg-heat-2": "#ffffff", "pg-heat-1": "#ffffff", "pg-heat-0": svg.INK}
"""The colour of a value on these cells."""

_ABOVE: Final = "#eaf3fc"
_NONE: Final = "#ffffff"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan's tasks in plan order, and the threshold they are compared with."""

    plan_id: str
    threshold: float
    tasks: Sequence[BoardTask]


def plan_task_heat(plans: Sequence[PlanRow], of: int) -> Chart:
    """Plans as rows and their tasks as cells, coloured by confidence against the threshold.

    `of` is how many plans there are; the caller chooses which to draw.
    """
    title = "Plans and their tasks"
    chosen = plans[:_PLANS]
    columns = min(max((len(plan.tasks) for plan in chosen), default=1), _TASKS)
    cut = any(len(plan.tasks) > _TASKS for plan in chosen)
    drawn = [*_heads(chosen, columns)] if chosen else []
    drawn += [_heat_row(row, plan, columns) for row, plan in enumerate(chosen)]
    height = _HEAD + max(len(chosen), 1) * _CELL + 2
    if not chosen:
        drawn.append(svg.axis_label("no plans yet", 0.5, 14, text_anchor="middle"))
    lowest = ", those with the lowest confidence" if of > len(chosen) else ""
    description = f"{len(chosen):,} of {of:,} plans{lowest}; a cell for each task in plan order."
    description += f" Of longer plans, the first {_TASKS} tasks." if cut else ""
    picture = svg.picture(title, description, height, *drawn, class_="pg-heat")
    table = _table(chosen, columns)
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


def _table(plans: Sequence[PlanRow], columns: int) -> DataTable:
    tasks = [f"{column + 1}" for column in range(columns if plans else 0)]
    rows = tuple(
        (
            plan.plan_id,
            number(plan.threshold),
            *map(_in_words, plan.tasks[:columns]),
            *("" for _ in range(columns - len(plan.tasks))),
        )
        for plan in plans
    )
    caption = "Confidence of each task, in plan order"
    names = ("plan", "threshold", *tasks)
    return DataTable(caption, names, rows, frozenset(range(1, len(names))))


def _heads(plans: Sequence[PlanRow], columns: int) -> Iterator[Markup]:
    """Above each column the id of its task, if it is the same in all plans, or else its number."""
    for column in range(columns):
        ids = {plan.tasks[column].task_id for plan in plans if column < len(plan.tasks)}
        name = next(iter(ids)) if len(ids) == 1 else ""
        text = name if 0 < len(name) <= _SHORT and columns <= _WITH_VALUES else f"{column + 1}"
        if columns <= _WITH_VALUES or (column + 1) % 5 == 0 or not column:
            yield svg.axis_label(text, (column + 0.47) / columns, 12, text_anchor="middle")


def _heat_row(row: int, plan: PlanRow, columns: int) -> Markup:
    top = _HEAD + row * _CELL
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
    middle = begin + width * 0.47
    on_it = [svg.placed(middle, top + _CELL / 2, _cross())] if failed else []
    if not failed and task.confidence is not None and class_ in _ON and width >= 1 / _WITH_VALUES:
        look = {"fill": _ON[class_], "class_": f"pg-heat-value pg-on-{class_.removeprefix('pg-')}"}
        value, at = f"{task.confidence:.2f}", {"text_anchor": "middle"}
        on_it = [svg.axis_label(value, middle, top + 14, **at, **look)]
    return svg.group([hover, box, *on_it])


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
