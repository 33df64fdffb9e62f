"""How often gates fired, week by week."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_BAR: Final = "#7fb2e5"
_WEEKS: Final = 53
_HEIGHT: Final = 120


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
    drawn += [svg.axis_label(f"{week}", shown.index(week) * width, _HEIGHT + 18) for week in named]
    if not shown:
        drawn.append(svg.axis_label("no gate has fired", 0.5, _HEIGHT / 2, text_anchor="middle"))
    description = f"{total:,} {'replan' if total == 1 else 'replans'}"
    description += f" in {len(weeks):,} {'week' if len(weeks) == 1 else 'weeks'}." if weeks else "."
    if len(weeks) > _WEEKS:
        description += f" The last {_WEEKS} weeks are drawn."
    picture = svg.picture(
        title,
        description,
        _HEIGHT + 30,
        svg.placed(0, 6, *drawn),
        class_="pg-plot pg-weeks",
    )
    rows = tuple((f"{week}", f"{counts[week]:,}") for week in weeks if counts[week])
    table = DataTable(title, ("week of", "replans"), rows, numeric=frozenset({1}))
    return Chart(picture, title, description, table)


def _count_line(value: int, most: int) -> Markup:
    y = _HEIGHT * (1 - value / max(most, 1))
    line = svg.across(y, stroke=svg.FAINT, class_="pg-grid")
    shown = svg.element(
        "text", f"{value:,}", x=-6, y=y + 4, text_anchor="end", fill=svg.SOFT, class_="pg-label"
    )
    return svg.group([line, shown])


def _week(place: int, width: float, week: date, count: int, most: int) -> Markup:
    height = _HEIGHT * count / max(most, 1)
    return svg.element(
        "rect",
        svg.element("title", f"week of {week}: {count:,}"),
        x=svg.percent((place + 0.1) * width),
        y=_HEIGHT - height,
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
