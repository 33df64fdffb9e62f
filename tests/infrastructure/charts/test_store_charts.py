"""The charts of many plans add up, and say what they leave out."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from plangate.application.evidence.calibration import ReliabilityBin
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import CostPoint, Costs
from plangate.application.evidence.judge_calibration import Worth
from plangate.application.registry import PlanRegistry
from plangate.application.views.board import BoardTask
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.charts.cost_curve import cost_curve
from plangate.infrastructure.charts.heat_map import PlanRow, plan_task_heat
from plangate.infrastructure.charts.judges import JudgeScores, judge_scores
from plangate.infrastructure.charts.reliability_diagram import reliability_diagram
from plangate.infrastructure.charts.svg import both_ends, line_names, shortened, ticks
from plangate.infrastructure.charts.weeks import replans_by_week
from tests.infrastructure.charts.pictures import drawn, hovers, legend, share, symbols, texts


def judge(name: str, scores: list[float]) -> JudgeScores:
    made = JudgeScores(name)
    for score in scores:
        made.add(score, 0.72)
    return made


def task(task_id: str, confidence: float | None, status: TaskStatus = TaskStatus.DONE) -> BoardTask:
    return BoardTask(
        plan_id="p",
        task_id=task_id,
        title=None,
        status=status,
        since=datetime(2026, 11, 27, tzinfo=UTC),
        prompt_score=None,
        output_score=confidence,
        confidence=confidence,
        replan_count=0,
        attempt=1,
        worker=None,
        lease_until=None,
        priority=None,
        labels=(),
        place=0,
        plan_position=1,
    )


def test_every_score_of_a_judge_is_in_a_bar() -> None:
    chart = judge_scores(
        [judge("model a", [0.0, 0.49, 0.5, 0.72, 1.0]), judge("human b", [1.0])], 0.72
    )

    counted = [int(text.split(": ")[1].split()[0]) for text in hovers(chart)]
    assert sum(counted) == 6
    assert chart.table.rows[0] == ("model a", "", "5", "0.542", "0.000", "1.000", "3")
    assert chart.description == "6 scores by 2 judges, 3 of them below their plan's threshold."
    assert len(drawn(chart, "pg-threshold", "line")) == 2
    assert "threshold 0.720" in texts(chart)
    assert drawn(judge_scores([judge("a", [0.5])], None), "pg-threshold") == []


def test_scores_below_the_threshold_of_their_plan_are_dark() -> None:
    scores = JudgeScores("model a")
    for score, threshold in ((0.6, 0.5), (0.61, 0.72), (0.62, 0.72), (0.9, 0.5)):
        scores.add(score, threshold)
    chart = judge_scores([scores], None)

    (dark,), light = drawn(chart, "pg-below", "rect"), drawn(chart, "pg-part", "rect")
    assert [float(dark.get("height", "0")), *(float(one.get("height", "0")) for one in light)] == [
        pytest.approx(2 * 34 / 3, abs=0.01),
        pytest.approx(34 / 3, abs=0.01),
        pytest.approx(34 / 3, abs=0.01),
    ]
    assert "4 scores, 50 % below" in texts(chart)


def test_versions_of_a_judge_are_neighbours() -> None:
    def version(name: str, of: str | None, amount: int) -> JudgeScores:
        made = JudgeScores(name, of)
        for _ in range(amount):
            made.add(0.9, 0.72)
        return made

    chart = judge_scores([version("a", "1", 4), version("b", None, 6), version("a", "2", 3)], 0.9)
    assert [row[:3] for row in chart.table.rows] == [
        ("a", "1", "4"),
        ("a", "2", "3"),
        ("b", "", "6"),
    ]
    assert {"a@1", "a@2", "b"} <= set(texts(chart))
    assert chart.description.startswith("13 scores by 2 judges in 3 versions")


def test_many_judges_are_named_in_the_table() -> None:
    chart = judge_scores([judge(f"judge {n}", [0.5]) for n in range(30)], 0.72)
    assert len([text for text in texts(chart) if text.startswith("judge")]) == 20
    assert len(chart.table.rows) == 30
    assert chart.description.endswith("The first 20 are drawn.")


def test_each_task_is_a_cell_coloured_by_its_distance_from_the_threshold() -> None:
    tasks = [
        task("a", 0.72),
        task("b", 0.7),
        task("c", 0.5),
        task("d", 0.1, TaskStatus.FAILED),
        task("e", None, TaskStatus.PENDING),
    ]
    chart = plan_task_heat([PlanRow("p", 0.72, tasks)], of=3)

    classes = ("pg-heat-pass", "pg-heat-0", "pg-heat-1", "pg-heat-2", "pg-heat-none")
    assert [len(drawn(chart, class_, "rect")) for class_ in classes] == [1] * 5
    assert len(drawn(chart, "pg-cross")) == 1
    row = ("p", "0.720", "0.720", "0.700", "0.500", "0.100 (failed)", "pending")
    assert chart.table.rows == (row,)
    assert chart.description == (
        "1 of 3 plans, those with the lowest confidence; a cell for each task in plan order."
    )
    assert {"a", "b", "c", "d", "e"} <= set(texts(chart))  # each above its column
    assert {"0.70", "0.50"} <= set(texts(chart))  # what is below the threshold is written out
    assert "0.72" not in texts(chart)


def test_columns_of_unlike_tasks_are_numbered() -> None:
    rows = [PlanRow(name, 0.72, [task(f"{name}1", 0.9)]) for name in ("a", "b")]
    chart = plan_task_heat(rows, of=2)
    assert "1" in texts(chart)
    assert chart.description == "2 of 2 plans; a cell for each task in plan order."


def test_a_heat_map_is_bounded() -> None:
    rows = [PlanRow(f"plan-{n}", 0.72, [task(f"t{k}", 0.9) for k in range(31)]) for n in range(50)]
    chart = plan_task_heat(rows, of=10_000)
    assert len(drawn(chart, "pg-heat-pass", "rect")) == 40 * 30
    assert chart.description.startswith("40 of 10,000 plans")
    assert chart.description.endswith("Of longer plans, the first 30 tasks.")


def test_weeks_without_a_replan_are_drawn_too() -> None:
    chart = replans_by_week([date(2026, 11, 1), date(2026, 11, 23), date(2026, 11, 29)])

    heights = [float(bar.get("height", "0")) for bar in drawn(chart, "pg-part", "rect")]
    assert heights == [60, 0, 0, 0, 120]
    assert chart.table.rows == (("2026-10-26", "1"), ("2026-11-23", "2"))
    assert chart.description == "3 replans in 5 weeks."


def test_of_many_years_the_last_weeks_are_drawn() -> None:
    begin = date(2020, 1, 6)
    chart = replans_by_week([begin + timedelta(weeks=n) for n in range(300)])
    assert len(drawn(chart, "pg-part", "rect")) == 53
    assert chart.description == "300 replans in 300 weeks. The last 53 weeks are drawn."
    assert len(chart.table.rows) == 300


@pytest.fixture(scope="module")
def registry() -> PlanRegistry:
    return connect("memory:")


def test_a_reliability_diagram_has_a_point_for_each_bin_with_an_estimate(
    registry: PlanRegistry,
) -> None:
    found = Estimate(value=0.8, low=0.7, high=0.9, cases=30, plans=12)
    few = Estimate(cases=3, plans=2, reason="not enough outcomes")
    bins = (
        ReliabilityBin(at_least=0.5, below=0.6, mean_confidence=0.55, accepted=few),
        ReliabilityBin(at_least=0.8, below=0.9, mean_confidence=0.85, accepted=found),
        ReliabilityBin(at_least=0.9, below=1.0, mean_confidence=None, accepted=few),
    )
    empty = registry.evidence.calibrate()
    chart = reliability_diagram(empty.model_copy(update={"bins": bins}))

    (point,) = drawn(chart, "pg-output", "circle")
    assert share(point.get("cx")) == 0.85
    assert float(point.get("cy", "0")) == pytest.approx(48)
    (bar,) = drawn(chart, "pg-line", "line")
    assert [float(bar.get(end, "0")) for end in ("y1", "y2")] == [
        pytest.approx(72),
        pytest.approx(24),
    ]
    assert [row[3] for row in chart.table.rows] == ["–", "0.800"]
    assert legend(chart)
    assert "not enough outcomes" in texts(reliability_diagram(empty))


def test_a_reliability_diagram_has_the_fit_in_its_band(registry: PlanRegistry) -> None:
    few = Estimate(cases=3, plans=2, reason="not enough outcomes")
    fit = tuple(
        Worth(
            score=score,
            accepted=Estimate(value=score, low=score - 0.1, high=score + 0.1, cases=30, plans=12),
        )
        for score in (0.5, 0.75)
    )
    empty = registry.evidence.calibrate()
    worth = (Worth(score=0.25, accepted=few), *fit)

    chart = reliability_diagram(empty.model_copy(update={"worth": worth}))
    alone = reliability_diagram(empty.model_copy(update={"worth": worth[:2]}))

    (line,) = drawn(chart, "pg-line", "path")
    assert line.get("d") == "M500.0 120.0 L750.0 60.0"
    (band,) = drawn(chart, "pg-band", "path")
    assert band.get("d") == "M500.0 96.0 L750.0 36.0 L750.0 84.0 L500.0 144.0 Z"
    assert [row[0] for row in chart.table.rows] == ["0.5, by the fit", "0.75, by the fit"]
    assert not drawn(alone, "pg-band", "path")


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (1, 1, [1]),
        (0, 0, [0]),
        (1, 5, [1, 2, 3, 4, 5]),
        (1, 49, [10, 20, 30, 40]),
        (3, 5_000, [1_000, 2_000, 3_000, 4_000, 5_000]),
    ],
)
def test_ticks_are_few_and_round(low: int, high: int, expected: list[int]) -> None:
    assert ticks(low, high) == expected


def test_texts_are_cut_by_the_room_they_take() -> None:
    assert shortened("a\nb\tc", 10) == "a b c"
    assert shortened("x" * 11, 10) == "x" * 9 + "…"
    assert shortened("任务" * 10, 10) == "任务任务…"
    assert both_ends("dogfood_epic-12-r5", 11) == "dogfo…12-r5"
    assert both_ends("short", 11) == "short"


def cost(threshold: float, mean: float, *, overlaps: bool = False) -> CostPoint:
    estimate = Estimate(value=mean, low=mean - 0.1, high=mean + 0.1, cases=50, plans=20)
    return CostPoint(
        threshold=threshold,
        missed_bad=4,
        stopped_good=2,
        total=22.0,
        mean=estimate,
        extra=estimate,
        overlaps=overlaps,
    )


def test_the_cheapest_threshold_is_named_and_those_not_clearly_dearer_are_hollow() -> None:
    points = (cost(0.4, 1.2), cost(0.5, 0.5), cost(0.6, 0.55, overlaps=True))
    chart = cost_curve(Costs(missed=5, stopped=1, points=points, cheapest=0.5))

    assert "cheapest: 0.5" in texts(chart)
    assert [share(one.get("x")) for one in symbols(chart, "pg-hollow")] == [0.6]
    assert [float(one.get("y", "0")) for one in symbols(chart, "pg-solid")] == [
        pytest.approx(160 * 0.4)
    ]
    assert chart.description == (
        "A missed result costs 5, a good one stopped 1. The cheapest threshold is 0.5; "
        "1 other is not clearly dearer."
    )
    assert chart.table.rows[1] == ("0.5", "4", "2", "22", "0.500", "0.400 to 0.600")


def test_without_outcomes_there_is_no_cost_curve() -> None:
    chart = cost_curve(Costs(missed=5, stopped=1, points=(), cheapest=None, reason="too few"))
    assert "too few" in texts(chart)
    assert chart.description == "A missed result costs 5, a good one stopped 1. Too few."


def test_names_of_lines_do_not_overlap() -> None:
    found = line_names(
        [(y, f"{y}", "#000", "pg-line-label") for y in (196.0, 100.0, 101.0, 198.0)], 200
    )
    heights = sorted(float(y) - 4 for y in re.findall(r' y="([\d.]+)"', str(found)))
    assert all(low + 14 <= high for low, high in pairwise(heights))
    assert heights[-1] <= 200
