"""The bounds of leases, tokens, priorities and labels, and the spelling of stored values."""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from plangate.domain.vocabulary import (
    AttemptScores,
    Gate,
    Judges,
    Labels,
    LeaseSeconds,
    ObstacleKind,
    OutOfRange,
    PlanState,
    Priority,
    Recency,
    ScoreKind,
    ScorerKind,
    StatusCause,
    TaskIds,
    TaskStatus,
    Token,
)

NOT_WHOLE = [True, False, "1", b"1", 1.0, 1.5, None, [1], float("nan")]
NAMES = [pytest.param(Labels, 50, id="labels"), pytest.param(TaskIds, 10_000, id="task ids")]


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> str:
    """Why a value is not accepted: the one thing wrong with it."""
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    (error,) = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    "kind, spelled",
    [
        (ScoreKind, "prompt output"),
        (ScorerKind, "human model code"),
        (TaskStatus, "pending in_progress done failed replanning"),
        (StatusCause, "claimed scored marked expired released revised retried approved"),
        (PlanState, "active waiting blocked complete paused archived deleted"),
        (
            ObstacleKind,
            (
                "failed replanning unmet_dependencies deferred awaits_judges gate_held "
                "replans_exhausted"
            ),
        ),
        (OutOfRange, "clamp refuse"),
        (Gate, "advise hold"),
        (AttemptScores, "keep reset"),
        (Recency, "plan scored"),
        (Judges, "newest mean median min trimmed"),
    ],
)
def test_stored_values_are_spelled_as_ever(kind: type[StrEnum], spelled: str) -> None:
    assert [member.value for member in kind] == spelled.split()


@pytest.mark.parametrize("priority", [-1_000, -999, -1, 0, 1, 999, 1_000])
def test_a_priority_is_a_whole_number_up_to_a_thousand(priority: int) -> None:
    assert read(Priority, priority) == priority


@pytest.mark.parametrize("priority", [-1_001, 1_001, 10**30, -(10**30)])
def test_a_priority_lies_within_a_thousand_of_zero(priority: int) -> None:
    assert "than or equal to" in refused(Priority, priority)


@pytest.mark.parametrize("value", NOT_WHOLE)
def test_a_priority_is_nothing_but_a_whole_number(value: object) -> None:
    assert refused(Priority, value) == "Input should be a valid integer"


@pytest.mark.parametrize("token", [1, 2, 10**18, 10**30])
def test_a_token_is_a_version(token: int) -> None:
    assert read(Token, token) == token


@pytest.mark.parametrize("token", [0, -1, -(10**30)])
def test_no_version_is_below_one(token: int) -> None:
    assert refused(Token, token) == "Input should be greater than or equal to 1"


@pytest.mark.parametrize("value", NOT_WHOLE)
def test_a_token_is_nothing_but_a_whole_number(value: object) -> None:
    assert refused(Token, value) == "Input should be a valid integer"


@pytest.mark.parametrize("lease", [5e-324, 0.001, 1, 60, 2_591_999.999, 2_592_000, 2_592_000.0])
def test_a_lease_is_longer_than_nothing_and_at_most_thirty_days(lease: float) -> None:
    assert read(LeaseSeconds, lease) == lease


@pytest.mark.parametrize("lease", [0, 0.0, -0.0, -1])
def test_a_lease_of_no_time_is_none(lease: float) -> None:
    assert refused(LeaseSeconds, lease) == "Input should be greater than 0"


@pytest.mark.parametrize("lease", [2_592_000.001, 2_592_001, 1e300])
def test_no_lease_is_longer_than_thirty_days(lease: float) -> None:
    assert refused(LeaseSeconds, lease) == "Input should be less than or equal to 2592000"


@pytest.mark.parametrize("lease", [float("nan"), float("inf"), float("-inf")])
def test_a_lease_is_finite(lease: float) -> None:
    assert refused(LeaseSeconds, lease) == "Input should be a finite number"


@pytest.mark.parametrize("value", [True, "60", b"60", None, [60]])
def test_a_lease_is_nothing_but_a_number(value: object) -> None:
    assert refused(LeaseSeconds, value) == "Input should be a valid number"


@pytest.mark.parametrize("kind, most", NAMES)
def test_there_may_be_so_many_names_and_no_more(kind: Any, most: int) -> None:
    names = tuple(f"name {number}" for number in range(most + 1))

    assert read(kind, ()) == ()
    assert read(kind, names[:1]) == names[:1]
    assert read(kind, names[:most]) == names[:most]
    assert refused(kind, names).startswith(f"Tuple should have at most {most} items")


@pytest.mark.parametrize("kind, _most", NAMES)
def test_names_differ_and_keep_their_order(kind: Any, _most: int) -> None:
    assert read(kind, ("b", "a", "A")) == ("b", "a", "A")
    assert refused(kind, ("a", "a")) == "must not name anything twice"
    assert refused(kind, ("a", "b", "c", "b")) == "must not name anything twice"


@pytest.mark.parametrize("kind, _most", NAMES)
def test_names_are_identifiers(kind: Any, _most: int) -> None:
    assert read(kind, ("x" * 200,)) == ("x" * 200,)
    assert refused(kind, ("x" * 201,)) == "String should have at most 200 characters"
    assert refused(kind, ("a", " ")) == "must not be blank"
    assert refused(kind, ("a\n",)) == "must not hold the control character U+000A"
    assert refused(kind, ("a", 7)) == "Input should be a valid string"
    assert refused(kind, (b"a",)) == "Input should be a valid string"


@pytest.mark.parametrize("kind, _most", NAMES)
def test_one_text_is_not_a_list_of_names(kind: Any, _most: int) -> None:
    assert refused(kind, "abc") == "Input should be a valid tuple"
    assert read(kind, ["a", "b"]) == ("a", "b")
