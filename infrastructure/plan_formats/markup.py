"""Strict readers of YAML and JSON that also give the location of every value.

Both make the same tokens, from which one function builds the value. What is easily
misread is refused: duplicate keys, keys that are not text, anchors, tags, deep nesting.
Plain YAML values are read as in YAML 1.2: `no` and `2026-01-01` are text, and only
true, false, null and numbers are not.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import yaml

from plangate.domain.json_objects import MAX_JSON_DEPTH

MAX_DEPTH: Final = MAX_JSON_DEPTH + 8
"""Room for the deepest metadata inside the deepest task."""

_JSON_TOKEN: Final = re.compile(r'([{\[])|([}\]])|("(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+)')
_NOT_JSON: Final = {"NaN", "Infinity", "-Infinity"}
_WHOLE: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Malformed(Exception):
    """A document that cannot be read, and the location of the mistake."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A line and column, counted from 1; `source` is an unquoted value as it was written."""

    line: int
    column: int
    source: str | None = None

    def refused(self, message: str) -> Malformed:
        """The error that names this location."""
        return Malformed(message, self.line, self.column)


_Kind = Literal["mapping", "list", "end", "scalar"]

_YAML_KINDS: Final[dict[type[yaml.Event], _Kind]] = {
    yaml.MappingStartEvent: "mapping",
    yaml.SequenceStartEvent: "list",
    yaml.MappingEndEvent: "end",
    yaml.SequenceEndEvent: "end",
}


class _Token(NamedTuple):
    kind: _Kind
    location: SourceLocation
    value: Any = None


def text_of(content: bytes) -> str:
    """The text of a file; raises `Malformed` where it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"is not UTF-8: byte 0x{content[error.start]:02X}"
        raise Malformed(what, line, column) from None


def read_yaml(text: str) -> tuple[Any, dict[str, SourceLocation]]:
    """The one document in `text`, and the location of every field; raises `Malformed`."""
    try:
        return _assemble(_yaml_tokens(text))
    except yaml.reader.ReaderError as error:
        line, column = _Lines(text).of(error.position)
        what = f"must not hold the character U+{ord(text[error.position]):04X}"
        raise Malformed(what, line, column) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        if error.problem == "mapping values are not allowed here":
            what += "; text with a colon in it goes in quotes"
        raise Malformed(f"is not YAML: {what}", line, column) from None


def read_json(text: str) -> tuple[Any, dict[str, SourceLocation]]:
    """The JSON value in `text`, and the location of every field; raises `Malformed`."""
    try:
        json.loads(text, parse_int=str)
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise Malformed(f"is nested more than {MAX_DEPTH} deep", 1, 1) from None
    return _assemble(_json_tokens(text))


def _yaml_tokens(text: str) -> Iterator[_Token]:
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        location = SourceLocation(mark.line + 1, mark.column + 1) if mark else SourceLocation(1, 1)
        documents += isinstance(event, yaml.DocumentStartEvent)
        _refuse_misleading(event, location, documents)
        if isinstance(event, yaml.ScalarEvent):
            if event.style is None:
                location = replace(location, source=event.value)
                yield _Token("scalar", location, _plain(event.value, location))
            else:
                yield _Token("scalar", location, event.value)
        elif type(event) in _YAML_KINDS:
            yield _Token(_YAML_KINDS[type(event)], location)


def _refuse_misleading(event: yaml.Event, location: SourceLocation, documents: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise location.refused("anchors and aliases (& and *) are not accepted")
    if getattr(event, "tag", None):
        raise location.refused("tags (!) are not accepted")
    if documents > 1:
        raise location.refused("holds a second document; one plan a file")


def _plain(word: str, location: SourceLocation) -> Any:
    """The value of an unquoted YAML scalar."""
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if _WHOLE.fullmatch(word):
        try:
            return int(word, 10 if word[:2] not in {"0o", "0x"} else 0)
        except ValueError:
            raise location.refused("a number with too many digits") from None
    if _DECIMAL.fullmatch(word):
        return float(word)
    if _ENDLESS.fullmatch(word):
        return float(word.replace(".", ""))
    return word


def _json_tokens(text: str) -> Iterator[_Token]:
    lines = _Lines(text)
    for found in _JSON_TOKEN.finditer(text):
        begin, end, scalar = found.groups()
        location = SourceLocation(*lines.of(found.start()))
        if begin:
            yield _Token("mapping" if begin == "{" else "list", location)
        elif end:
            yield _Token("end", location)
        elif scalar in _NOT_JSON:
            raise location.refused(f"is not JSON: there is no {scalar}")
        else:
            if not scalar.startswith('"'):
                location = replace(location, source=scalar)
            try:
                yield _Token("scalar", location, json.loads(scalar))
            except ValueError:
                raise location.refused("a number with too many digits") from None


def _assemble(tokens: Iterator[_Token]) -> tuple[Any, dict[str, SourceLocation]]:
    locations: dict[str, SourceLocation] = {}
    first = next(tokens, None)
    if first is None:
        raise Malformed("is empty", 1, 1)
    value = _value(first, tokens, "", locations, 1)
    next(tokens, None)  # only asking for more finds a second document
    return value, locations


def _value(
    token: _Token,
    tokens: Iterator[_Token],
    path: str,
    locations: dict[str, SourceLocation],
    depth: int,
) -> Any:
    """The value that begins with `token`; a field's location is that of its key."""
    locations.setdefault(path, token.location)
    if token.kind == "scalar":
        return token.value
    if depth > MAX_DEPTH:
        raise token.location.refused(f"is nested more than {MAX_DEPTH} deep")
    if token.kind == "list":
        items: list[Any] = []
        while (item := next(tokens)).kind != "end":
            items.append(_value(item, tokens, f"{path}[{len(items)}]", locations, depth + 1))
        return items
    members: dict[str, Any] = {}
    while (key := next(tokens)).kind != "end":
        name = key.value
        if not isinstance(name, str):
            raise key.location.refused("a key must be text; put it in quotes")
        field = f"{path}.{name:.80}" if path else f"{name:.80}"
        if name in members:
            first = locations[field].line
            raise key.location.refused(f"duplicate key {name!r:.80}, first on line {first}")
        value = next(tokens)
        locations[field] = replace(key.location, source=value.location.source)
        members[name] = _value(value, tokens, field, locations, depth + 1)
    return members


class _Lines:
    """The line and column, from 1, of an index into a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1
