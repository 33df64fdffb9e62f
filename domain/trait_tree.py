"""What a plan's tasks are like, kept while they change: O(log n) a change.

A balanced tree over the tasks in plan order. Every node counts the tasks below it by trait,
and knows from when on one of them can be taken and when one of their leases or deferrals
ends. So counts are read at the root, and the first tasks of a kind are found by going down.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple, Self

from plangate.domain.balanced_tree import tree_over, with_leaf
from plangate.domain.confidence import reaches
from plangate.domain.policy import Policy
from plangate.domain.task import Task
from plangate.domain.vocabulary import TaskStatus

_BITS: Final = 32
_MASK: Final = (1 << _BITS) - 1
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Trait(IntEnum):
    """What a task can be: its status, and more.

    `READY` and `UNMET` are pending: not deferred with all dependencies done, or with one
    that is not. `SCORABLE` is not scored yet, but ready or in progress. `CLAMPED` counts
    scores. `UNCLEAR` is not done and has a prompt score alone, below the threshold.
    `CLAIMABLE` can be taken, now or once a lease or a deferral ends; `PRIORITISED` is so too,
    and has a priority of its own. `AWAITS_JUDGES` is not done, and too few judges have scored
    its output for that to count.
    """

    PENDING = 0
    IN_PROGRESS = 1
    DONE = 2
    FAILED = 3
    REPLANNING = 4
    READY = 5
    UNMET = 6
    DEFERRED = 7
    SCORED = 8
    SCORABLE = 9
    SCORING_FAILED = 10
    CLAMPED = 11
    DONE_UNSCORED = 12
    UNCLEAR = 13
    CLAIMABLE = 14
    PRIORITISED = 15
    AWAITS_JUDGES = 16


_Node = tuple[int, datetime, datetime, datetime, Any, Any]
"""Packed counts; when the first task can be taken; when the first and the last of the leases
and deferrals end; and the halves (None at a leaf)."""

_EMPTY: Final[_Node] = (0, _NEVER, _NEVER, _ALWAYS, None, None)
_ONE: Final = tuple(1 << (_BITS * trait) for trait in Trait)
_CLAIMABLE: Final = _ONE[Trait.CLAIMABLE]
_PRIORITISED: Final = _CLAIMABLE | _ONE[Trait.PRIORITISED]
_STATUSES: Final = {status.value: _ONE[Trait[status.name]] for status in TaskStatus}


@dataclass(frozen=True, slots=True)
class TraitTree:
    """The traits of a plan's tasks. A value: changing it gives another one."""

    order: tuple[str, ...]
    indexes: Mapping[str, int]
    policy: Policy
    root: _Node

    @classmethod
    def of(cls, order: tuple[str, ...], tasks: Mapping[str, Task], policy: Policy) -> Self:
        """Build the tree of a plan's tasks: O(n)."""
        leaves = [_leaf(tasks[task_id], tasks, policy) for task_id in order]
        indexes = {task_id: index for index, task_id in enumerate(order)}
        return cls(order, indexes, policy, tree_over(leaves, _joined, _EMPTY))

    def replaced(self, task_ids: Iterable[str], tasks: Mapping[str, Task]) -> Self:
        """The tree once these tasks changed; `tasks` are those of the plan now."""
        root, size = self.root, len(self.order)
        for task_id in task_ids:
            leaf = _leaf(tasks[task_id], tasks, self.policy)
            root = with_leaf(root, size, self.indexes[task_id], leaf, _joined)
        return type(self)(self.order, self.indexes, self.policy, root)

    def count(self, trait: Trait) -> int:
        """How many tasks have a trait."""
        return (self.root[0] >> (_BITS * trait)) & _MASK

    def having(self, trait: Trait) -> Iterator[str]:
        """The tasks that have a trait, in plan order."""
        shift = _BITS * trait
        return self._those(lambda node: (node[0] >> shift) & _MASK > 0)

    def free_at(self, now: datetime) -> Iterator[str]:
        """The tasks that could be taken at a time, in plan order."""
        return self._those(lambda node: node[1] <= now)

    def ended_at(self, now: datetime) -> Iterator[str]:
        """The tasks with a lease or a deferral that has ended at a time, in plan order."""
        return self._those(lambda node: node[2] <= now)

    def ends_after(self, now: datetime) -> Iterator[str]:
        """The tasks with a lease or a deferral that ends after a time, in plan order."""
        return self._those(lambda node: node[3] > now)

    def _those(self, has: Callable[[_Node], bool]) -> Iterator[str]:
        left_to_do = [(self.root, 0, len(self.order))]
        while left_to_do:
            node, first, size = left_to_do.pop()
            if not size or not has(node):
                continue
            if size == 1:
                yield self.order[first]
                continue
            half = size // 2
            left_to_do.append((node[5], first + half, size - half))
            left_to_do.append((node[4], first, half))


