"""A plan while events are applied to it, in place: no other code sees it until it is frozen.

A draft begins as a plan and ends as one. However often a run of events changes a task, it is
written into the plan's map of tasks once.
"""

from collections.abc import Callable
from typing import Any, Final

from rpds import HashTrieMap

from plangate.domain.dependants import Dependants
from plangate.domain.gate import GateMemory
from plangate.domain.plan import TREES, Plan
from plangate.domain.policy import Policy
from plangate.domain.recency_tree import ConfidenceTree
from plangate.domain.task import Task
from plangate.domain.trait_tree import StaleTraits
from plangate.domain.values import changed

Look = Callable[[GateMemory, float, Policy], GateMemory]
"""How a gate takes in a changed rolling confidence."""

_SMALL: Final = 100
_MANY: Final = 32
"""So many changed tasks are remembered: each event copies what it adds to."""


class PlanDraft:
    """The plan after the events so far. `plan` is its own; its tasks may lag behind `task`."""

    __slots__ = ("_changed", "_dropped", "_opened", "_rescored", "fields", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = changed(plan)
        self.fields: dict[str, Any] = self.plan.__dict__
        """The plan's own: what is changed here is changed in the plan."""
        self._changed: dict[str, Task] = {}
        self._opened: dict[str, dict[str, Any]] = {}
        """The fields of those changed tasks that were not given out yet."""
        self._rescored: set[str] = set()
        self._dropped: set[str] = set()

    def set(self, **changes: Any) -> None:
        """Change fields of the plan, all but its tasks."""
        self.fields.update(changes)

    def restart(self, tasks: dict[str, Task], **changes: Any) -> None:
        """Change fields of the plan, and give it other tasks, which become its own."""
        self._changed = tasks
        self._opened = {task_id: task.__dict__ for task_id, task in tasks.items()}
        self._rescored.clear()
        for kept in (*TREES, "stale_traits", "dependencies", "scored_at"):
            self.fields.pop(kept, None)
        self.set(tasks=HashTrieMap(), **changes)

    def reorder(self, order: tuple[str, ...]) -> None:
        """Give the plan another order.

        Its trees are made anew: those of a large plan when they are asked for, since a
        revision may reorder it many times.
        """
        fields = self.fields
        fields["order"] = order
        if "stale_traits" in fields:
            fields["traits"] = fields.pop("stale_traits").tree
        for tree in TREES:
            if fields.pop(tree, None) is not None:
                self._dropped.add(tree)

    def frozen(self) -> Plan:
        """The plan, which changes no more: the draft ends here."""
        if self._rescored:
            tree = self._kept_tree()
            if tree is not None:
                self._keep(tree)
        plan = self.settled()
        if self._dropped and len(plan.order) <= _SMALL:
            for dropped in self._dropped:
                getattr(plan, dropped)
        return plan

    def settled(self) -> Plan:
        """The plan with its tasks as they are now, for a rule that needs all of them."""
        if self._changed:
            fields = self.fields
            before = self.plan.tasks
            fields["tasks"] = _updated(before, self._changed)
            if "dependencies" in fields:
                self._keep_dependencies(before)
            if "traits" in fields or "stale_traits" in fields:
                self._keep_traits(before)
            self._changed.clear()
            self._opened.clear()
        return self.plan

    # --- its tasks ---

    def task(self, task_id: str) -> Task | None:
        """A task as it is now, which stays so; None where the plan has none with this id."""
        self._opened.pop(task_id, None)
        return self._changed.get(task_id) or self.plan.tasks.get(task_id)

    def opened(self, task_id: str) -> dict[str, Any] | None:
        """The fields of a task, to be changed in place; None where the plan has none."""
        fields = self._opened.get(task_id)
        if fields is None:
            task = self.task(task_id)
            if task is None:
                return None
            self._changed[task_id] = copy = changed(task)
            self._opened[task_id] = fields = copy.__dict__
        return fields

    def put(self, task: Task) -> None:
        """Let a task join, or replace the one with this id."""
        self._opened.pop(task.id, None)
        self._changed[task.id] = task

    def rescored(self, task_id: str) -> None:
        """Remember that the scores of a task changed."""
        self._rescored.add(task_id)

    def scored(self, task_id: str) -> None:
        """Remember that this event scored a task."""
        self._rescored.add(task_id)
        fields = self.fields
        if "scored_at" in fields:
            fields["scored_at"] = fields["scored_at"].insert(fields["version"], task_id)

    def remove(self, task_id: str) -> None:
        """Take a task out of the plan."""
        plan = self.settled()
        self.set(
            dependencies=plan.dependencies.replaced(task_id, plan.tasks[task_id], None),
            tasks=plan.tasks.remove(task_id),
        )

    # --- its gate ---

    def review(self, look: Look) -> None:
        """Let the gate look at the rolling confidence."""
        fields = self.fields
        rolling_confidence = self.confidences().rolling_confidence
        fields["gate"] = look(fields["gate"], rolling_confidence, fields["policy"])

    # --- what the plan keeps about its tasks ---

    def confidences(self) -> ConfidenceTree:
        """The confidences of the tasks as they are now."""
        tree = self._kept_tree()
        if tree is None:
            self._rescored.clear()
            tree = self.settled().confidences
        return self._keep(tree)

    def _kept_tree(self) -> ConfidenceTree | None:
        """The confidences as they were kept, if the order of the tasks is still the same."""
        fields = self.fields
        tree: ConfidenceTree | None = fields.get("confidences", fields["tree"])
        return tree if tree is not None and tree.order is fields["order"] else None

    def _keep(self, tree: ConfidenceTree) -> ConfidenceTree:
        fields = self.fields
        for task_id in self._rescored:
            task = self._changed.get(task_id) or self.plan.tasks[task_id]
            tree = tree.rescored(task, task.confidence(fields["policy"]))
        self._rescored.clear()
        fields["confidences"] = tree
        if fields["tree"] is not None:
            fields["tree"] = tree
        return tree

    def _keep_dependencies(self, before: "HashTrieMap[str, Task]") -> None:
        fields = self.fields
        dependencies: Dependants = fields["dependencies"]
        for task_id, task in self._changed.items():
            earlier = before.get(task_id)
            if earlier is None or earlier.depends_on is not task.depends_on:
                dependencies = dependencies.replaced(task_id, earlier, task)
        fields["dependencies"] = dependencies

    def _keep_traits(self, before: "HashTrieMap[str, Task]") -> None:
        """Leave the traits to the next question, unless it would find many changed tasks."""
        fields = self.fields
        tree = fields.pop("traits", None)
        stale: StaleTraits = fields["stale_traits"] if tree is None else StaleTraits(tree, before)
        changed_tasks = stale.changed | self._changed.keys()
        fields["stale_traits"] = stale._replace(changed=changed_tasks)
        if len(changed_tasks) > _MANY:
            fields["traits"] = self.plan.traits
            del fields["stale_traits"]


def _updated(tasks: "HashTrieMap[str, Task]", changes: dict[str, Task]) -> "HashTrieMap[str, Task]":
    """The map with some tasks replaced; one of which most are replaced is made anew."""
    if 2 * len(changes) > len(tasks):
        return HashTrieMap({**dict(tasks.items()), **changes})
    for task_id, task in changes.items():
        tasks = tasks.insert(task_id, task)
    return tasks
