"""Members are set in JSON texts of any layout, and nothing else changes."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plangate.infrastructure.mcp.json_text import NotJson, parsed_json, with_members
from tests.support.properties import repeatable, repeatable_by_few

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
BLANKS = st.sampled_from(["", " ", "\n", "\t", "\r\n", "// note: {\n", "/* , } */", " \n\n  "])


@st.composite
def texts(draw: Any, value: Any) -> str:
    """A JSON value as text with white space, comments and trailing commas anywhere."""

    def blank() -> str:
        return str(draw(BLANKS))

    def written(one: Any) -> str:
        if isinstance(one, dict):
            members = [f"{json.dumps(k)}{blank()}:{blank()}{written(v)}" for k, v in one.items()]
            return _between("{}", members)
        if isinstance(one, list):
            return _between("[]", list(map(written, one)))
        return json.dumps(one)

    def _between(brackets: str, parts: list[str]) -> str:
        inner = f"{blank()},{blank()}".join(parts)
        comma = "," if parts and draw(st.booleans()) else ""
        return f"{brackets[0]}{blank()}{inner}{blank()}{comma}{blank()}{brackets[1]}"

    return f"{blank()}{written(value)}{blank()}"


@repeatable
@given(st.data(), OBJECTS)
def test_any_layout_is_read(data: st.DataObject, value: dict[str, Any]) -> None:
    assert parsed_json(data.draw(texts(value))).value == value


@repeatable_by_few
@given(st.data(), OBJECTS, st.lists(st.text(max_size=4), max_size=2), OBJECTS)
def test_members_are_set_and_every_comment_and_line_stays(
    data: st.DataObject, value: dict[str, Any], path: list[str], members: dict[str, Any]
) -> None:
    text = data.draw(texts(value))
    expected = json.loads(json.dumps(value))
    there = expected
    for step in path if members else ():
        there = there.setdefault(step, {})
        if not isinstance(there, dict):
            _is_refused(text, path, members)
            return
    there.update(members)
    edited = with_members(text, path, members)
    assert parsed_json(edited).value == expected
    assert edited.count("// note") + edited.count("/* ,") >= _comments_outside(text, members)
    assert with_members(edited, path, members) == edited


def _is_refused(text: str, path: list[str], members: dict[str, Any]) -> None:
    try:
        with_members(text, path, members)
    except NotJson:
        return
    raise AssertionError("it was not refused")


def _comments_outside(text: str, members: dict[str, Any]) -> int:
    """How many comments there are, where no value that may hold some is replaced."""
    return 0 if members else text.count("// note") + text.count("/* ,")


@repeatable
@given(st.text(alphabet='{}[]",:/*\\ \n1a', max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed_json(text)
    except NotJson:
        return
    assert with_members(text, [], {}) == text
