"""The rolling confidence of a plan, kept while its scores change: O(log n) a score.

A balanced tree over the tasks in plan order. Every node holds the weighted sum
and the weight of the scored tasks below it, and by how much it fades what comes
before it. The tree's shape follows from the number of tasks alone, never from the
order in which scores came, so every replay gives the same bits. The definition
it is held to is `domain.confidence.rolling_confidence`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from plangate.domain.confidence import UNSCORED
from plangate.domain.plan import Plan

_Node = tuple[float, float, float, Any, Any]
"""Weighted sum, weight, fading, and the halves (None at a leaf)."""

_NOT_SCORED: Final[_Node] = (0.0, 0.0, 1.0, None, None)


@dataclass(frozen=True, slots=True)
class ConfidenceTree:
    """The tasks' confidences in plan order. A value: changing it gives another one."""

    order: tuple[str, ...]
    places: Mapping[str, int]
    decay: float
    root: _Node

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The tree of a plan as it stands: O(n)."""
        decay = plan.policy.decay
        leaves = [_leaf(task.confidence(plan.policy), decay) for task in plan]
        places = {task_id: place for place, task_id in enumerate(plan.order)}
        return cls(plan.order, places, decay, _over(leaves))

    @property
    def rolling_confidence(self) -> float:
        """The mean of the scored tasks' confidences, weighted towards the end of the plan."""
        total, weight, *_ = self.root
        return total / weight if weight else UNSCORED

    def rescored(self, task_id: str, confidence: float | None) -> Self:
        """The tree once one task has another confidence; None when it is not scored."""
        leaf = _leaf(confidence, self.decay)
        root = _replaced(self.root, len(self.order), self.places[task_id], leaf)
        return type(self)(self.order, self.places, self.decay, root)


def _leaf(confidence: float | None, decay: float) -> _Node:
    return _NOT_SCORED if confidence is None else (confidence, 1.0, decay, None, None)


def _over(leaves: Sequence[_Node]) -> _Node:
    if len(leaves) < 2:  # noqa: PLR2004  (one leaf, or a plan without tasks)
        return leaves[0] if leaves else _NOT_SCORED
    half = len(leaves) // 2
    return _joined(_over(leaves[:half]), _over(leaves[half:]))


def _joined(left: _Node, right: _Node) -> _Node:
    fading = right[2]
    return (
        left[0] * fading + right[0],
        left[1] * fading + right[1],
        left[2] * fading,
        left,
        right,
    )


def _replaced(node: _Node, size: int, place: int, leaf: _Node) -> _Node:
    if size == 1:
        return leaf
    half = size // 2
    if place < half:
        return _joined(_replaced(node[3], half, place, leaf), node[4])
    return _joined(node[3], _replaced(node[4], size - half, place - half, leaf))
