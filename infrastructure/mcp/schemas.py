"""The JSON Schemas of tools, as short as they can be said: clients put them into every prompt.

Titles, docstrings and `null` are left out, and definitions put where they are used: not every
client resolves references. The bounds of texts and lists are left out too; a call that exceeds
one is refused with what would be accepted.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

_DROPPED: Final = {
    *("title", "$defs", "discriminator", "format"),
    *("minLength", "maxLength", "minItems", "maxItems"),
}
_NAMES: Final = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum"}
"""What pydantic calls bounds that it does not know from JSON Schema."""

_ALWAYS: Final = {"verdict", "why"}
"""What clients may rely on in the answers that have it."""

_ONLY_IN_INPUT: Final = {"description", "default", "additionalProperties"}


@cache
def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a tool's arguments."""
    schema = model.model_json_schema()
    found: dict[str, Any] = _short(schema, schema.get("$defs", {}), _DROPPED)
    found.pop("description", None)
    return found


@cache
def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a tool's answer. What is None or empty is left out of answers."""
    schema = model.model_json_schema(mode="serialization")
    dropped = _DROPPED | _ONLY_IN_INPUT
    found: dict[str, Any] = _short(schema, schema.get("$defs", {}), dropped)
    for inner in found["properties"].values():
        _shorten_rows(inner.get("items", inner))
        if inner.get("items") == {"type": "string"}:
            del inner["items"]
    found["required"] = [name for name in found["required"] if name in _ALWAYS]
    return found


def _shorten_rows(schema: dict[str, Any]) -> None:
    """Leave of a row, or another part of an answer, the names of what it has."""
    if "properties" in schema:
        del schema["required"]
        schema["properties"] = {name: {} for name in schema["properties"]}


def _short(value: Any, definitions: Mapping[str, Any], dropped: Iterable[str]) -> Any:
    if isinstance(value, list):
        return [_short(one, definitions, dropped) for one in value]
    if not isinstance(value, dict):
        return value
    value = _resolved(_without_null(_resolved(value, definitions)), definitions)
    if "default" in value and value["default"] in (None, [], {}):
        value = {key: one for key, one in value.items() if key != "default"}
    return {
        _NAMES.get(key, key): {
            name: _short(one, definitions, dropped) for name, one in inner.items()
        }
        if key == "properties"
        else _short(inner, definitions, dropped)
        for key, inner in value.items()
        if key not in dropped
    }


def _resolved(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with its definition in place of the reference to that."""
    if "$ref" not in schema:
        return schema
    named = dict(definitions[schema["$ref"].removeprefix("#/$defs/")])
    named.pop("description", None)
    return {**named, **{key: one for key, one in schema.items() if key != "$ref"}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the alternative `null`: an optional argument is left out."""
    if "anyOf" not in schema:
        return schema
    kept = [one for one in schema["anyOf"] if one != {"type": "null"}]
    rest = {key: one for key, one in schema.items() if key != "anyOf"}
    return {**kept[0], **rest} if len(kept) == 1 else {**rest, "anyOf": kept}
