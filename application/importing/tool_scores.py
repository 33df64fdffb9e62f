"""Scores that a tool measured, combined into the one that a task gets, with its evidence.

What has no score is unscored and never counts as 0. A boolean or a label is a score only by a
map that the caller gives, and a tool that defines no scale needs one from the caller.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plangate.domain.errors import InvalidInput, Problem

AT_MOST_FAILED: Final = 20
"""So many failed cases are kept as evidence."""

_LONGEST: Final = 300
_UNIT: Final = (0.0, 1.0)

Scale = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a tool says of one case by one metric: a number, a boolean, a label, or nothing.

    `why` is its explanation; `passed` says whether the tool itself accepts it.
    """

    metric: str
    case: str
    value: float | bool | str | None
    why: str | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolScores:
    """What a tool measured, and the scale of its numbers; None where it defines none.

    `usual` are the metrics that count unless the caller names others; without any, all do.
    `left_out` counts what the tool itself did not measure.
    """

    tool: str
    measures: Sequence[Measure]
    kind: str = "model"
    version: str | None = None
    scale: Scale | None = _UNIT
    usual: Sequence[str] = ()
    left_out: int = 0
    what: str = "results"


@dataclass(frozen=True, slots=True)
class CombinedScore:
    """A score for a task and what it rests on; without a score, why there is none."""

    score: float | None
    scale: Scale | None
    scorer: Mapping[str, str]
    rationale: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def combine(
    measured: ToolScores,
    *,
    metrics: Sequence[str] = (),
    scale: Scale | None = None,
    values: Mapping[str, float] | None = None,
) -> CombinedScore:
    """The mean of what was measured; raises `InvalidInput` where the caller must say more."""
    chosen = _chosen(measured, metrics)
    counted: list[tuple[Measure, float | None]] = []
    unscored: list[tuple[Measure, float | None]] = []
    failed: list[Measure] = []
    for one in chosen:
        value = _number(one, values or {})
        (unscored if value is None else counted).append((one, value))
        if one.passed is False or (value is None and one.why):
            failed.append(one)
    numbers = [value for _, value in counted if value is not None]
    stated = scale or measured.scale
    names = list(dict.fromkeys(one.metric for one in chosen if one.metric))
    if stated is None and all(isinstance(one.value, bool | str) for one, _ in counted):
        stated = _UNIT  # the caller's map is on it
    _require_scale(measured, stated, numbers)
    evidence = {
        "tool": measured.tool,
        "version": measured.version,
        "metrics": names,
        "scored": len(numbers),
        "unscored": len(unscored),
        "left_out": measured.left_out,
        "scale": list(stated or _UNIT),
        "failed": [_shown(one) for one in failed[:AT_MOST_FAILED]],
        "failed_count": len(failed),
    }
    scorer = {"kind": measured.kind, "name": "/".join([measured.tool, *names])[:200]}
    if measured.version:
        scorer["version"] = measured.version
    score = math.fsum(numbers) / len(numbers) if numbers else None
    rationale = _rationale(measured, numbers, unscored, failed)
    on_a_scale = None if stated == _UNIT else stated
    return CombinedScore(score, on_a_scale, scorer, rationale, evidence)


def _chosen(measured: ToolScores, metrics: Sequence[str]) -> Sequence[Measure]:
    there = list(dict.fromkeys(one.metric for one in measured.measures))
    unknown = [metric for metric in metrics if metric not in there]
    if unknown:
        accepted = ", ".join(filter(None, there)) or "none"
        message = f"there is no {unknown[0]!r} in it; there are: {accepted}"
        raise InvalidInput([Problem("metric", message)])
    wanted = metrics or measured.usual or there
    if not metrics and measured.scale is None and len(wanted) > 1:
        message = f"{measured.tool} measured several; name those that count: {', '.join(wanted)}"
        raise InvalidInput([Problem("metric", message)])
    return [one for one in measured.measures if one.metric in wanted]


def _number(measure: Measure, values: Mapping[str, float]) -> float | None:
    value = measure.value
    if value is None:
        return None
    if isinstance(value, bool | str):
        name = str(value).lower() if isinstance(value, bool) else value
        if name in values:
            return values[name]
        kind = "a boolean" if isinstance(value, bool) else "a label"
        message = (
            f"{measure.metric or measure.case} is {kind}, {name}; say what it is worth, "
            f"as in {name}=1"
        )
        raise InvalidInput([Problem("map", message)])
    return value if math.isfinite(value) else None


def _require_scale(measured: ToolScores, scale: Scale | None, numbers: Sequence[float]) -> None:
    if scale is None:
        message = f"{measured.tool} defines none; state the worst and the best score"
        raise InvalidInput([Problem("scale", message)])
    low, high = scale
    outside = [number for number in numbers if not low <= number <= high]
    if outside:
        message = f"{outside[0]:g} is outside of {low:g} to {high:g}; state the scale of the scores"
        raise InvalidInput([Problem("scale", message)])


def _rationale(
    measured: ToolScores,
    numbers: Sequence[float],
    unscored: Sequence[tuple[Measure, float | None]],
    failed: Sequence[Measure],
) -> str:
    """What was counted, in a sentence."""
    if not numbers:
        why = next((one.why for one, _ in unscored if one.why), None)
        reason = f": {why:.{_LONGEST}}" if why else ""
        return f"{measured.tool}: none of {len(unscored)} {measured.what} has a score{reason}"
    if measured.what == "tests":
        passed = sum(number == 1.0 for number in numbers)
        text = f"{passed} of {len(numbers)} tests passed"
        return text + (f", {measured.left_out} skipped" if measured.left_out else "")
    text = f"mean of {len(numbers)} {measured.what} of {measured.tool}"
    if unscored:
        text += f", {len(unscored)} unscored"
    return text + (f", {len(failed)} failed" if failed else "")


def _shown(measure: Measure) -> dict[str, Any]:
    shown = {"case": measure.case, "metric": measure.metric, "value": measure.value}
    why = measure.why and f"{measure.why:.{_LONGEST}}"
    named = {**shown, "why": why}
    return {
        name: f"{value:.{_LONGEST}}" if isinstance(value, str) else value
        for name, value in named.items()
        if value not in {None, ""}
    }
