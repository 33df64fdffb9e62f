"""Policies that have a name, to be given instead of their numbers or beside some of them.

A name is resolved when the plan is created: what is recorded is always the whole policy,
so that a preset may change without changing any plan.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Recency, ScarceEvidence


class Preset(StrEnum):
    """`classic` fires on every score below the threshold; `steady` is for noisy judges."""

    CLASSIC = "classic"
    STEADY = "steady"


STEADY_MARGIN: Final = 0.05
"""How far above its threshold a steady gate opens again, unless that is said."""

_NUMBERS: Final[Mapping[Preset, Mapping[str, Any]]] = {
    Preset.CLASSIC: {},
    # docs/adr/0006 tells where these come from.
    Preset.STEADY: {
        "order": Recency.SCORED,
        "decay": 0.9,
        "confidence_threshold": 0.5,
        "min_scored": 4,
        "consecutive_lows": 3,
        "latch": True,
        "max_replans": 3,
        "scarce_evidence": ScarceEvidence.JUDGE,
    },
}


def resolved(given: object) -> object:
    """What was given for a policy, a preset's numbers filled in where it names one.

    `"steady"`, or `{"preset": "steady"}` with any numbers that shall differ; all else
    is left as it is. Raises ValueError for a preset that is not known.
    """
    if isinstance(given, str):
        return _with_preset(given, {})
    if isinstance(given, Mapping) and "preset" in given:
        return _with_preset(given["preset"], {k: v for k, v in given.items() if k != "preset"})
    return given


def at_threshold(given: object, threshold: object) -> object:
    """The same, where a preset is told the threshold that was given beside it."""
    if isinstance(given, str):
        given = {"preset": given}
    if isinstance(given, Mapping) and "preset" in given:
        return {"confidence_threshold": threshold, **given}
    return given


def _with_preset(name: object, said: dict[str, Any]) -> dict[str, Any]:
    if name not in list(Preset):
        raise ValueError(f"the preset {name!r:.80} is not known; there are {', '.join(Preset)}")
    preset = Preset(str(name))
    numbers = {**_NUMBERS[preset], **said}
    threshold = numbers.get("confidence_threshold")
    if preset is Preset.STEADY and isinstance(threshold, int | float) and 0 <= threshold <= 1:
        numbers.setdefault("exit_threshold", round(min(1.0, threshold + STEADY_MARGIN), 12))
    return numbers


class _PresetsToo:
    """What the JSON Schema of a policy says beside its numbers."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler(core)
        numbers = handler.resolve_ref_schema(whole)
        preset = {"type": "string", "enum": list(Preset)}
        mapping = {**numbers, "properties": {"preset": preset, **numbers["properties"]}}
        return {"anyOf": [preset, mapping]}


GivenPolicy = Annotated[Policy, BeforeValidator(resolved), _PresetsToo()]
"""A policy as callers may give it: its numbers, a preset's name, or both."""
