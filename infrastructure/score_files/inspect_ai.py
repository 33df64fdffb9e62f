"""Logs of inspect_ai as JSON: the scores of all samples by each scorer.

Its letters are worth what inspect_ai gives them: C is 1, P is 0.5, I and N are 0. A score that
is not a number is unscored. Numbers have no scale of their own beyond 0 to 1.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from plangate.application.importing.tool_scores import Measure, ToolScores

_LETTERS: Final = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def is_inspect_ai(data: Any) -> bool:
    """Whether it is a log of inspect_ai."""
    return isinstance(data, dict) and {"eval", "samples", "status"} <= data.keys()


def read_inspect_ai(data: Mapping[str, Any]) -> ToolScores:
    """The scores of each sample; those of the headline count unless others are named."""
    measures = [
        measure
        for sample in data["samples"] or ()
        for scorer, score in (sample.get("scores") or {}).items()
        for measure in _measures(scorer, str(sample.get("id")), score)
    ]
    headline = (data.get("results") or {}).get("headline") or {}
    metrics = list(dict.fromkeys(one.metric for one in measures))
    usual = [headline["scorer"]] if headline.get("scorer") in metrics else metrics[:1]
    crashed = [
        Measure(metric, str(sample.get("id")), None, sample["error"].get("message"))
        for sample in data["samples"] or ()
        if sample.get("error")
        for metric in usual or [""]
    ]
    if data.get("error"):
        crashed.append(Measure("", "evaluation", None, data["error"].get("message")))
    measures += crashed
    packages = (data.get("eval") or {}).get("packages") or {}
    return ToolScores(
        tool="inspect_ai", version=packages.get("inspect_ai"), measures=measures, usual=usual
    )


def _measures(scorer: str, case: str, score: Mapping[str, Any]) -> Iterator[Measure]:
    value, why = score.get("value"), score.get("explanation")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield _measure(f"{scorer}/{name}", case, inner, why)
    else:
        yield _measure(scorer, case, value, why)


def _measure(metric: str, case: str, value: Any, why: str | None) -> Measure:
    if isinstance(value, str):
        value = _LETTERS.get(value, value)
    if (isinstance(value, float) and math.isnan(value)) or not isinstance(
        value, str | bool | int | float
    ):
        value = None
    return Measure(metric, case, value, why, None if value is None else value != 0)