class StaleTraits(NamedTuple):
    """The traits of a plan's tasks as they were, and which tasks changed since.

    `tasks` are all of them as they were, in the same order as now.
    """

    tree: TraitTree
    tasks: Mapping[str, Task]
    changed: AbstractSet[str] = frozenset()

    def renewed(
        self, tasks: Mapping[str, Task], dependants: Mapping[str, Sequence[str]]
    ) -> TraitTree:
        """The traits of the tasks as they are now.

        They change with a task, and when one that it depends on is done or no longer.
        """
        tree, concerned = self.tree, set(self.changed)
        for task_id in self.changed:
            was_done = self.tasks[task_id].status is TaskStatus.DONE
            if (tasks[task_id].status is TaskStatus.DONE) is not was_done:
                concerned.update(dependants.get(task_id, ()))
        if 2 * len(concerned) > len(tree.order):
            return TraitTree.of(tree.order, tasks, tree.policy)
        return tree.replaced(concerned, tasks)


def _leaf(task: Task, tasks: Mapping[str, Task], policy: Policy) -> _Node:
    """What one task is like, among the tasks of its plan."""
    status, deferred = task.status, task.deferred
    counts = _STATUSES[status.value]
    free_from, first_end, last_end = _NEVER, _NEVER, _ALWAYS
    open_to_work = False
    if status is TaskStatus.PENDING:
        if not _is_met(task, tasks):
            counts |= _ONE[Trait.UNMET]
        elif deferred is None:
            counts |= _ONE[Trait.READY]
            free_from, open_to_work = _ALWAYS, True
        else:
            free_from = deferred.until or _NEVER
    elif status is TaskStatus.IN_PROGRESS:
        open_to_work = True
        until = task.claim.until if task.claim else None
        if until is not None:
            first_end = last_end = until
            free_from = until if _is_met(task, tasks) else _NEVER
    if deferred is not None:
        counts |= _ONE[Trait.DEFERRED]
        if deferred.until is not None:
            first_end, last_end = min(first_end, deferred.until), max(last_end, deferred.until)
    if free_from is not _NEVER:
        counts |= _CLAIMABLE if task.priority is None else _PRIORITISED
    counts |= _of_scores(task, policy, scorable=open_to_work)
    return (counts, free_from, first_end, last_end, None, None)


def _is_met(task: Task, tasks: Mapping[str, Task]) -> bool:
    for on in task.depends_on:
        other = tasks.get(on)
        if other is None or other.status is not TaskStatus.DONE:
            return False
    return True


def _of_scores(task: Task, policy: Policy, *, scorable: bool) -> int:
    """The packed traits of a task's scores."""
    prompt, output = task.prompt_judgements, task.output_judgements
    counts = _ONE[Trait.SCORING_FAILED] if task.scoring_failed else 0
    is_done = task.status is TaskStatus.DONE
    if not (prompt or output):
        if is_done:
            counts |= _ONE[Trait.DONE_UNSCORED]
        return counts | _ONE[Trait.SCORABLE] if scorable else counts
    if task.awaits_judges:
        counts |= _ONE[Trait.AWAITS_JUDGES]
    has_output, counting = task.output_score is not None, task.counting
    if is_done and not has_output:
        counts |= _ONE[Trait.DONE_UNSCORED]
    if not counting:
        return counts | _ONE[Trait.SCORABLE] if scorable else counts
    counts |= _ONE[Trait.SCORED]
    for given in counting:
        counts += given.clamped * _ONE[Trait.CLAMPED]
    if not (is_done or has_output):
        clear = reaches(task.prompt_score or 0.0, policy.confidence_threshold)
        counts |= 0 if clear else _ONE[Trait.UNCLEAR]
    return counts


def _joined(left: _Node, right: _Node) -> _Node:
    counts, free_from, first_end, last_end, _, _ = left
    other_counts, other_free, other_first, other_last, _, _ = right
    return (
        counts + other_counts,
        free_from if free_from <= other_free else other_free,  # noqa: FURB136  (thrice as fast)
        first_end if first_end <= other_first else other_first,  # noqa: FURB136
        last_end if last_end >= other_last else other_last,  # noqa: FURB136
        left,
        right,
    )
