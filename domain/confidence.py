"""How scores become confidence, and when confidence is too low.

All results are floats in [0, 1] at full precision; rounding is for display only.
"""

from collections.abc import Iterable
from typing import Final

from plangate.domain.policy import Policy

TOLERANCE: Final = 1e-12
"""Two tasks scored exactly at the threshold must not fire the gate, or not, by
the order of the additions: a confidence this close to the threshold has reached it."""

UNSCORED: Final = 1.0
"""The rolling confidence of a plan in which nothing is scored yet."""


def task_confidence(
    prompt_score: float | None, output_score: float | None, policy: Policy
) -> float | None:
    """Both scores weighted as the policy says; one alone as it is; None without any."""
    if prompt_score is None:
        return output_score
    if output_score is None:
        return prompt_score
    return prompt_score * policy.prompt_weight + output_score * policy.output_weight


def score_shares(
    prompt_score: float | None, output_score: float | None, policy: Policy
) -> tuple[float, float]:
    """The weights of the prompt score and the output score in a task's confidence."""
    if prompt_score is None:
        return 0.0, 0.0 if output_score is None else 1.0
    if output_score is None:
        return 1.0, 0.0
    return policy.prompt_weight, policy.output_weight


def rolling_confidence(confidences: Iterable[float], decay: float) -> float:
    """The mean of the scored tasks' confidences, weighted towards the end of the plan.

    `confidences` come in plan order. Each weighs `decay` to the power of how many
    come after it (Horner's scheme: one pass, and the same bits at every replay).
    """
    total, weight = 0.0, 0.0
    for confidence in confidences:
        total = total * decay + confidence
        weight = weight * decay + 1.0
    return total / weight if weight else UNSCORED


def weights(scored: int, decay: float) -> list[float]:
    """The weight of each scored task in the rolling confidence, in their order.

    The last weighs 1. A task's share is its weight over the sum of all weights; the tasks'
    confidences, each times its share, sum to the rolling confidence.
    """
    return [decay**after for after in reversed(range(scored))]


def differ(one: float, other: float) -> bool:
    """Whether two confidences differ by more than a rounding error."""
    return abs(one - other) > TOLERANCE


def reaches(confidence: float, threshold: float) -> bool:
    """Whether a confidence passes the threshold, within the tolerance."""
    return confidence >= threshold - TOLERANCE
