"""The rolling confidence where recent means scored last: O(log n) a score, of n events.

As `plan_order_tree`, but a task's slot is the version of its newest score: a new score
empties that slot and fills a later one. Empty slots cost nothing. The tree's shape follows
from the versions alone, so every replay gives the same bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from rpds import HashTrieMap

from plangate.domain.plan_order_tree import EMPTY, Node, PlanOrderTree, joined, leaf, mean
from plangate.domain.policy import Policy
from plangate.domain.task import Task
from plangate.domain.vocabulary import Recency

_ROOM: Final = 64


@dataclass(frozen=True, slots=True)
class RecencyTree:
    """The tasks' confidences by when they were scored. A value: changing it gives another one.

    `slots` maps each scored task to its slot; `room` is the number of slots, a power of two.
    """

    order: tuple[str, ...]
    slots: "HashTrieMap[str, int]"
    decay: float
    room: int = _ROOM
    root: Node = EMPTY

    @classmethod
    def of(cls, order: tuple[str, ...], tasks: Mapping[str, Task], policy: Policy) -> Self:
        """Build the tree of a plan's tasks: O(n log n)."""
        tree = cls(order, HashTrieMap(), policy.decay)
        for task_id in order:
            task = tasks[task_id]
            tree = tree.rescored(task, task.confidence(policy))
        return tree

    @property
    def rolling_confidence(self) -> float:
        """The mean of the scored tasks' confidences, weighted towards those scored last."""
        return mean(self.root)

    def rescored(self, task: Task, confidence: float | None) -> Self:
        """The tree after one task's confidence changed; None when it is not scored."""
        slots, root, room = self.slots, self.root, self.room
        before = slots.get(task.id)
        if before is not None:
            slots, root = slots.remove(task.id), _put(root, room, before, EMPTY)
        if confidence is not None:
            while task.last_scored >= room:
                room *= 2
                root = _either(root, EMPTY)
            slots = slots.insert(task.id, task.last_scored)
            root = _put(root, room, task.last_scored, leaf(confidence, self.decay))
        return type(self)(self.order, slots, self.decay, room, root)


ConfidenceTree = PlanOrderTree | RecencyTree
"""The tree of a plan, by what its policy calls recent."""


def tree_of(order: tuple[str, ...], tasks: Mapping[str, Task], policy: Policy) -> ConfidenceTree:
    """Build the tree of a plan's tasks."""
    kind = PlanOrderTree if policy.order is Recency.PLAN else RecencyTree
    return kind.of(order, tasks, policy)


def _put(node: Node, room: int, slot: int, scored: Node) -> Node:
    """The tree with another node in one slot; empty parts are cut off."""
    if room == 1:
        return scored
    half = room // 2
    left, right = node[3] or EMPTY, node[4] or EMPTY
    if slot < half:
        left = _put(left, half, slot, scored)
    else:
        right = _put(right, half, slot - half, scored)
    return _either(left, right)


def _either(left: Node, right: Node) -> Node:
    return EMPTY if left is right is EMPTY else joined(left, right)
