"""The output of `promptfoo eval --output FILE.json`: each result has a score from 0 to 1.

A result that ended in an error has the score 0 there; here it is unscored.
"""

from collections.abc import Mapping
from typing import Any, Final

from plangate.application.importing.tool_scores import Measure, ToolScores

_ERROR: Final = 2
"""The `failureReason` of a result whose provider or assertion crashed."""


def is_promptfoo(data: Any) -> bool:
    """Whether the results are promptfoo's."""
    inner = data.get("results") if isinstance(data, dict) else None
    return isinstance(inner, dict) and isinstance(inner.get("results"), list) and "stats" in inner


def read_promptfoo(data: Mapping[str, Any]) -> ToolScores:
    """The score of each result; its named scores are metrics of their own."""
    measures = []
    for number, result in enumerate(data["results"]["results"]):
        if not isinstance(result, dict):
            continue
        crashed = result.get("failureReason") == _ERROR or result.get("score") is None
        grading = result.get("gradingResult") or {}
        why = result.get("error") if crashed else grading.get("reason")
        case = _case(number, result)
        score = None if crashed else result["score"]
        measures.append(Measure("score", case, score, why, result.get("success")))
        for name, value in (result.get("namedScores") or {}).items():
            measures.append(Measure(str(name), case, None if crashed else value))
    version = (data.get("metadata") or {}).get("promptfooVersion")
    return ToolScores(tool="promptfoo", version=version, measures=measures, usual=["score"])


def _case(number: int, result: Mapping[str, Any]) -> str:
    test = result.get("testCase") or {}
    prompt = (result.get("prompt") or {}).get("label") or ""
    named = test.get("description") or ", ".join(
        f"{name}={value}" for name, value in (result.get("vars") or {}).items()
    )
    return f"{result.get('testIdx', number)}: {named or prompt}"
