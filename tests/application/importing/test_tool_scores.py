"""Many measures become one score: what has none never counts as 0, and nothing is guessed."""

from typing import Any

import pytest

from plangate.application.importing.run_scores import read_run_score
from plangate.application.importing.tool_scores import Measure, ToolScores, combine
from plangate.domain.errors import InvalidInput


def measured(*values: Any, metric: str = "m", **facts: Any) -> ToolScores:
    measures = [Measure(metric, str(n), value) for n, value in enumerate(values)]
    return ToolScores(tool="tool", measures=measures, **facts)


def test_the_score_is_the_mean_of_what_has_one() -> None:
    made = combine(measured(0.5, None, 1.0, float("nan")))
    assert (made.score, made.scale) == (0.75, None)
    assert made.rationale == "mean of 2 results of tool, 2 unscored"
    assert (made.evidence["scored"], made.evidence["unscored"]) == (2, 2)


def test_without_any_score_there_is_none() -> None:
    crashed = ToolScores(tool="tool", measures=[Measure("m", "a", None, "it crashed")])
    made = combine(crashed)
    assert (made.score, made.rationale) == (None, "tool: none of 1 results has a score: it crashed")
    assert combine(measured()).rationale == "tool: none of 0 results has a score"


def test_a_scale_is_that_of_the_tool_or_of_the_caller() -> None:
    assert combine(measured(3, 5), scale=(1.0, 5.0)).scale == (1.0, 5.0)
    with pytest.raises(InvalidInput, match="scale: 3 is outside of 0 to 1"):
        combine(measured(3))
    with pytest.raises(InvalidInput, match="scale: tool defines none"):
        combine(measured(0.5, scale=None))
    assert combine(measured(0.5, scale=None), scale=(0.0, 1.0)).score == 0.5


def test_booleans_and_labels_count_only_by_a_map() -> None:
    with pytest.raises(InvalidInput, match="map: m is a boolean, true; say what it is worth"):
        combine(measured(*[True]))
    with pytest.raises(InvalidInput, match="map: m is a label, good"):
        combine(measured("good"))
    made = combine(
        measured(*[True, False, "good"], scale=None), values={"true": 1, "false": 0, "good": 0.5}
    )
    assert made.score == 0.5


def test_which_metrics_count_is_said_where_there_is_no_common_scale() -> None:
    measures = [Measure("a", "1", 0.5), Measure("b", "1", 1.0)]
    assert combine(ToolScores(tool="t", measures=measures)).score == 0.75
    assert combine(ToolScores(tool="t", measures=measures, usual=["a"])).score == 0.5
    unknown = ToolScores(tool="t", measures=measures, scale=None)
    with pytest.raises(InvalidInput, match="metric: t measured several; name those that count"):
        combine(unknown, scale=(0.0, 1.0))
    assert combine(unknown, scale=(0.0, 1.0), metrics=["b"]).score == 1.0
    with pytest.raises(InvalidInput, match="metric: there is no 'c' in it; there are: a, b"):
        combine(unknown, metrics=["c"])


def test_failed_cases_are_evidence_up_to_a_number() -> None:
    measures = [Measure("", f"t{n}", 0.0, "x" * 999, passed=False) for n in range(30)]
    made = combine(ToolScores(tool="t", measures=measures, what="tests", left_out=2, version="1"))
    assert made.rationale == "0 of 30 tests passed, 2 skipped"
    assert (made.evidence["failed_count"], len(made.evidence["failed"])) == (30, 20)
    assert made.evidence["failed"][0] == {"case": "t0", "value": 0.0, "why": "x" * 300}
    assert made.scorer == {"kind": "model", "name": "t", "version": "1"}
    some = combine(ToolScores(tool="t", measures=[Measure("m", "a", 0.1, passed=False)]))
    assert some.rationale == "mean of 1 results of t, 1 failed"


def test_a_score_that_a_command_prints_is_checked() -> None:
    assert read_run_score({"score": 4, "scale": [1, 5]}).scale == (1.0, 5.0)
    assert read_run_score({"score": None, "reason": "no judge"}).score is None
    for given, problem in (
        ({}, "score: is required"),
        ({"score": True}, "score: must be a number"),
        ({"score": None}, "a score that is null needs a reason"),
        ({"score": 1, "other": 2}, "other: is not known here; accepted: score, scale"),
        ([], "must be an object"),
    ):
        with pytest.raises(InvalidInput, match=problem):
            read_run_score(given)
