"""A policy's limits, and the digest it is recognised by."""

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import AttemptScores, Gate, Judges, OutOfRange, Recency
from tests.support.examples import EVEN, USUAL

SEVEN_FIELDS = {"gate", "attempt_scores"} | {
    *("prompt_weight", "output_weight", "decay", "confidence_threshold", "out_of_range")
}
"""What it had before the gate could have a memory."""
FIVE_FIELDS = {"prompt_weight", "output_weight", "decay", "confidence_threshold", "out_of_range"}
"""What a policy had when the first plans were recorded."""
USUAL_DIGEST = "c927e3b41de26eb508ec99f5f1801f27bc82baaa97748d208e6972c8833e9206"
EVEN_DIGEST = "f5fe35ad5737fbbaac1da59050ea5e31a7324cafdcb38896f9e861531878512a"
USUAL_DIGEST_OF_SEVEN = "03c489d4df0de0d78ae785de1686cabcc4a9ce20781a51b06aaa82b5c23390cd"
EVEN_DIGEST_OF_SEVEN = "abd8a52d070ae80ec5d8a136089a41625d081581239390de18787583d2c751e5"


def test_the_usual_numbers() -> None:
    assert USUAL.model_dump() == {
        "prompt_weight": 0.35,
        "output_weight": 0.65,
        "decay": 0.85,
        "confidence_threshold": 0.72,
        "out_of_range": OutOfRange.CLAMP,
        "gate": Gate.ADVISE,
        "attempt_scores": AttemptScores.KEEP,
        "order": Recency.PLAN,
        "min_scored": 1,
        "consecutive_lows": 1,
        "exit_threshold": None,
        "latch": False,
        "max_replans": None,
        "scarce_evidence": "wait",
        "judges": "newest",
        "min_judges": 1,
    }


@pytest.mark.parametrize(
    "numbers",
    [
        {"confidence_threshold": 0.0},
        {"confidence_threshold": 1.0},
        {"confidence_threshold": 1},
        {"decay": 1.0},
        {"decay": 1},
        {"decay": 5e-324},
        {"prompt_weight": 0.0, "output_weight": 1.0},
        {"prompt_weight": 1.0, "output_weight": 0.0},
        {"prompt_weight": 0, "output_weight": 1},
        {"prompt_weight": 0.1 + 0.2, "output_weight": 0.7},
        {"prompt_weight": 0.35 + 0.9e-9, "output_weight": 0.65},
        {"prompt_weight": 0.35 - 0.9e-9, "output_weight": 0.65},
        {"out_of_range": "refuse"},
        {"gate": "hold"},
        {"attempt_scores": "reset"},
        {"order": "scored"},
        *(
            {name: count}
            for name in ("min_scored", "consecutive_lows", "min_judges")
            for count in (1, 10_000)
        ),
        {"exit_threshold": 0.72},
        {"exit_threshold": 1.0},
        {"confidence_threshold": 0.0, "exit_threshold": 0.0},
        {"exit_threshold": None},
        {"latch": True},
        {"max_replans": 0},
        {"max_replans": 10_000},
        {"max_replans": None},
    ],
)
def test_numbers_within_their_limits_make_a_policy(numbers: dict[str, Any]) -> None:
    made = Policy.model_validate(numbers)

    assert {name: getattr(made, name) for name in numbers} == numbers


