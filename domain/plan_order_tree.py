"""The rolling confidence of a plan, kept while its scores change: O(log n) a score.

A balanced tree over the tasks in plan order. Every node holds the weighted sum
and the weight of the scored tasks below it, and the factor by which it decays what
comes before it. The tree's shape follows from the number of tasks alone, never from the
order in which scores came, so every replay gives the same bits. Up to
rounding it equals `domain.confidence.rolling_confidence`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from plangate.domain.balanced_tree import tree_over, with_leaf
from plangate.domain.confidence import UNSCORED
from plangate.domain.policy import Policy
from plangate.domain.task import Task

Node = tuple[float, float, float, Any, Any]
"""Weighted sum, weight, decay, and the halves (None at a leaf)."""

EMPTY: Final[Node] = (0.0, 0.0, 1.0, None, None)
"""The identity of `joined`."""


@dataclass(frozen=True, slots=True)
class PlanOrderTree:
    """The tasks' confidences in plan order. A value: changing it gives another one."""

    order: tuple[str, ...]
    indexes: Mapping[str, int]
    decay: float
    root: Node

    @classmethod
    def of(cls, order: tuple[str, ...], tasks: Mapping[str, Task], policy: Policy) -> Self:
        """Build the tree of a plan's tasks: O(n)."""
        decay = policy.decay
        leaves = [leaf(tasks[task_id].confidence(policy), decay) for task_id in order]
        indexes = {task_id: index for index, task_id in enumerate(order)}
        return cls(order, indexes, decay, tree_over(leaves, joined, EMPTY))

    @property
    def rolling_confidence(self) -> float:
        """The mean of the scored tasks' confidences, weighted towards the end of the plan."""
        return mean(self.root)

    def rescored(self, task: Task, confidence: float | None) -> Self:
        """The tree after one task's confidence changed; None when it is not scored."""
        scored = leaf(confidence, self.decay)
        root = with_leaf(self.root, len(self.order), self.indexes[task.id], scored, joined)
        return type(self)(self.order, self.indexes, self.decay, root)


def mean(root: Node) -> float:
    """The rolling confidence of the tasks below a node; 1.0 without scored ones."""
    total, weight, *_ = root
    return total / weight if weight else UNSCORED


def leaf(confidence: float | None, decay: float) -> Node:
    """The node of one task; None when it is not scored."""
    # Adding 0.0 turns -0.0 into 0.0: they are equal, so one would not replace the other.
    return EMPTY if confidence is None else (confidence + 0.0, 1.0, decay, None, None)


def joined(left: Node, right: Node) -> Node:
    """The node over two others, the more recent on the right."""
    decay = right[2]
    return (
        left[0] * decay + right[0],
        left[1] * decay + right[1],
        left[2] * decay,
        left,
        right,
    )
