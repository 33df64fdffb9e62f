"""Named policies, given instead of a policy's numbers or beside some of them.

A name is resolved when the plan is created. The whole policy is recorded, so a preset may
change without changing any plan.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import GetJsonSchemaHandler, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Recency, ScarceEvidence


class Preset(StrEnum):
    """`classic` fires on every score below the threshold; `steady` is for noisy judges."""

    CLASSIC = "classic"
    STEADY = "steady"


STEADY_MARGIN: Final = 0.05
"""How far above its threshold a steady gate opens again by default."""

_NUMBERS: Final[Mapping[Preset, Mapping[str, Any]]] = {
    Preset.CLASSIC: {},
    # Where these come from: docs/adr/0006.
    Preset.STEADY: {
        "order": Recency.SCORED,
        "decay": 0.9,
        "confidence_threshold": 0.5,
        "min_scored": 4,
        "consecutive_lows": 3,
        "latch": True,
        "max_replans": 3,
    },
}
_SINCE: Final[Mapping[Preset, Mapping[str, Any]]] = {
    Preset.STEADY: {"decay": 0.97, "scarce_evidence": ScarceEvidence.JUDGE},
}
"""What presets changed or gained after plans were created by their names.

Such a field does not count as set, so that a repeated request is still recognised: a request
is known by what was given with it, and by the numbers that its preset had at first.
"""


def resolved(given: object) -> object:
    """A policy as given, with the first numbers of a preset filled in where it names one.

    That is `"steady"`, or `{"preset": "steady"}` with the numbers that differ; all else is
    returned unchanged. Raises ValueError for an unknown preset.
    """
    if isinstance(given, str):
        return _with_preset(given, {})
    if isinstance(given, Mapping) and "preset" in given:
        return _with_preset(given["preset"], {k: v for k, v in given.items() if k != "preset"})
    return given


def at_threshold(given: object, threshold: object) -> object:
    """A policy as given; a preset takes the threshold that was given beside it."""
    if isinstance(given, str):
        given = {"preset": given}
    if isinstance(given, Mapping) and "preset" in given:
        return {"confidence_threshold": threshold, **given}
    return given


def _with_preset(name: object, given: dict[str, Any]) -> dict[str, Any]:
    if name not in list(Preset):
        raise ValueError(f"the preset {name!r:.80} is not known; there are {', '.join(Preset)}")
    preset = Preset(str(name))
    numbers = {**_NUMBERS[preset], **given}
    threshold = numbers.get("confidence_threshold")
    if preset is Preset.STEADY and isinstance(threshold, int | float) and 0 <= threshold <= 1:
        numbers.setdefault("exit_threshold", round(min(1.0, threshold + STEADY_MARGIN), 12))
    return numbers


def first_numbers(policy: Policy) -> dict[str, Any]:
    """What the preset of a policy had at first, where it has changed and no one gave another."""
    return {
        field: numbers[field]
        for preset, numbers in _NUMBERS.items()
        for field, now in _SINCE.get(preset, {}).items()
        if field in numbers and field not in policy.model_fields_set
        if getattr(policy, field) == now
    }


def _validated(given: object, validate: ValidatorFunctionWrapHandler) -> Policy:
    """A valid policy; one from a preset also has what the preset changed and gained since."""
    policy: Policy = validate(resolved(given))
    name = given.get("preset") if isinstance(given, Mapping) else given
    since = _SINCE.get(Preset(name), {}) if isinstance(name, str) else {}
    own = given.keys() if isinstance(given, Mapping) else ()
    newer = {field: value for field, value in since.items() if field not in own}
    known = policy.model_fields_set - newer.keys()
    return Policy.model_construct(_fields_set=known, **{**dict(policy), **newer})


class _WithPresets:
    """Adds the presets to a policy's JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler(core)
        numbers = handler.resolve_ref_schema(whole)
        preset = {"type": "string", "enum": list(Preset)}
        mapping = {**numbers, "properties": {"preset": preset, **numbers["properties"]}}
        return {"anyOf": [preset, mapping]}


GivenPolicy = Annotated[Policy, WrapValidator(_validated), _WithPresets()]
"""A policy as callers may give it: its numbers, a preset's name, or both."""
