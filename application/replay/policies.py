"""Other rules to try on a past: a whole policy, or what to change about each plan's own."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from plangate.application.replay.rerun import Rules
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy

_PRESET: Final = "preset"
_WEIGHTS: Final = {"prompt_weight": "output_weight", "output_weight": "prompt_weight"}


Given = Mapping[str, Any] | Policy | str
"""A whole policy, the name of one, or the fields to change about each plan's own."""


def rules_of(policy: Given) -> Rules:
    """What a policy, whole or in part, makes of the one that was recorded.

    Of the two weights, one that is given alone leaves the rest to the other. Raises
    `InvalidInput` for what is no policy beside any plan's own; the rules themselves do so
    for a plan whose own policy does not go together with it.
    """
    if isinstance(policy, Policy):
        return lambda _recorded: policy
    changes = _said(policy)
    if _PRESET in changes:
        whole = validate(_Whole, {"policy": changes}).policy
        return lambda _recorded: whole
    # A threshold of 0 goes together with any exit threshold.
    validate(Policy, {"confidence_threshold": 0.0, **changes})

    def changed(recorded: Policy) -> Policy:
        return validate(Policy, recorded.model_dump() | changes)

    return changed


def combined(base: Given, changes: Mapping[str, Any]) -> Given:
    """A policy, whole or in part, with some of its fields changed."""
    own = base.model_dump() if isinstance(base, Policy) else _said(base)
    return own | _said(changes)


class _Whole(BaseModel):
    policy: GivenPolicy


def _said(given: object) -> dict[str, Any]:
    """The fields that were named, both weights if one was."""
    if isinstance(given, str):
        return {_PRESET: given}
    if not isinstance(given, Mapping):
        problem = "must be a policy, its name, or a mapping of its fields"
        raise InvalidInput([Problem("policy", problem)])
    said = dict(given)
    for one, other in _WEIGHTS.items():
        weight = said.get(one)
        if isinstance(weight, int | float) and other not in said:
            return said | {other: 1 - weight}
    return said
