"""What metadata and evidence may be: any JSON object, within its bounds."""

import json
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from plangate.domain.json_objects import JsonObject
from plangate.domain.vocabulary import TaskStatus
from tests.support.properties import repeatable

ACCEPTED: TypeAdapter[dict[str, Any]] = TypeAdapter(JsonObject)
FULL = 64 * 1024

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def read(value: object) -> dict[str, Any]:
    return ACCEPTED.validate_python(value)


def refused(value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(value)
    (error,) = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")


def nested(depth: int, *, lists: bool = False) -> dict[str, Any]:
    """An object in which objects (or lists) lie inside one another, `depth` in all."""
    inner: Any = [] if lists else {}
    for _ in range(depth - 2):
        inner = [inner] if lists else {"in": inner}
    return {"in": inner}


def of_bytes(size: int, letter: str = "x") -> dict[str, Any]:
    """An object whose compact JSON takes up so many bytes."""
    room = size - len('{"a":""}')
    return {"a": letter * (room // len(letter.encode())) + "x" * (room % len(letter.encode()))}


@repeatable
@given(st.dictionaries(texts, values, max_size=4))
def test_every_json_object_is_accepted_and_given_back_equal(value: dict[str, Any]) -> None:
    accepted = read(value)

    assert accepted == value
    assert json.dumps(accepted) == json.dumps(value)


def test_what_is_accepted_is_a_copy() -> None:
    given_in: dict[str, Any] = {"list": [1]}
    accepted = read(given_in)
    given_in["list"].append(2)

    assert accepted == {"list": [1]}


def test_what_looks_like_json_is_taken_as_json_gives_it_back() -> None:
    accepted = read(OrderedDict({TaskStatus.DONE: TaskStatus.FAILED}))

    assert accepted == {"done": "failed"}
    assert type(accepted) is dict
    assert {type(text) for pair in accepted.items() for text in pair} == {str}


@pytest.mark.parametrize("lists", [False, True], ids=["objects", "lists"])
def test_nesting_goes_32_deep_and_no_deeper(*, lists: bool) -> None:
    assert read(nested(31, lists=lists)) == nested(31, lists=lists)
    assert read(nested(32, lists=lists)) == nested(32, lists=lists)
    assert refused(nested(33, lists=lists)) == "must be nested at most 32 deep"
    assert refused(nested(100_000, lists=lists)) == "must be nested at most 32 deep"


def test_a_value_at_the_bottom_is_not_deeper_than_what_holds_it() -> None:
    deepest = nested(32, lists=True)
    bottom = deepest["in"]
    while bottom:
        bottom = bottom[0]
    bottom.append("treasure")

    assert read(deepest) == deepest


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless += [endless, endless]

    assert refused({"a": endless}) == "must be nested at most 32 deep"


def test_an_object_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["a"] = endless

    assert refused(endless) == "must be nested at most 32 deep"


@pytest.mark.parametrize("letter", ["x", "ß", "計", "🧭"])
def test_an_object_takes_up_64_kib_of_utf8_and_no_more(letter: str) -> None:
    assert read(of_bytes(FULL - 1, letter))
    assert read(of_bytes(FULL, letter))
    why = f"must be at most {FULL} bytes of JSON, not {FULL + 1}"
    assert refused(of_bytes(FULL + 1, letter)) == why


def test_the_size_counts_what_json_adds_to_a_text() -> None:
    assert "not 65538" in refused({"a": "x" * (FULL - 8 - 2) + '"\n'})


def test_the_size_counts_no_blanks_between() -> None:
    ten = '{"a":[0,1,2,3,4,5,6,7,8,9],"b":"'
    room = FULL - len(ten) - len('"}')

    assert read({"a": list(range(10)), "b": "x" * room})
    assert "not 65537" in refused({"a": list(range(10)), "b": "x" * (room + 1)})


def test_more_values_than_bytes_are_refused_before_they_are_written_out() -> None:
    assert refused({"a": [0] * FULL}) == f"must be at most {FULL} bytes of JSON"
    assert refused({"a": [0] * (FULL - 1)}) == f"must be at most {FULL} bytes of JSON"
    # Now the object, its list and its members are just as many as there may be bytes.
    assert "not 131075" in refused({"a": [0] * (FULL - 2)})


@pytest.mark.parametrize("value", [None, [], [1], "text", 1, 1.5, True, [("a", 1)], (("a", 1),)])
def test_only_an_object_is_an_object(value: object) -> None:
    assert refused(value) == "must be a JSON object"


@pytest.mark.parametrize(
    "member, why",
    [
        ((1,), "must be JSON, which has no tuple"),
        ({1}, "must be JSON, which has no set"),
        (b"bytes", "must be JSON, which has no bytes"),
        (1j, "must be JSON, which has no complex"),
        (Decimal(1), "must be JSON, which has no Decimal"),
        (datetime(2026, 1, 1, tzinfo=UTC), "must be JSON, which has no datetime"),
        (object(), "must be JSON, which has no object"),
        (len, "must be JSON, which has no builtin_function_or_method"),
        (float("nan"), "must be JSON, which has no nan"),
        (float("inf"), "must be JSON, which has no inf"),
        (float("-inf"), "must be JSON, which has no -inf"),
        ("a\0b", "must not hold the NUL character U+0000"),
        ("\ud800", "must not hold a lone surrogate"),
        ({"a\0b": 1}, "must not hold the NUL character U+0000"),
        ({"\udfff": 1}, "must not hold a lone surrogate"),
        ({1: "a"}, "must be JSON: the key 1 is not a string"),
        ({None: "a"}, "must be JSON: the key None is not a string"),
        ({(1, 2): "a"}, "must be JSON: the key (1, 2) is not a string"),
        ({"a": 1, 2.5: 2}, "must be JSON: the key 2.5 is not a string"),
    ],
)
def test_what_json_cannot_carry_is_refused_wherever_it_lies(member: object, why: str) -> None:
    assert refused({"a": member}) == why
    assert refused({"first": 1, "a": [0, {"b": member}], "last": 2}) == why


def test_a_key_that_is_not_a_string_is_shown_in_part() -> None:
    key = ("x" * 100,)

    assert refused({key: 1}) == f"must be JSON: the key {key!r:.40} is not a string"


@pytest.mark.parametrize("number", [0, -1, 2**64, 1e308, 5e-324, 0.1 + 0.2, -0.0, 1.0])
def test_numbers_keep_every_digit_and_their_sign(number: float) -> None:
    assert repr(read({"n": number})["n"]) == repr(number)


def test_integers_go_as_far_as_python_writes_them_out() -> None:
    largest = 10**4300 - 1

    assert read({"n": largest, "m": -largest}) == {"n": largest, "m": -largest}
    why = refused({"n": largest + 1})
    assert why.startswith("must be JSON: Exceeds the limit (4300 digits)")


def test_its_schema_is_that_of_an_object() -> None:
    assert ACCEPTED.json_schema() == {"type": "object"}
