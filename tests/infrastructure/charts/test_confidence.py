"""The chart of a plan's history: what is drawn of it, and that many events stay a picture."""

from collections.abc import Iterator

import pytest

from plangate.application.history.audit import AuditEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.charts.confidence import confidence_over_time
from tests.infrastructure.charts.pictures import drawn, hovers, legend, share, symbols, texts


@pytest.fixture
def registry() -> Iterator[PlanRegistry]:
    with connect("memory:") as opened:
        opened.create(
            "Move billing", [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], plan_id="p"
        )
        yield opened


def entries(registry: PlanRegistry) -> list[AuditEntry]:
    return list(registry.history.audit("p"))


def test_each_score_is_a_point_at_its_version_and_height(registry: PlanRegistry) -> None:
    registry.score_prompt("p", "a", 0.8, scorer="judge@2")
    registry.score_output("p", "a", 0.5, rationale="the tests fail", actor="ci")
    chart = confidence_over_time(entries(registry), 0.72)

    (point,) = symbols(chart, "pg-output")
    versions = [one.version for one in entries(registry)]
    scored = next(one.version for one in entries(registry) if one.score_kind == "output")
    expected = (scored - versions[0]) / (versions[-1] - versions[0])
    assert share(point.get("x")) == pytest.approx(expected, abs=1e-3)
    assert float(point.get("y", "0")) == pytest.approx(100)
    assert len(drawn(chart, "pg-prompt", "path")) == 1
    hover = next(text for text in hovers(chart) if "output" in text)
    assert hover.splitlines()[:3] == [
        "a: output score 0.500, confidence 0.605",
        "sent by ci",
        "the tests fail",
    ]
    assert "by model judge@2" in next(text for text in hovers(chart) if "prompt" in text)


def test_replans_retries_and_answers_are_marked(registry: PlanRegistry) -> None:
    registry.score_output("p", "a", 0.1)
    registry.retry("p", "a", reason="again")
    registry.score_output("p", "a", 0.2)
    registry.approve("p", reason="good enough")
    chart = confidence_over_time(entries(registry), 0.72)

    assert len(drawn(chart, "pg-fired", "path")) == 2
    assert len(drawn(chart, "pg-fired-line")) == 2
    assert len(drawn(chart, "pg-retry", "path")) == 1
    assert len(drawn(chart, "pg-answer", "path")) == 1
    assert "approved" in "".join(legend(chart)[0].itertext())
    whats = [row[2] for row in chart.table.rows]
    assert whats == [
        "output score",
        "gate fired",
        "attempt 2",
        "output score",
        "gate fired",
        "approved",
    ]
    assert "The gate fired twice." in chart.description


def test_the_line_is_dotted_until_something_is_scored(registry: PlanRegistry) -> None:
    registry.mark_task("p", "b", "in_progress")
    assert drawn(confidence_over_time(entries(registry), 0.72), "pg-line", "path") == []

    registry.score_output("p", "a", 0.9)
    chart = confidence_over_time(entries(registry), 0.72)
    dotted, solid = drawn(chart, "pg-unscored", "path"), drawn(chart, "pg-line", "path")
    assert (len(dotted), len(solid)) == (1, 1)
    assert dotted[0].get("stroke-dasharray")


def test_the_line_is_dotted_until_enough_judges_scored_a_task(registry: PlanRegistry) -> None:
    tasks = [{"id": "a", "title": "A"}]
    registry.create("g", tasks, plan_id="two", policy={"min_judges": 2})
    registry.score_output("two", "a", 0.1, scorer="ann")
    waiting = confidence_over_time(list(registry.history.audit("two")), 0.72)
    registry.score_output("two", "a", 0.1, scorer="ben")
    judged = confidence_over_time(list(registry.history.audit("two")), 0.72)
    assert waiting.description == (
        "No evidence yet: no task has been scored by enough judges. The threshold is 0.720."
    )
    assert not drawn(waiting, "pg-line", "path")
    assert drawn(judged, "pg-line", "path")
    assert judged.description.startswith("Rolling confidence is 0.100 after 2 scores")


