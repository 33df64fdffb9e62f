"""What holds for every chart: safe markup, a name, a description, and the table behind it."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from itertools import chain
from typing import Final

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.charts import heat_map
from plangate.infrastructure.charts import plan as plan_charts
from plangate.infrastructure.charts.confidence import confidence_over_time
from plangate.infrastructure.charts.judges import JudgeScores, judge_scores
from plangate.infrastructure.charts.reliability_diagram import reliability_diagram
from plangate.infrastructure.charts.svg import Chart, shortened
from plangate.infrastructure.charts.weeks import replans_by_week
from tests.infrastructure.charts.pictures import (
    SVG,
    hovers,
    legend,
    name_of,
    parsed,
    percentages,
    texts,
)
from tests.support.hostile_texts import HOSTILE_TEXTS

MONDAY: Final = date(2026, 11, 23)


def plan_with(title: str, scores: Sequence[float] = (0.9, 0.2, 0.4)) -> PlanRegistry:
    """A plan `p` whose tasks and reasons are called the same; as many tasks as scores, or one."""
    registry = connect("memory:")
    tasks = [{"id": f"t{n}", "title": title} for n in range(max(len(scores), 1))]
    registry.create(title, tasks, plan_id="p")
    for n, score in enumerate(scores):
        registry.score_output("p", f"t{n}", score, rationale=title)
    return registry


def over_time(registry: PlanRegistry) -> Chart:
    return confidence_over_time(registry.history.audit("p"), 0.72)


def contributions(registry: PlanRegistry) -> Chart:
    return plan_charts.contribution_bars(registry.history.explain("p"))


def measured(registry: PlanRegistry) -> Chart:
    status = registry.get_status("p")
    return plan_charts.gauge(status.rolling_confidence, 0.72, scored=status.evidence.scored)


def statuses(registry: PlanRegistry) -> Chart:
    return plan_charts.status_bar(Counter(task.status for task in registry.get_status("p").tasks))


def spark(registry: PlanRegistry) -> Chart:
    values = [score.rolling_confidence for score in registry.views.timeline("p")]
    return plan_charts.sparkline(values, 0.72)


def judges(registry: PlanRegistry) -> Chart:
    title = registry.get_status("p").goal or ""
    judge = JudgeScores(title)
    for score in registry.views.timeline("p"):
        judge.add(score.score, score.confidence_threshold)
    return judge_scores([judge] if judge.count else [], 0.72)


def heat(registry: PlanRegistry) -> Chart:
    tasks = registry.views.board("p").tasks
    title = registry.get_status("p").goal or ""
    return heat_map.plan_task_heat([heat_map.PlanRow(title, 0.72, tasks)], 1)


def weeks(registry: PlanRegistry) -> Chart:
    return replans_by_week([MONDAY for _ in registry.views.replans()])


def reliability(registry: PlanRegistry) -> Chart:
    return reliability_diagram(registry.evidence.calibrate())


CHARTS: Final[tuple[Callable[[PlanRegistry], Chart], ...]] = (
    over_time,
    contributions,
    measured,
    statuses,
    spark,
    judges,
    heat,
    weeks,
    reliability,
)
ALLOWED: Final = {
    *("svg", "g", "title", "desc", "line", "rect", "circle", "path", "text"),
    *("ul", "li", "span"),
}
"""The elements that charts are made of."""


@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_hostile_texts_stay_text(kind: str) -> None:
    with plan_with(HOSTILE_TEXTS[kind]) as registry:
        charts = [chart_of(registry) for chart_of in CHARTS]
    for chart in charts:
        for found in chain.from_iterable(root.iter() for root in (parsed(chart), *legend(chart))):
            assert name_of(found) in ALLOWED
            given = {name.lower() for name in found.attrib}
            assert not {name for name in given if name.startswith(("on", "style", "href"))}
            assert all(name.startswith("pg-") for name in found.get("class", "").split())


@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_title_is_read_as_it_was_written(kind: str) -> None:
    written = shortened(HOSTILE_TEXTS[kind], 60).rstrip("…")
    seen = "".join("\ufffd" if ord(character) < ord(" ") else character for character in written)
    with plan_with(HOSTILE_TEXTS[kind]) as registry:
        for chart_of in (over_time, contributions, heat):
            assert seen in "\n".join(hovers(chart_of(registry)))


@pytest.mark.parametrize("chart_of", CHARTS)
@pytest.mark.parametrize("scores", [(), (0.5,), (0.9, 0.2, 0.4)], ids=["none", "one", "three"])
def test_a_chart_has_a_name_a_description_and_a_table(
    chart_of: Callable[[PlanRegistry], Chart], scores: tuple[float, ...]
) -> None:
    with plan_with("Move billing", scores) as registry:
        chart = chart_of(registry)
    root = parsed(chart)
    name, description = list(root)[:2]
    assert (name.tag, name.text) == (f"{SVG}title", chart.title)
    assert (description.tag, description.text) == (f"{SVG}desc", chart.description)
    assert root.get("role") == "img"
    assert chart.description.endswith(".")
    assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)
    assert all(0 <= position <= 1 for position in percentages(chart))
    assert "nan" not in str(chart.svg)


def test_labels_lie_within_the_picture() -> None:
    with plan_with("Move billing") as registry:
        for chart_of in CHARTS:
            chart = chart_of(registry)
            height = float(parsed(chart).get("height", "0"))
            for found in parsed(chart).iter(f"{SVG}text"):
                assert -40 <= float(found.get("y", "0")) <= height
            assert all(len(text) <= 60 for text in texts(chart))
