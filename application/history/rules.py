"""Other rules to try on a past: a whole policy, or what to change about each plan's own."""

from collections.abc import Mapping
from typing import Any, Final

from plangate.application.acceptance import accept
from plangate.application.history.rerun import Rules
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy

_WEIGHTS: Final = {"prompt_weight": "output_weight", "output_weight": "prompt_weight"}


def rules_of(policy: Mapping[str, Any] | Policy) -> Rules:
    """What a policy, whole or in part, makes of the one that was recorded.

    Of the two weights, one that is given alone leaves the rest to the other. Raises
    `InvalidInput` at once for what is no policy with any plan's own.
    """
    if isinstance(policy, Policy):
        return lambda _recorded: policy
    if not isinstance(policy, Mapping):
        raise InvalidInput([Problem("policy", "must be a policy, or a mapping of its fields")])
    changes = _with_both_weights(dict(policy))
    accept(Policy, changes)

    def changed(recorded: Policy) -> Policy:
        return Policy.model_validate(recorded.model_dump() | changes)

    return changed


def _with_both_weights(changes: dict[str, Any]) -> dict[str, Any]:
    for one, other in _WEIGHTS.items():
        weight = changes.get(one)
        if isinstance(weight, int | float) and other not in changes:
            return changes | {other: 1 - weight}
    return changes
