"""Members set in the text of a JSON file, with everything else kept: comments, order, layout.

Comments and trailing commas are read, as the editors that use such files write them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR: Final = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_DEEPEST: Final = 100


class NotJson(ValueError):
    """A text is not JSON, or cannot be edited; the message says where and why."""


@dataclass(slots=True)
class Node:
    """A value in the text: where it begins and ends, and what it is.

    `members` are those of an object, with where their keys begin. `comma` says that a comma
    follows the last one.
    """

    start: int
    end: int = 0
    value: Any = None
    members: "dict[str, tuple[int, Node]]" = field(default_factory=dict)
    comma: bool = False


def parsed_json(text: str) -> Node:
    """The value that a text holds; raises `NotJson`."""
    reader = _Reader(text)
    node = reader.value(reader.blank(0), 0)
    if reader.blank(node.end) != len(text):
        raise reader.refusal(reader.blank(node.end), "nothing more is expected")
    return node


def with_members(text: str, path: Sequence[str], members: Mapping[str, Any]) -> str:
    """The text with members set in the object at `path`, which is made where it is missing.

    Raises `NotJson`, also where something on the path is not an object.
    """
    for name, value in members.items():
        text = _with_member(text, path, name, value)
    return text


def _with_member(text: str, path: Sequence[str], name: str, value: Any) -> str:
    node, before = parsed_json(text), list[str]()
    for number, step in enumerate(path):
        _require_object(node, before)
        if step not in node.members:
            for inner in (name, *reversed(path[number + 1 :])):
                value = {inner: value}
            return _inserted(text, node, step, value)
        before.append(step)
        node = node.members[step][1]
    _require_object(node, before)
    if name not in node.members:
        return _inserted(text, node, name, value)
    there = node.members[name][1]
    if there.value == value:
        return text
    indent = _indent_at(text, node.members[name][0])
    return text[: there.start] + _written(value, indent, text) + text[there.end :]


def _require_object(node: Node, path: Sequence[str]) -> None:
    if not isinstance(node.value, dict):
        raise NotJson(f"{'.'.join(path) or 'the file'} is not an object")


def _inserted(text: str, node: Node, name: str, value: Any) -> str:
    """The text with a new last member of an object."""
    outer = _indent_at(text, node.start)
    inner = outer + _unit(text)
    if node.members:
        inner = _indent_at(text, next(iter(node.members.values()))[0]) or inner
        last = next(reversed(node.members.values()))[1].end
        if not node.comma:
            text = f"{text[:last]},{text[last:]}"
    closing = node.end - 1 + (0 if node.comma or not node.members else 1)
    head = text[:closing].rstrip(" \t\r\n")
    member = f"{json.dumps(name, ensure_ascii=False)}: {_written(value, inner, text)}"
    lines = [head, f"{inner}{member}", f"{outer}{text[closing:]}"]
    return _line_end(text).join(lines)


def _written(value: Any, indent: str, text: str) -> str:
    """A value as JSON, laid out like the text that it goes into."""
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return f"{_line_end(text)}{indent}".join(lines)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent_at(text: str, position: int) -> str:
    """The white space at the beginning of a line."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """What the file indents by."""
    found = re.search(r'^([ \t]+)"', text, re.MULTILINE)
    return found[1] if found else "  "


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def refusal(self, position: int, why: str) -> NotJson:
        line = self._text.count("\n", 0, position) + 1
        column = position - self._text.rfind("\n", 0, position)
        return NotJson(f"line {line}, column {column}: {why}")

    def blank(self, position: int) -> int:
        found = _BLANK.match(self._text, position)
        return found.end() if found else position

    def value(self, position: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self.refusal(position, "is nested too deep")
        match self._text[position : position + 1]:
            case "{":
                return self._object(position, depth)
            case "[":
                return self._array(position, depth)
            case '"':
                return self._scalar(position, _STRING)
            case _:
                return self._scalar(position, _SCALAR)

    def _scalar(self, position: int, pattern: re.Pattern[str]) -> Node:
        found = pattern.match(self._text, position)
        try:
            value = json.loads(found[0] if found else "")
        except ValueError:
            raise self.refusal(position, "a value is expected") from None
        return Node(position, position + len(found[0]) if found else 0, value)

    def _object(self, position: int, depth: int) -> Node:
        node = Node(position, value={})
        at = self.blank(position + 1)
        while self._text[at : at + 1] != "}":
            if node.members and not node.comma:
                raise self.refusal(at, "a comma or } is expected")
            if self._text[at : at + 1] != '"':
                raise self.refusal(at, "a name in quotes or } is expected")
            key = self._scalar(at, _STRING)
            if key.value in node.members:
                raise self.refusal(at, f"{key.value!r:.80} is there twice")
            colon = self.blank(key.end)
            if self._text[colon : colon + 1] != ":":
                raise self.refusal(colon, "a colon is expected")
            value = self.value(self.blank(colon + 1), depth + 1)
            node.members[key.value] = (at, value)
            node.value[key.value] = value.value
            at, node.comma = self._comma(value.end)
        node.end = at + 1
        return node

    def _array(self, position: int, depth: int) -> Node:
        node = Node(position, value=[])
        at, has_comma = self.blank(position + 1), True
        while self._text[at : at + 1] != "]":
            if not has_comma:
                raise self.refusal(at, "a comma or ] is expected")
            value = self.value(at, depth + 1)
            node.value.append(value.value)
            at, has_comma = self._comma(value.end)
        node.end = at + 1
        return node

    def _comma(self, position: int) -> tuple[int, bool]:
        """What comes after a value, and whether a comma does first."""
        at = self.blank(position)
        has_comma = self._text[at : at + 1] == ","
        return (self.blank(at + 1) if has_comma else at), has_comma
