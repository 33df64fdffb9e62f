"""The charts of one plan add up to what the registry answers."""

import pytest

from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.charts.confidence import confidence_over_time
from plangate.infrastructure.charts.other_history import other_history
from plangate.infrastructure.charts.plan import contribution_bars, gauge, sparkline, status_bar
from tests.infrastructure.charts.pictures import drawn, legend, share, texts


def test_contributions_are_stairs_that_end_at_the_sum() -> None:
    scores = [0.9, 0.3, 0.7, 0.5]
    with connect("memory:") as registry:
        tasks = [{"id": f"t{n}", "title": "T"} for n, _ in enumerate(scores)]
        registry.create("Move billing", tasks, plan_id="p")
        for n, score in enumerate(scores):
            registry.score_output("p", f"t{n}", score)
        explanation = registry.history.explain("p")
    chart = contribution_bars(explanation)

    parts = drawn(chart, "pg-part", "rect")
    at = 0.0
    for bar, part in zip(parts, explanation.contributions, strict=True):
        assert share(bar.get("x")) == pytest.approx(at, abs=2e-4)
        assert share(bar.get("width")) == pytest.approx(part.contribution, abs=1e-4)
        at += part.contribution
    (total,) = drawn(chart, "pg-below", "rect")
    assert share(total.get("width")) == pytest.approx(explanation.rolling_confidence, abs=1e-4)
    assert at == pytest.approx(explanation.rolling_confidence)
    assert [row[0] for row in chart.table.rows] == ["t0", "t1", "t2", "t3", "all"]


def test_the_smallest_of_many_contributions_are_one_bar() -> None:
    with connect("memory:") as registry:
        registry.create("Large", [{"id": f"t{n}", "title": "T"} for n in range(50)], plan_id="p")
        for n in range(50):
            registry.score_output("p", f"t{n}", 0.8)
        explanation = registry.history.explain("p")
    chart = contribution_bars(explanation)

    bars = drawn(chart, "pg-part", "rect")
    assert len(bars) == 21
    assert "30 other tasks" in texts(chart)
    widths = sum(share(bar.get("width")) for bar in bars)
    assert widths == pytest.approx(explanation.rolling_confidence, abs=21e-4)
    assert len(chart.table.rows) == 51


def test_statuses_share_the_whole_bar() -> None:
    counts = {TaskStatus.DONE: 4, TaskStatus.FAILED: 1, TaskStatus.PENDING: 5}
    chart = status_bar(counts)

    widths = {
        name: share(drawn(chart, f"pg-status-{name}", "rect")[0].get("width"))
        for name in ("done", "failed", "pending")
    }
    assert widths == {"done": 0.4, "failed": 0.1, "pending": 0.5}
    (key,) = legend(chart)
    assert ["".join(item.itertext()) for item in key] == ["4 done", "5 pending", "1 failed"]
    assert ("in progress", "0") in chart.table.rows
    assert len(drawn(chart, "pg-stripes")) == 1  # failed is striped, so that it reads in grey


@pytest.mark.parametrize(
    "confidence, class_, sentence",
    [
        (0.72, "pg-pass", "0.720 reaches the threshold 0.720."),
        (0.7199, "pg-below", "0.7199 is below the threshold 0.7200."),
    ],
)
def test_the_gauge_says_on_which_side_of_the_threshold(
    confidence: float, class_: str, sentence: str
) -> None:
    chart = gauge(confidence, 0.72, scored=1)
    (bar,) = drawn(chart, class_, "rect")
    assert share(bar.get("width")) == pytest.approx(confidence, abs=1e-4)
    assert chart.description == sentence


def test_without_a_score_the_gauge_has_no_bar() -> None:
    chart = gauge(1.0, 0.72, scored=0)
    assert drawn(chart, "pg-pass") == []
    assert chart.description == "No evidence yet; the threshold is 0.720."


def test_a_sparkline_of_many_scores_ends_at_the_last() -> None:
    chart = sparkline([0.9] * 4_999 + [0.1], 0.72)
    (line,) = drawn(chart, "pg-line", "path")
    assert line.get("d", "").endswith("1000.0 20.0")
    assert len(chart.table.rows) <= 60
    assert chart.table.rows[-1] == ("5,000", "0.100")


def test_without_a_score_that_counts_no_confidence_is_drawn() -> None:
    with connect("memory:") as registry:
        policy = {"judges": "mean", "min_judges": 2}
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p", policy=policy)
        registry.score_output("p", "a", 0.4)
        explanation = registry.history.explain("p")
        (replay,) = registry.replay.what_if("p", policy={"min_judges": 1}).plans
        retracted = registry.history.of("p")[1].envelope.event_id
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="q")
        registry.score_output("q", "a", 0.4)
        registry.retract_score("q", "q@2", "by mistake")
        entries = list(registry.history.audit("q"))

    parts, other, over_time = (
        contribution_bars(explanation),
        other_history(replay),
        confidence_over_time(entries, 0.72),
    )
    assert not drawn(parts, "pg-pass", "rect") + drawn(parts, "pg-below", "rect")
    assert parts.table.rows == (("all", "", "", "", "–"),)
    assert other.table.rows[0] == (retracted, "a", "0.400", "–", "", "0.400", "fired")
    assert "Too little is scored for a confidence." in other.description
    assert "1.000" not in "".join(texts(parts) + texts(other))
    assert over_time.description.startswith("No evidence any more: no score counts.")
    assert [row[5] for row in over_time.table.rows] == ["0.400", "0.400"]
