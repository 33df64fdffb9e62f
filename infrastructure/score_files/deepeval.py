"""Test runs of DeepEval: each metric scores each test case from 0 to 1.

Read are the files that it saves (`test_run_….json`), and an `EvaluationResult` as JSON.
"""

from collections.abc import Mapping
from typing import Any

from plangate.application.importing.tool_scores import Measure, ToolScores


def is_deepeval(data: Any) -> bool:
    """Whether the test cases are DeepEval's."""
    return isinstance(data, dict) and any(isinstance(one, list) for one in _lists(data))


def read_deepeval(data: Mapping[str, Any]) -> ToolScores:
    """The score of each metric for each case; one that crashed has none."""
    cases = [case for listed in _lists(data) for case in listed or () if isinstance(case, dict)]
    measures = []
    for number, case in enumerate(cases):
        name = str(case.get("name") or number)
        for metric in case.get("metricsData") or case.get("metrics_data") or ():
            error = metric.get("error")
            score = None if error else metric.get("score")
            why = error or metric.get("reason")
            measures.append(
                Measure(str(metric.get("name")), name, score, why, metric.get("success"))
            )
    return ToolScores(tool="deepeval", measures=measures)


def _lists(data: Mapping[str, Any]) -> list[Any]:
    return [data.get(name) for name in ("testCases", "conversationalTestCases", "test_results")]
