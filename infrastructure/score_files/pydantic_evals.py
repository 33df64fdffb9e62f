"""Reports of pydantic-evals as JSON: scores, assertions and labels of each case.

It defines no scale, so the caller states one; assertions are booleans, which need a map.
"""

from collections.abc import Mapping
from typing import Any

from plangate.application.importing.tool_scores import Measure, ToolScores


def is_pydantic_evals(data: Any) -> bool:
    """Whether it is a report of pydantic-evals."""
    return isinstance(data, dict) and {"cases", "failures"} <= data.keys()


def read_pydantic_evals(data: Mapping[str, Any]) -> ToolScores:
    """What each evaluator says of each case; where it or the task crashed, nothing."""
    measures, scores = [], dict[str, None]()
    crashed: list[Measure] = []
    for case in data["cases"]:
        name = str(case.get("name"))
        for kind in ("scores", "assertions", "labels"):
            for metric, result in (case.get(kind) or {}).items():
                value = result.get("value")
                passed = value if isinstance(value, bool) else None
                measures.append(Measure(metric, name, value, result.get("reason"), passed))
                if kind == "scores":
                    scores[metric] = None
        crashed += (
            _crashed(str(failure.get("name")), name, failure)
            for failure in case.get("evaluator_failures") or ()
        )
    known = dict.fromkeys(one.metric for one in [*measures, *crashed])
    crashed += [
        _crashed(metric, str(failure.get("name")), failure)
        for failure in data["failures"]
        for metric in known
    ]
    return ToolScores(
        tool="pydantic-evals", measures=[*measures, *crashed], scale=None, usual=list(scores)
    )


def _crashed(metric: str, case: str, failure: Mapping[str, Any]) -> Measure:
    return Measure(metric, case, None, failure.get("error_message"), passed=False)