def test_the_lines_have_their_names_beside_them() -> None:
    with connect("memory:") as registry:
        policy = {"exit_threshold": 0.8, "latch": True}
        registry.create("Move billing", ["A", "B"], plan_id="p", policy=policy)
        registry.score_output("p", registry.get_status("p").tasks[0].id, 0.9)
        chart = confidence_over_time(entries(registry), 0.72)
    assert {"threshold 0.720", "opens at 0.800", "0.900"} <= set(texts(chart))
    assert len(drawn(chart, "pg-threshold", "line")) == 2
    assert "a tripped gate opens again at 0.800" in chart.description


def test_each_judge_of_a_task_has_a_symbol(registry: PlanRegistry) -> None:
    for name, score in (("mild@1", 0.9), ("strict@3", 0.8), ("mild@2", 0.85)):
        registry.score_output("p", "a", score, scorer=f"model:{name}")
    chart = confidence_over_time(entries(registry), 0.72)

    shapes = {shape.get("d") for shape in drawn(chart, "pg-output", "path")}
    assert len(shapes) == 2
    assert len(drawn(chart, "pg-together")) == 1
    (key,) = legend(chart)
    names = ["".join(item.itertext()) for item in key]
    assert names == ["score by model mild", "score by model strict"]
    assert "by 2 judges" in chart.description


def test_the_scores_of_another_attempt_are_not_joined(registry: PlanRegistry) -> None:
    registry.score_output("p", "a", 0.1, scorer="model:mild")
    registry.retry("p", "a", reason="again")
    registry.score_output("p", "a", 0.2, scorer="model:strict")
    chart = confidence_over_time(entries(registry), 0.72)
    assert drawn(chart, "pg-together") == []
    assert "2" in texts(chart)  # the number of the attempt


def test_of_many_judges_the_first_four_are_named(registry: PlanRegistry) -> None:
    for n in range(6):
        registry.score_output("p", "a", 0.9, scorer=f"model:judge-{n}")
    chart = confidence_over_time(entries(registry), 0.72)
    (key,) = legend(chart)
    names = ["".join(item.itertext()) for item in key]
    assert names[-1] == "scores by 2 other judges"
    assert len(names) == 5


def test_nothing_recorded_is_said() -> None:
    chart = confidence_over_time([], 0.72)
    assert "nothing recorded yet" in texts(chart)
    assert chart.description == "No evidence yet: nothing has been scored. The threshold is 0.720."
    assert chart.table.rows == ()


def many(amount: int) -> list[AuditEntry]:
    """A long history, made from one real score."""
    with connect("memory:") as registry:
        registry.create("Long", [{"id": "a", "title": "A"}], plan_id="p")
        registry.score_output("p", "a", 0.9)
        first, scored, *_ = registry.history.audit("p")
    assert scored.event is not None
    assert scored.after is not None
    made = [first]
    for n in range(amount):
        score = (n * 37 % 100) / 100
        confidence = 0.02 if n == amount // 2 else 0.5 + score / 10
        made.append(
            scored.model_copy(
                update={
                    "version": n + 2,
                    "event": scored.event.model_copy(update={"score": score}),
                    "after": scored.after.model_copy(update={"rolling_confidence": confidence}),
                }
            )
        )
    return made


def test_thousands_of_scores_are_thinned_and_the_lowest_stays() -> None:
    history = many(5_000)
    chart = confidence_over_time(history, 0.72)

    points = drawn(chart, "pg-output", "path")
    assert 200 <= len(points) <= 121 * 9
    stood_for = sum("more nearby" in text for text in hovers(chart))
    assert stood_for > 0
    assert len(str(chart.svg)) < 300_000
    (line,) = drawn(chart, "pg-line", "path")
    path = line.get("d", "")
    assert path.count("V") <= 4 * 121
    assert f"V{200 * 0.98:g}" in path  # the lowest of all, once in 5,000
    assert path.endswith("H1000")
    assert len(chart.table.rows) == 500
    assert chart.table.caption.endswith("the newest 500 of 5,000")
    assert len([text for text in texts(chart) if text.startswith("@")]) <= 5


def test_few_scores_are_drawn_one_by_one() -> None:
    chart = confidence_over_time(many(120), 0.72)
    assert len(drawn(chart, "pg-output", "path")) == 120
