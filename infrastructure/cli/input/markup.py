"""YAML and JSON read strictly, every value with its place.

Both become the same tokens, from which one function builds the value. It refuses
what would be misread without a word: keys given twice, keys that are not text,
anchors, tags, endless nesting. Plain YAML values are read as YAML 1.2 has it: `no`
and `2026-01-01` are text, and only true, false, null and numbers are not.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

import yaml

from plangate.domain.json_objects import MAX_JSON_DEPTH

MAX_DEPTH: Final = MAX_JSON_DEPTH + 8
"""Room for the deepest metadata inside the deepest task."""

_JSON_TOKEN: Final = re.compile(r'([{\[])|([}\]])|("(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+)')
_NOT_JSON: Final = {"NaN", "Infinity", "-Infinity"}
_WHOLE: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final = {
    word: value
    for words, value in (
        (("", "~", "null", "Null", "NULL"), None),
        (("true", "True", "TRUE"), True),
        (("false", "False", "FALSE"), False),
    )
    for word in words
}


class Malformed(Exception):
    """A document that cannot be read, and where."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, counted from 1; `source` is a bare value as it was written."""

    line: int
    column: int
    source: str | None = None

    def refused(self, message: str) -> Malformed:
        """The error that names this place."""
        return Malformed(message, self.line, self.column)


class _Kind(Enum):
    MAPPING = auto()
    LIST = auto()
    END = auto()
    SCALAR = auto()


_YAML_KINDS: Final[dict[type[yaml.Event], _Kind]] = {
    yaml.MappingStartEvent: _Kind.MAPPING,
    yaml.SequenceStartEvent: _Kind.LIST,
    yaml.MappingEndEvent: _Kind.END,
    yaml.SequenceEndEvent: _Kind.END,
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    place: Place
    value: Any = None


def read_yaml(text: str) -> tuple[Any, dict[str, Place]]:
    """The one document in `text`, and the place of every field; raises `Malformed`."""
    try:
        return _assembled(_yaml_tokens(text))
    except yaml.reader.ReaderError as error:
        line, column = _Lines(text).place(error.position)
        what = f"must not hold the character U+{ord(text[error.position]):04X}"
        raise Malformed(what, line, column) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        if error.problem == "mapping values are not allowed here":
            what += "; text with a colon in it goes in quotes"
        raise Malformed(f"is not YAML: {what}", line, column) from None


def read_json(text: str) -> tuple[Any, dict[str, Place]]:
    """The JSON value in `text`, and the place of every field; raises `Malformed`."""
    try:
        json.loads(text, parse_int=str)
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise Malformed(f"is nested more than {MAX_DEPTH} deep", 1, 1) from None
    return _assembled(_json_tokens(text))


def _yaml_tokens(text: str) -> Iterator[_Token]:
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        documents += isinstance(event, yaml.DocumentStartEvent)
        _refuse_what_misleads(event, place, documents)
        if isinstance(event, yaml.ScalarEvent):
            if event.style is None:
                place = replace(place, source=event.value)
                yield _Token(_Kind.SCALAR, place, _plain(event.value, place))
            else:
                yield _Token(_Kind.SCALAR, place, event.value)
        elif type(event) in _YAML_KINDS:
            yield _Token(_YAML_KINDS[type(event)], place)


def _refuse_what_misleads(event: yaml.Event, place: Place, documents: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise place.refused("anchors and aliases (& and *) are not accepted")
    if getattr(event, "tag", None):
        raise place.refused("tags (!) are not accepted")
    if documents > 1:
        raise place.refused("holds a second document; one plan a file")


def _plain(word: str, place: Place) -> Any:
    """What a YAML value without quotes stands for."""
    if word in _WORDS:
        return _WORDS[word]
    if _WHOLE.fullmatch(word):
        try:
            return int(word, 10 if word[:2] not in {"0o", "0x"} else 0)
        except ValueError:
            raise place.refused("a number of too many digits") from None
    if _DECIMAL.fullmatch(word):
        return float(word)
    if _ENDLESS.fullmatch(word):
        return float(word.replace(".", ""))
    return word


def _json_tokens(text: str) -> Iterator[_Token]:
    lines = _Lines(text)
    for found in _JSON_TOKEN.finditer(text):
        begin, end, scalar = found.groups()
        place = Place(*lines.place(found.start()))
        if begin:
            yield _Token(_Kind.MAPPING if begin == "{" else _Kind.LIST, place)
        elif end:
            yield _Token(_Kind.END, place)
        elif scalar in _NOT_JSON:
            raise place.refused(f"is not JSON: there is no {scalar}")
        else:
            if not scalar.startswith('"'):
                place = replace(place, source=scalar)
            try:
                yield _Token(_Kind.SCALAR, place, json.loads(scalar))
            except ValueError:
                raise place.refused("a number of too many digits") from None


def _assembled(tokens: Iterator[_Token]) -> tuple[Any, dict[str, Place]]:
    places: dict[str, Place] = {}
    first = next(tokens, None)
    if first is None:
        raise Malformed("is empty", 1, 1)
    value = _value(first, tokens, "", places, 1)
    next(tokens, None)  # a second document is found out only by asking for it
    return value, places


def _value(
    token: _Token, tokens: Iterator[_Token], path: str, places: dict[str, Place], depth: int
) -> Any:
    """The value that begins with `token`; a field's place is that of its key."""
    places.setdefault(path, token.place)
    if token.kind is _Kind.SCALAR:
        return token.value
    if depth > MAX_DEPTH:
        raise token.place.refused(f"is nested more than {MAX_DEPTH} deep")
    if token.kind is _Kind.LIST:
        items: list[Any] = []
        while (item := next(tokens)).kind is not _Kind.END:
            items.append(_value(item, tokens, f"{path}[{len(items)}]", places, depth + 1))
        return items
    members: dict[str, Any] = {}
    while (key := next(tokens)).kind is not _Kind.END:
        name = key.value
        if not isinstance(name, str):
            raise key.place.refused("a key must be text; put it in quotes")
        field = f"{path}.{name:.80}" if path else f"{name:.80}"
        if name in members:
            where = f"line {places[field].line}"
            raise key.place.refused(f"the key {name!r:.80} stands here again, after {where}")
        value = next(tokens)
        places[field] = replace(key.place, source=value.place.source)
        members[name] = _value(value, tokens, field, places, depth + 1)
    return members


class _Lines:
    """Tells line and column, from 1, of an index into a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1
