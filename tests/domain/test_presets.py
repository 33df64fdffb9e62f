"""Policies by name: what they stand for, and how they are given with other numbers beside."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy, Preset, at_threshold, first_numbers
from plangate.domain.vocabulary import Recency, ScarceEvidence

GIVEN: TypeAdapter[Policy] = TypeAdapter(GivenPolicy)
STEADY = Policy(
    decay=0.97,
    confidence_threshold=0.5,
    order=Recency.SCORED,
    min_scored=4,
    consecutive_lows=3,
    exit_threshold=0.55,
    latch=True,
    max_replans=3,
    scarce_evidence=ScarceEvidence.JUDGE,
)


def test_there_are_two() -> None:
    assert [preset.value for preset in Preset] == ["classic", "steady"]


@pytest.mark.parametrize("preset", ["classic", Preset.CLASSIC, {"preset": "classic"}, {}])
def test_classic_is_what_holds_when_nothing_is_said(preset: object) -> None:
    assert GIVEN.validate_python(preset) == Policy()


@pytest.mark.parametrize("preset", ["steady", Preset.STEADY, {"preset": "steady"}])
def test_steady_is_for_judges_who_are_noisy(preset: object) -> None:
    assert GIVEN.validate_python(preset) == STEADY


def test_numbers_beside_a_preset_go_before_its_own() -> None:
    given = {"preset": "steady", "latch": False, "max_replans": None, "gate": "hold"}

    assert GIVEN.validate_python(given) == STEADY.model_copy(
        update={"latch": False, "max_replans": None, "gate": "hold"}
    )
    assert GIVEN.validate_python({"preset": "classic", "decay": 0.5}) == Policy(decay=0.5)


@pytest.mark.parametrize(
    "numbers, exit_threshold",
    [
        ({"confidence_threshold": 0.8}, 0.85),
        ({"confidence_threshold": 0.0}, 0.05),
        ({"confidence_threshold": 0}, 0.05),
        ({"confidence_threshold": 1 / 3}, 0.383333333333),
        ({"confidence_threshold": 0.96}, 1.0),
        ({"confidence_threshold": 1}, 1.0),
        ({"confidence_threshold": 0.8, "exit_threshold": 0.8}, 0.8),
        ({"exit_threshold": 0.7}, 0.7),
        ({"exit_threshold": None}, None),
    ],
)
def test_a_steady_gate_opens_a_little_above_its_threshold_wherever_that_is(
    numbers: dict[str, Any], exit_threshold: float | None
) -> None:
    assert GIVEN.validate_python({"preset": "steady"} | numbers).exit_threshold == exit_threshold


def test_a_preset_counts_as_given_with_the_numbers_it_had_at_first() -> None:
    named = GIVEN.validate_python("steady")

    assert first_numbers(named) == {"decay": 0.9}
    assert first_numbers(GIVEN.validate_python({"preset": "steady", "latch": False})) == {
        "decay": 0.9
    }
    assert not first_numbers(GIVEN.validate_python({"preset": "steady", "decay": 0.97}))
    assert not first_numbers(GIVEN.validate_python({"preset": "steady", "decay": 0.9}))
    assert not first_numbers(GIVEN.validate_python("classic"))
    assert named.whole().decay == 0.97


def test_classic_has_no_exit_threshold_beside_any_threshold() -> None:
    given = {"preset": "classic", "confidence_threshold": 0.8}

    assert GIVEN.validate_python(given) == Policy(confidence_threshold=0.8)


@pytest.mark.parametrize("given", [Policy(decay=0.5), {"decay": 0.5}])
def test_a_policy_without_a_preset_is_taken_as_it_is(given: object) -> None:
    assert GIVEN.validate_python(given) == Policy(decay=0.5)


@pytest.mark.parametrize("name", ["steddy", "", "STEADY", 3, None, ["steady"]], ids=repr)
def test_an_unknown_preset_is_refused_with_the_known_ones(name: object) -> None:
    with pytest.raises(ValidationError) as caught:
        GIVEN.validate_python({"preset": name})

    (error,) = caught.value.errors()
    assert error["msg"] == (
        f"Value error, the preset {name!r} is not known; there are classic, steady"
    )


def test_a_long_name_is_shortened_in_the_refusal() -> None:
    with pytest.raises(ValidationError, match=r"the preset 'x{79} is not known"):
        GIVEN.validate_python("x" * 1_000)


@pytest.mark.parametrize(
    "numbers, places",
    [
        ({"decay": 7}, [("decay",)]),
        ({"confidence_threshold": 7}, [("confidence_threshold",)]),
        ({"confidence_threshold": -7}, [("confidence_threshold",)]),
        ({"confidence_threshold": "0.5"}, [("confidence_threshold",)]),
        ({"confidence_threshold": 10**400}, [("confidence_threshold",)]),
        ({"confidence_threshold": 0.9, "exit_threshold": 0.8}, [()]),
        ({"dekay": 1}, [("dekay",)]),
    ],
)
def test_numbers_beside_a_preset_have_their_limits_too(
    numbers: dict[str, Any], places: list[tuple[str, ...]]
) -> None:
    with pytest.raises(ValidationError) as caught:
        GIVEN.validate_python({"preset": "steady"} | numbers)

    assert [error["loc"] for error in caught.value.errors()] == places


def test_a_policy_that_is_recorded_names_no_preset() -> None:
    with pytest.raises(ValidationError, match="preset"):
        Policy.model_validate({"preset": "steady"})
    with pytest.raises(ValidationError, match="model_type"):
        Policy.model_validate("steady")


@pytest.mark.parametrize(
    "given, expected",
    [
        ("steady", {"preset": "steady", "confidence_threshold": 0.8}),
        ({"preset": "steady"}, {"preset": "steady", "confidence_threshold": 0.8}),
        (
            {"preset": "steady", "confidence_threshold": 0.7},
            {"preset": "steady", "confidence_threshold": 0.7},
        ),
        ({"decay": 0.5}, {"decay": 0.5}),
        (Policy(), Policy()),
        (None, None),
    ],
)
def test_a_preset_takes_a_threshold_given_beside_it(given: object, expected: object) -> None:
    assert at_threshold(given, 0.8) == expected


def test_the_schema_of_a_given_policy_knows_the_presets() -> None:
    name, numbers = GIVEN.json_schema()["anyOf"]

    assert name == {"type": "string", "enum": ["classic", "steady"]}
    assert list(numbers["properties"]) == ["preset", *Policy.model_fields]
    assert numbers["additionalProperties"] is False
