"""A policy to try: whole, by its name, or as changes to each plan's own."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

from plangate.application.models import Model
from plangate.application.rerun.rerun import Rules
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy, resolved

_PRESET: Final = "preset"
_WEIGHTS: Final = {"prompt_weight": "output_weight", "output_weight": "prompt_weight"}

Given = Mapping[str, Any] | Policy | str
"""A whole policy, the name of one, or the fields to change in each plan's own."""


def rules_of(policy: Given) -> Rules:
    """A function from each recorded policy to the policy to try.

    If only one of the two weights is given, the other is set so that they sum to 1. Raises
    `InvalidInput` for changes that fit no policy; the function raises it for a recorded
    policy that they do not fit. It can be pickled as far as the changes can.
    """
    if isinstance(policy, Policy):
        return partial(always, policy)
    changes = _fields(policy)
    if _PRESET in changes:
        whole = validate(_Whole, {"policy": changes}).policy
        return partial(always, whole)
    # A threshold of 0 is valid with any exit threshold.
    validate(Policy, {"confidence_threshold": 0.0, **changes})
    return partial(changed, changes)


def always(policy: Policy, _recorded: Policy) -> Policy:
    """The same policy, whatever was recorded."""
    return policy


def changed(changes: Mapping[str, Any], recorded: Policy) -> Policy:
    """A recorded policy with some fields changed; raises `InvalidInput` if they contradict it."""
    return validate(Policy, recorded.model_dump() | dict(changes))


def combined(base: Given, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A policy, whole or in part, with some fields changed."""
    own = base.model_dump() if isinstance(base, Policy) else _fields(base)
    return own | _fields(changes)


def order_of(policy: Given) -> tuple[str, ...]:
    """The fields that a policy sets, in the order in which they were given.

    A whole policy sets all; those that only its defaults give are the last.
    """
    if isinstance(policy, Policy):
        return tuple(Policy.model_fields)
    changes = _fields(policy)
    if _PRESET not in changes:
        return tuple(changes)
    numbers = cast("Mapping[str, Any]", resolved(changes))
    return tuple(dict.fromkeys([*numbers, *Policy.model_fields]))


class _Whole(Model):
    policy: GivenPolicy


def _fields(given: object) -> dict[str, Any]:
    """The given fields, completed to both weights if there is one."""
    if isinstance(given, str):
        return {_PRESET: given}
    if not isinstance(given, Mapping):
        problem = "must be a policy, its name, or a mapping of its fields"
        raise InvalidInput([Problem("policy", problem)])
    fields = dict(given)
    for one, other in _WEIGHTS.items():
        weight = fields.get(one)
        if isinstance(weight, int | float) and other not in fields:
            return fields | {other: 1 - weight}
    return fields