@pytest.mark.parametrize(
    "numbers, why",
    [
        ({"confidence_threshold": -1e-9}, "greater_than_equal"),
        ({"confidence_threshold": 1.0 + 1e-9}, "less_than_equal"),
        ({"decay": 0.0}, "greater_than"),
        ({"decay": -0.5}, "greater_than"),
        ({"decay": 1.0 + 1e-9}, "less_than_equal"),
        ({"prompt_weight": -1e-9, "output_weight": 1.0}, "greater_than_equal"),
        ({"prompt_weight": 1.0, "output_weight": -1e-9}, "greater_than_equal"),
        ({"prompt_weight": 1.0 + 1e-9, "output_weight": 0.0}, "less_than_equal"),
        ({"prompt_weight": 0.0, "output_weight": 1.0 + 1e-9}, "less_than_equal"),
        ({"prompt_weight": 0.35 + 1.1e-9}, "value_error"),
        ({"prompt_weight": 0.35 - 1.1e-9}, "value_error"),
        ({"prompt_weight": 0.0, "output_weight": 0.0}, "value_error"),
        ({"prompt_weight": 1.0, "output_weight": 1.0}, "value_error"),
        ({"out_of_range": "ignore"}, "enum"),
        ({"gate": "open"}, "enum"),
        ({"attempt_scores": "forget"}, "enum"),
        ({"order": "age"}, "enum"),
        *(
            ({name: value}, why)
            for name, least in (
                ("min_scored", 1),
                ("consecutive_lows", 1),
                ("max_replans", 0),
                ("min_judges", 1),
            )
            for value, why in (
                (least - 1, "greater_than_equal"),
                (10_001, "less_than_equal"),
                (2.0, "int_type"),
                ("2", "int_type"),
                (True, "int_type"),
            )
        ),
        ({"min_scored": None}, "int_type"),
        ({"exit_threshold": 0.72 - 1e-9}, "value_error"),
        ({"exit_threshold": 1.0 + 1e-9}, "less_than_equal"),
        ({"exit_threshold": -1e-9, "confidence_threshold": 0.0}, "greater_than_equal"),
        ({"exit_threshold": float("nan")}, "finite_number"),
        ({"exit_threshold": True}, "float_type"),
        ({"latch": 1}, "bool_type"),
        ({"latch": "true"}, "bool_type"),
        ({"treshold": 0.5}, "extra_forbidden"),
    ],
)
def test_numbers_beyond_their_limits_are_refused(numbers: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(numbers)

    assert [error["type"] for error in caught.value.errors()] == [why]


@pytest.mark.parametrize(
    "name", ["prompt_weight", "output_weight", "decay", "confidence_threshold"]
)
@pytest.mark.parametrize(
    "values, why",
    [
        ([float("nan"), float("inf"), float("-inf")], "should be a finite number"),
        ([True, False, "0.5", None, [0.5]], "should be a valid number"),
    ],
)
def test_only_finite_numbers_are_numbers(name: str, values: list[object], why: str) -> None:
    for value in values:
        with pytest.raises(ValidationError, match=why):
            Policy.model_validate({name: value})


def test_weights_that_do_not_sum_to_one_are_refused_with_their_sum() -> None:
    with pytest.raises(
        ValidationError, match=r"prompt_weight and output_weight must sum to 1, not 0\.75"
    ):
        Policy(prompt_weight=0.25, output_weight=0.5)


def test_an_exit_threshold_below_the_threshold_is_refused_with_both_numbers() -> None:
    with pytest.raises(
        ValidationError, match=r"exit_threshold 0\.7 must be at least the confidence_threshold 0\.7"
    ):
        Policy(exit_threshold=0.7)


def test_a_gate_opens_again_where_it_fires_unless_the_policy_says_otherwise() -> None:
    assert Policy().reopens_at == 0.72
    assert Policy(exit_threshold=0.8).reopens_at == 0.8


def test_a_policy_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Policy().decay = 0.5  # type: ignore[misc]


def test_the_digest_is_taken_over_compact_sorted_json() -> None:
    recorded = (
        '{"attempt_scores":"keep","confidence_threshold":0.72,"consecutive_lows":1,"decay":0.85,'
        '"gate":"advise","judges":"newest","latch":false,"min_judges":1,"min_scored":1,'
        '"order":"plan","out_of_range":"clamp",'
        '"output_weight":0.65,"prompt_weight":0.35,"scarce_evidence":"wait"}'
    )

    assert USUAL.whole().digest == hashlib.sha256(recorded.encode()).hexdigest()


def test_the_digests_of_recorded_policies_never_change() -> None:
    """Neither those of five fields, nor those of seven, from before there were more."""
    for policy, fields, digest in (
        (USUAL, FIVE_FIELDS, USUAL_DIGEST),
        (EVEN, FIVE_FIELDS, EVEN_DIGEST),
        (USUAL, SEVEN_FIELDS, USUAL_DIGEST_OF_SEVEN),
        (EVEN, SEVEN_FIELDS, EVEN_DIGEST_OF_SEVEN),
    ):
        recorded = policy.model_dump_json(include=fields)
        assert Policy.model_validate_json(recorded).digest == digest


def test_every_number_makes_a_digest_of_its_own() -> None:
    policies = [
        Policy(),
        Policy(judges=Judges.MEDIAN),
        Policy(min_judges=2),
        Policy(prompt_weight=0.5, output_weight=0.5),
        Policy(decay=0.9),
        Policy(confidence_threshold=0.8),
        Policy(out_of_range=OutOfRange.REFUSE),
        Policy(gate=Gate.HOLD),
        Policy(attempt_scores=AttemptScores.RESET),
        Policy(order=Recency.SCORED),
        Policy(min_scored=2),
        Policy(consecutive_lows=2),
        Policy(exit_threshold=0.72),
        Policy(latch=True),
        Policy(max_replans=0),
    ]

    assert len({policy.whole().digest for policy in policies}) == len(policies)


def test_a_digest_leaves_out_what_was_not_recorded() -> None:
    """As when a recording is older than a field: its digest does not know the field."""
    recorded = {
        "prompt_weight": 0.5,
        "output_weight": 0.5,
        "decay": 0.5,
        "confidence_threshold": 0.75,
    }
    older = Policy.model_validate(recorded)
    text = '{"confidence_threshold":0.75,"decay":0.5,"output_weight":0.5,"prompt_weight":0.5}'

    assert older.digest == hashlib.sha256(text.encode()).hexdigest()
    assert older.digest != older.whole().digest
    assert older.out_of_range is OutOfRange.CLAMP


def test_the_whole_policy_is_the_same_policy_with_every_number_named() -> None:
    part = Policy(confidence_threshold=0.8)

    assert part.model_fields_set == {"confidence_threshold"}
    assert part.whole() == part
    assert part.whole().model_fields_set == set(Policy.model_fields)
    assert part.whole().digest == part.whole().whole().digest


def test_a_digest_survives_being_written_down_and_read_again() -> None:
    """Also without what is None, which is not written down."""
    whole = Policy(prompt_weight=0.1 + 0.2, output_weight=0.7).whole()

    for text in (whole.model_dump_json(), whole.model_dump_json(exclude_none=True)):
        assert Policy.model_validate_json(text).digest == whole.digest


def test_whole_numbers_and_fractions_make_the_same_digest() -> None:
    assert Policy(decay=1).whole().digest == Policy(decay=1.0).whole().digest
