"""OpenTelemetry's `gen_ai.evaluation.result`: events of spans or of logs, as JSON.

The convention defines no range for a score, so the caller states the scale.
"""

from collections.abc import Iterator
from typing import Any, Final

from plangate.application.importing.tool_scores import Measure, ToolScores

_EVENT: Final = "gen_ai.evaluation.result"
_NAMES: Final = ("name", "eventName", "event_name", "event.name")
_PREFIX: Final = "gen_ai.evaluation."


def is_otel(data: Any) -> bool:
    """Whether there is such an event in it."""
    return next(_events(data), None) is not None


def read_otel(data: Any) -> ToolScores:
    """The score, or else the label, of each event, by the name of its evaluation."""
    measures = []
    for number, attributes in enumerate(_events(data), start=1):
        value = attributes.get(f"{_PREFIX}score.value")
        if value is None:
            value = attributes.get(f"{_PREFIX}score.label")
        if attributes.get("error.type"):
            value = None
        why = attributes.get("error.type") or attributes.get(f"{_PREFIX}explanation")
        name = str(attributes.get(f"{_PREFIX}name") or "evaluation")
        case = str(attributes.get("gen_ai.response.id") or number)
        measures.append(Measure(name, case, value, why))
    return ToolScores(tool="opentelemetry", measures=measures, scale=None)


def _events(data: Any) -> Iterator[dict[str, Any]]:
    """The attributes of each event, wherever it is, in the order of the data."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict):
            attributes = _attributes(item.get("attributes"))
            named = [item.get(name) for name in _NAMES] + [attributes.get("event.name")]
            if _EVENT in named:
                yield attributes
            else:
                waiting += reversed(item.values())


def _attributes(given: Any) -> dict[str, Any]:
    """Attributes as an object, or as OTLP's list of keys and typed values."""
    if isinstance(given, dict):
        return given
    listed = given if isinstance(given, list) else []
    found: dict[str, Any] = {}
    for one in listed:
        value = one.get("value") if isinstance(one, dict) else None
        if isinstance(value, dict) and value:
            kind, inner = next(iter(value.items()))
            found[str(one.get("key"))] = int(inner) if kind == "intValue" else inner
    return found
