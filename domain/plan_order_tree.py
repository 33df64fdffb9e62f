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
from plangate.domain.policy import Policy
from plangate.domain.task import Task

Node = tuple[float, float, float, Any, Any]
"""Weighted sum, weight, fading, and the halves (None at a leaf)."""

EMPTY: Final[Node] = (0.0, 0.0, 1.0, None, None)
"""Joined with another node it changes no bit of it."""


@dataclass(frozen=True, slots=True)
class PlanOrderTree:
    """The tasks' confidences in plan order. A value: changing it gives another one."""

    order: tuple[str, ...]
    places: Mapping[str, int]
    decay: float
    root: Node

    @classmethod
    def of(cls, order: tuple[str, ...], tasks: Mapping[str, Task], policy: Policy) -> Self:
        """The tree of a plan's tasks as they stand: O(n)."""
        decay = policy.decay
        leaves = [leaf(tasks[task_id].confidence(policy), decay) for task_id in order]
        places = {task_id: place for place, task_id in enumerate(order)}
        return cls(order, places, decay, _over(leaves))

    @property
    def rolling_confidence(self) -> float:
        """The mean of the scored tasks' confidences, weighted towards the end of the plan."""
        return mean(self.root)

    def rescored(self, task: Task, confidence: float | None) -> Self:
        """The tree once one task has another confidence; None when it is not scored."""
        scored = leaf(confidence, self.decay)
        root = _replaced(self.root, len(self.order), self.places[task.id], scored)
        return type(self)(self.order, self.places, self.decay, root)


def mean(root: Node) -> float:
    """The figure of the tasks below a node; 1.0 without any."""
    total, weight, *_ = root
    return total / weight if weight else UNSCORED


def leaf(confidence: float | None, decay: float) -> Node:
    """A task with this confidence, or one that is not scored."""
    return EMPTY if confidence is None else (confidence, 1.0, decay, None, None)


def joined(left: Node, right: Node) -> Node:
    """Two parts of the tasks, the more recent on the right."""
    fading = right[2]
    return (
        left[0] * fading + right[0],
        left[1] * fading + right[1],
        left[2] * fading,
        left,
        right,
    )


def _over(leaves: Sequence[Node]) -> Node:
    if len(leaves) < 2:  # noqa: PLR2004  (one leaf, or a plan without tasks)
        return leaves[0] if leaves else EMPTY
    half = len(leaves) // 2
    return joined(_over(leaves[:half]), _over(leaves[half:]))


def _replaced(node: Node, size: int, place: int, scored: Node) -> Node:
    if size == 1:
        return scored
    half = size // 2
    if place < half:
        return joined(_replaced(node[3], half, place, scored), node[4])
    return joined(node[3], _replaced(node[4], size - half, place - half, scored))
