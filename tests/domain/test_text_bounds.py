"""How much text is accepted, and which characters are refused."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from plangate.domain.json_objects import MAX_JSON_BYTES, MAX_JSON_DEPTH
from plangate.domain.vocabulary import (
    MAX_CHANGES,
    MAX_GOAL,
    MAX_IDENTIFIER,
    MAX_LABELS,
    MAX_LEASE_SECONDS,
    MAX_PRIORITY,
    MAX_PROSE,
    MAX_TASKS,
    MAX_TITLE,
    Accept,
    GivenMoment,
    GivenScore,
    GivenScorer,
    Goal,
    Identifier,
    Moment,
    Prose,
    Reason,
    Scale,
    Score,
    Scorer,
    ScorerKind,
    Title,
)
from tests.support.examples import NOON

TEXTS = [
    pytest.param(Identifier, 200, id="identifier"),
    pytest.param(Goal, 4_000, id="goal"),
    pytest.param(Title, 500, id="title"),
    pytest.param(Prose, 20_000, id="prose"),
    pytest.param(Reason, 20_000, id="reason"),
]
NEVER_BLANK = [Identifier, Goal, Title, Reason]
FREE_TEXT = [Goal, Title, Prose, Reason]


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> str:
    """Why a value is not accepted: the one thing wrong with it."""
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    (error,) = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")


def test_the_bounds_are_those_that_are_documented() -> None:
    assert (MAX_IDENTIFIER, MAX_TITLE, MAX_GOAL, MAX_PROSE) == (200, 500, 4_000, 20_000)
    assert (MAX_JSON_BYTES, MAX_JSON_DEPTH, MAX_TASKS) == (65_536, 32, 10_000)
    assert (MAX_CHANGES, MAX_LABELS, MAX_PRIORITY) == (1_000, 50, 1_000)
    assert MAX_LEASE_SECONDS == 2_592_000.0


@pytest.mark.parametrize("kind, most", TEXTS)
@pytest.mark.parametrize("letter", ["x", "ß", "計", "🧭"])
def test_text_may_be_as_long_as_its_bound_in_characters(kind: Any, most: int, letter: str) -> None:
    assert read(kind, letter * (most - 1)) == letter * (most - 1)
    assert read(kind, letter * most) == letter * most
    assert refused(kind, letter * (most + 1)) == f"String should have at most {most} characters"


@pytest.mark.parametrize("kind", NEVER_BLANK)
@pytest.mark.parametrize("blank", [" ", "   ", "\u00a0", "\u3000 "])
def test_what_must_say_something_is_not_blank(kind: Any, blank: str) -> None:
    assert refused(kind, blank) == "must not be blank"


@pytest.mark.parametrize("kind", [Goal, Title, Reason])
@pytest.mark.parametrize("blank", ["", "\t\n"])
def test_what_must_say_something_is_not_empty(kind: Any, blank: str) -> None:
    assert refused(kind, blank) == "must not be blank"


def test_an_identifier_is_not_empty() -> None:
    assert refused(Identifier, "") == "String should have at least 1 character"


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_prose_may_say_nothing(empty: str) -> None:
    assert read(Prose, empty) == empty


@pytest.mark.parametrize("kind", FREE_TEXT)
def test_free_text_holds_anything_but_nul(kind: Any) -> None:
    assert read(kind, "Line\n\tLine \u2028 \x01 end") == "Line\n\tLine \u2028 \x01 end"
    assert refused(kind, "a\0b") == "must not hold the NUL character U+0000"


@pytest.mark.parametrize("kind", FREE_TEXT)
def test_nul_is_named_in_the_refusal(kind: Any) -> None:
    assert "NUL" in refused(kind, "\0")


@pytest.mark.parametrize(
    "character, shown",
    [
        ("\0", "U+0000"),
        ("\n", "U+000A"),
        ("\x1b", "U+001B"),
        ("\x7f", "U+007F"),
        ("\x9f", "U+009F"),
        ("\u2028", "U+2028"),
        ("\u2029", "U+2029"),
    ],
)
@pytest.mark.parametrize("place", ["{}bc", "a{}c", "ab{}"])
def test_an_identifier_holds_no_control_characters(character: str, shown: str, place: str) -> None:
    why = f"must not hold the control character {shown}"

    assert refused(Identifier, place.format(character)) == why


@pytest.mark.parametrize("name", ["a", "A b", "task/1@2", "übung", "計画", "🧭", "a\u00a0b", "~"])
def test_an_identifier_is_taken_as_it_is(name: str) -> None:
    assert read(Identifier, name) == name


@pytest.mark.parametrize("kind, _most", TEXTS)
@pytest.mark.parametrize("lone", ["\ud800", "a\udfff", "\udc80b"])
def test_no_text_holds_a_lone_surrogate(kind: Any, _most: int, lone: str) -> None:
    assert "unicode" in refused(kind, lone)


@pytest.mark.parametrize("kind, _most", TEXTS)
@pytest.mark.parametrize("other", [None, 1, 1.0, True, b"bytes", ["a"], {"a": 1}])
def test_only_text_is_text(kind: Any, _most: int, other: object) -> None:
    assert refused(kind, other) == "Input should be a valid string"


# --- scorers -------------------------------------------------------------------


@pytest.mark.parametrize("field", ["name", "version"])
def test_a_scorer_is_named_within_the_bounds_of_an_identifier(field: str) -> None:
    judge = {"kind": "model", "name": "judge", "version": "3"}

    assert getattr(read(GivenScorer, judge | {field: "x" * 199}), field) == "x" * 199
    assert getattr(read(GivenScorer, judge | {field: "x" * 200}), field) == "x" * 200
    for value, why in (
        ("x" * 201, "must be at most 200 characters"),
        ("", "must not be blank"),
        (" ", "must not be blank"),
        ("a\nb", "must not hold the control character U+000A"),
        ("\ud800", "must not hold the control character U+D800"),
    ):
        assert refused(GivenScorer, judge | {field: value}) == f"{field} {why}"


@pytest.mark.parametrize("kind", ["human", "model", "code"])
def test_a_scorer_needs_a_kind_and_a_name_and_may_have_a_version(kind: str) -> None:
    nameless: dict[str, object] = {"kind": kind}
    unversioned = nameless | {"name": "judge"}

    assert read(GivenScorer, unversioned).judge == Scorer(kind=ScorerKind(kind), name="judge")
    assert read(GivenScorer, unversioned | {"version": None}).version is None
    assert refused(GivenScorer, nameless) == "Field required"


def test_a_scorer_of_another_kind_or_shape_is_refused() -> None:
    refused(GivenScorer, {"kind": "oracle", "name": "judge"})
    refused(GivenScorer, {"kind": "model", "name": "judge", "mood": "bad"})
    refused(GivenScorer, {"kind": "model", "name": 7})
    refused(GivenScorer, ["judge"])
    refused(GivenScorer, "oracle:judge")
    for blank in ("", "model:", "judge@", "@2"):
        refused(GivenScorer, blank)


def test_a_text_is_a_scorer_by_name() -> None:
    assert read(GivenScorer, "judge").judge == Scorer(kind=ScorerKind.MODEL, name="judge")
    named = read(GivenScorer, "human:ana@home@3")
    assert named.judge == Scorer(kind=ScorerKind.HUMAN, name="ana@home", version="3")


@pytest.mark.parametrize("field", ["name", "version"])
@pytest.mark.parametrize("other", [7, True, b"judge", bytearray(b"judge"), ["judge"]])
def test_only_text_names_a_scorer(field: str, other: object) -> None:
    judge: dict[str, object] = {"kind": "model", "name": "judge", "version": "3"}

    assert refused(GivenScorer, judge | {field: other}) == "Input should be a valid string"


def test_a_stored_scorer_knows_no_bounds() -> None:
    """They may be tightened some day, and old plans must stay readable."""
    assert Scorer(kind=ScorerKind.CODE, name="x" * 1_000, version="").version == ""


# --- scores and moments --------------------------------------------------------


@pytest.mark.parametrize("number", [0.0, 0, 1, 1.0, 0.5, 5e-324, -3.5, 85, 1e308, -1e308])
def test_a_judge_may_give_any_finite_number(number: float) -> None:
    assert read(GivenScore, number) == number
    assert type(read(GivenScore, number)) is float


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), float("-inf"), True, False, "0.5", b"1", None, [], {}],
)
def test_what_is_not_a_finite_number_is_not_a_score(value: object) -> None:
    refused(GivenScore, value)


def test_an_integer_too_large_for_a_float_is_not_a_score() -> None:
    assert read(GivenScore, 10**300) == 1e300
    refused(GivenScore, 10**400)


@pytest.mark.parametrize("score", [0.0, 5e-324, 0.5, 1.0])
def test_a_score_counts_between_0_and_1(score: float) -> None:
    assert read(Score, score) == score


@pytest.mark.parametrize("score", [-5e-324, -0.1, 1.0 + 2.3e-16, 2.0])
def test_beyond_0_and_1_no_score_counts(score: float) -> None:
    assert "than or equal to" in refused(Score, score)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_not_finite_is_refused_as_such(score: float) -> None:
    assert refused(Score, score) == "Input should be a finite number"
    assert refused(GivenScore, score) == "Input should be a finite number"


@pytest.mark.parametrize("moment", ["2026-01-31T12:00:00Z", "2026-01-31 12:00:00+01:00", NOON])
def test_a_time_is_a_date_with_a_time_and_its_zone(moment: object) -> None:
    assert isinstance(read(GivenMoment, moment), datetime)


@pytest.mark.parametrize("other", [1_767_225_600, 1.5, "1767225600", b"2026-01-31T12:00:00Z", None])
def test_no_number_is_a_time(other: object) -> None:
    assert refused(GivenMoment, other) == "Input should be a valid datetime"


def test_a_time_is_in_the_calendar_in_utc() -> None:
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    assert refused(Moment, first) == "must be between the years 1 and 9999 in UTC"


@pytest.mark.parametrize("scale", [(5, 1), (1, 1), (-1e308, 1e308)])
def test_a_scale_goes_from_the_worst_to_the_best_score(scale: tuple[float, float]) -> None:
    problem = "must be [worst, best], the best being the larger number"
    assert refused(Scale, scale) == problem


def test_an_approval_accepts_at_most_as_many_tasks_as_a_plan_has() -> None:
    ids = [f"t{number}" for number in range(MAX_TASKS)]
    assert len(read(Accept, ids)) == MAX_TASKS
    for other in ([*ids, "one-more"], [], "all", [1]):
        assert refused(Accept, other) == 'must be "passing" or a list of task ids'
