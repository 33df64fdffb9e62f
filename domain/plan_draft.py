"""A plan while events are applied to it, in place: no other code sees it until it is frozen.

A draft begins as a plan and ends as one. However often a run of events changes a task, it is
written into the plan's map of tasks once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rpds import HashTrieMap

from plangate.domain.gate import GateMemory
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.recency_tree import ConfidenceTree, tree_of
from plangate.domain.task import Task
from plangate.domain.values import changed

Look = Callable[[GateMemory, float, Policy], GateMemory]
"""How a gate takes in a changed rolling confidence."""


class PlanDraft:
    """The plan after the events so far. `plan` is its own; its tasks may lag behind `task`."""

    __slots__ = ("_changed", "_rescored", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = changed(plan)
        self._changed: dict[str, Task] = {}
        self._rescored: set[str] = set()

    def begin(self, at: datetime) -> None:
        """Count one more event."""
        fields = self.plan.__dict__
        fields["version"] += 1
        fields["updated_at"] = at
        fields.pop("rolling_confidence", None)  # computed for the version before

    def set(self, **changes: Any) -> None:
        """Change fields of the plan, all but its tasks."""
        self.plan.__dict__.update(changes)

    def restart(self, **changes: Any) -> None:
        """Change fields of the plan, and all of its tasks."""
        self._changed.clear()
        self._rescored.clear()
        self.set(**changes)

    def frozen(self) -> Plan:
        """The plan, which changes no more: the draft ends here."""
        tree = self.plan.tree
        if self._rescored and tree is not None and tree.order is self.plan.order:
            self.set(tree=self._current_tree())
        return self.settled()

    def settled(self) -> Plan:
        """The plan with its tasks as they are now, for a rule that needs all of them."""
        if self._changed:
            self.set(tasks=_updated(self.plan.tasks, self._changed))
            self._changed.clear()
        return self.plan

    # --- its tasks ---

    def task(self, task_id: str) -> Task | None:
        """A task as it is now; None where the plan has none with this id."""
        return self._changed.get(task_id) or self.plan.tasks.get(task_id)

    def put(self, task: Task) -> None:
        """Replace the task with this id."""
        self._changed[task.id] = task

    def rescore(self, task: Task) -> None:
        """Replace the task with this id with one whose scores changed."""
        self._changed[task.id] = task
        self._rescored.add(task.id)

    def remove(self, task_id: str) -> None:
        """Take a task out of the plan."""
        self.set(tasks=self.settled().tasks.remove(task_id))

    # --- its gate ---

    def review(self, look: Look) -> None:
        """Let the gate look at the rolling confidence."""
        tree = self._current_tree()
        if self.plan.tree is not None:
            self.set(tree=tree)
        gate = look(self.plan.gate, tree.rolling_confidence, self.plan.policy)
        self.set(gate=gate)

    def _current_tree(self) -> ConfidenceTree:
        plan, tree = self.plan, self.plan.tree
        if tree is None or tree.order is not plan.order:
            self._rescored.clear()
            return tree_of(plan.order, self.settled().tasks, plan.policy)
        for task_id in self._rescored:
            task = self.task(task_id)
            if task is not None:
                tree = tree.rescored(task, task.confidence(plan.policy))
        self._rescored.clear()
        return tree


def _updated(tasks: "HashTrieMap[str, Task]", changes: dict[str, Task]) -> "HashTrieMap[str, Task]":
    """The map with some tasks replaced; one of which most are replaced is made anew."""
    if 2 * len(changes) > len(tasks):
        return HashTrieMap({**dict(tasks.items()), **changes})
    for task_id, task in changes.items():
        tasks = tasks.insert(task_id, task)
    return tasks
