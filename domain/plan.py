"""A plan's state, and the questions it answers.

State is a value: an older version stays usable while a newer one exists. `evolve` leads
from one version to the next.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from rpds import HashTrieMap

from plangate.domain.confidence import reaches
from plangate.domain.dependants import Dependants
from plangate.domain.errors import PlanGone, PlanNotFound, TaskGone, TaskNotFound
from plangate.domain.event_ids import event_id, version_of
from plangate.domain.gate import GateMemory
from plangate.domain.panel import PanelRule
from plangate.domain.policy import Policy
from plangate.domain.recency_tree import ConfidenceTree, tree_of
from plangate.domain.task import Task
from plangate.domain.trait_tree import StaleTraits, Trait, TraitTree
from plangate.domain.values import changed
from plangate.domain.vocabulary import (
    Gate,
    PlanState,
    Recency,
    ScarceEvidence,
    ScoreKind,
    TaskStatus,
)

TREES: Final = ("confidences", "traits")
"""What a plan keeps in the order of its tasks. `stale_traits` are kept until they are asked for."""


@dataclass(frozen=True)
class Plan:
    """A plan at one version of its history.

    `Plan(plan_id)` is the plan before its first event. `order` holds the task ids in plan
    order; `retired` maps each task that left the plan to how it left. `version` counts the
    events, `erasures` the times its text was erased. `replan_due` is set when the gate fires
    and cleared by a revision, a retry or an approval. `panel` is what the policy says about
    judges, where it tells them apart. Where the policy gives the gate a memory, `tree` keeps
    the rolling confidence, so that no event costs a pass over all tasks.
    """

    plan_id: str
    version: int = 0
    goal: str | None = None
    policy: Policy = Policy()
    metadata: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    labels: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    tasks: "HashTrieMap[str, Task]" = field(default_factory=HashTrieMap)
    retired: "HashTrieMap[str, str]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    replan_count: int = 0
    replan_due: bool = False
    due_since: datetime | None = None
    gate: GateMemory = GateMemory()  # noqa: RUF009  (it never changes)
    panel: PanelRule | None = None
    tree: ConfidenceTree | None = field(default=None, compare=False, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    paused: bool = False
    archived: bool = False
    deleted: bool = False
    erasures: int = 0

    def __iter__(self) -> Iterator[Task]:
        """The tasks in plan order."""
        return (self.tasks[task_id] for task_id in self.order)

    def task(self, task_id: str) -> Task:
        """The task with this id; raises `TaskNotFound`, or `TaskGone` if it left the plan."""
        task = self.tasks.get(task_id)
        if task is not None:
            return task
        how = self.retired.get(task_id)
        raise (
            TaskNotFound(self.plan_id, task_id)
            if how is None
            else TaskGone(self.plan_id, task_id, how)
        )

    def copied(self) -> "Plan":
        """The same plan with copies of all metadata, so that callers may change them.

        They are made when the tasks, or the plan's metadata, are first read.
        """
        copy = changed(self, _original=self)
        for name in _COPIES:
            copy.__dict__.pop(name, None)
        return copy

    if (
        not TYPE_CHECKING
    ):  # pragma: no branch  (it would hide every misspelt attribute from a type checker)

        def __getattr__(self, name: str) -> Any:
            copied, original = _COPIES.get(name), self.__dict__.get("_original")
            if copied is None or original is None:
                raise AttributeError(f"a plan has no attribute {name!r}")
            return self.__dict__.setdefault(name, copied(original))

    @property
    def exists(self) -> bool:
        """Whether the plan was created and not deleted."""
        return self.version > 0 and not self.deleted

    def require_alive(self) -> None:
        """Raise `PlanNotFound` for a plan without events, `PlanGone` for a deleted one."""
        if self.deleted:
            raise PlanGone(self.plan_id)
        if not self.version:
            raise PlanNotFound(self.plan_id)

    def scored(self) -> Iterator[tuple[Task, float]]:
        """The scored tasks and their confidences, in the order in which they are weighed."""
        tasks: Iterable[Task] = self
        if self.policy.order is Recency.SCORED:
            tasks = sorted(self, key=lambda task: task.last_scored)
        for task in tasks:
            confidence = task.confidence(self.policy)
            if confidence is not None:
                yield task, confidence

    @property
    def rolling_confidence(self) -> float:
        """The rolling confidence over the scored tasks, the most recent last; 1.0 without any."""
        return self.confidences.rolling_confidence

    @property
    def needs_replan(self) -> bool:
        """Whether the rolling confidence is below the threshold."""
        return not reaches(self.rolling_confidence, self.policy.confidence_threshold)

    def has_evidence(self, done: str | None = None) -> bool:
        """Whether enough tasks are scored for the gate to fire: all, if the plan has fewer.

        With `scarce_evidence: judge` also where no other task can be scored; `done` is a
        task that counts as done for that.
        """
        needed = min(self.policy.min_scored, len(self.order))
        if needed <= 1 or self.traits.count(Trait.SCORED) >= needed:
            return True
        return self.policy.scarce_evidence is ScarceEvidence.JUDGE and not (
            self.traits.count(Trait.SCORABLE) or self._makes_scorable(done)
        )

    def _makes_scorable(self, done: str | None) -> bool:
        """Whether a task that is not scored yet can be taken once another one is done."""
        waiting = (self.tasks[other] for other in self.dependencies.of.get(done or "", ()))
        return any(
            task.status is TaskStatus.PENDING
            and task.deferred is None
            and task.confidence(self.policy) is None
            and set(self.unmet(task)) == {done}
            for task in waiting
        )

    def gate_fires(self, done: str | None = None) -> bool:
        """Whether the gate fires, asked right after an output score; `done` as above."""
        fires = self.gate.fires(self.rolling_confidence, self.policy)
        return fires and self.has_evidence(done)

    def passes(self, task: Task) -> bool:
        """Whether a task's own confidence reaches the threshold; an unscored one does not."""
        confidence = task.confidence(self.policy)
        return confidence is not None and reaches(confidence, self.policy.confidence_threshold)

    @property
    def is_held(self) -> bool:
        """Whether the gate hands out no work until the replan is answered or approved."""
        return self.is_exhausted or (self.replan_due and self.policy.gate is Gate.HOLD)

    @property
    def is_exhausted(self) -> bool:
        """Whether more replans than the policy allows came since the last approval."""
        return self.gate.exhausted(self.policy)

    def unmet(self, task: Task) -> tuple[str, ...]:
        """The dependencies of a task that are not done."""
        return tuple(
            on
            for on in task.depends_on
            if on not in self.tasks or self.tasks[on].status is not TaskStatus.DONE
        )

    def is_ready(self, task: Task) -> bool:
        """Whether a task can be claimed: pending, not deferred, its dependencies done."""
        pending = task.status is TaskStatus.PENDING and task.deferred is None
        return pending and not self.unmet(task)

    @property
    def state(self) -> PlanState:
        """The plan's state: deleted, archived or paused by command, else by its tasks."""
        if self.deleted:
            return PlanState.DELETED
        if self.archived:
            return PlanState.ARCHIVED
        if self.paused:
            return PlanState.PAUSED
        traits = self.traits
        if traits.count(Trait.DONE) == len(self.order):
            return PlanState.COMPLETE
        if not self.is_held and traits.count(Trait.READY):
            return PlanState.ACTIVE
        if traits.count(Trait.IN_PROGRESS) or traits.count(Trait.DEFERRED):
            return PlanState.WAITING
        return PlanState.BLOCKED

    def dependants(self, task_id: str) -> tuple[str, ...]:
        """The tasks that depend on one, in plan order."""
        found = self.dependencies.of.get(task_id, ())
        if len(found) <= 1:
            return found
        ids = set(found)
        return tuple(other for other in self.order if other in ids)

    def having(self, trait: Trait) -> Iterator[Task]:
        """The tasks that have a trait, in plan order."""
        return (self.tasks[task_id] for task_id in self.traits.having(trait))

    def find_score(self, name: str) -> tuple[Task, ScoreKind] | None:
        """The task and kind of the score with this event id; None if retracted or unknown."""
        version = version_of(name)
        if version is None or name != event_id(self.plan_id, version):
            return None
        task = self.tasks.get(self.scored_at.get(version, ""))
        for kind in ScoreKind:
            if task and any(given.version == version for given in task.judgements(kind)):
                return task, kind
        return None

    # --- what is kept about the tasks: made at the first question, then updated by `evolve` ---

    def keeping(self) -> "Plan":
        """The same plan, which keeps from here on what decisions ask about its tasks."""
        for tree in TREES:
            getattr(self, tree)
        return self

    @cached_property
    def confidences(self) -> ConfidenceTree:
        """The tasks' confidences, and the rolling confidence over them."""
        if self.tree is not None and self.tree.order is self.order:
            return self.tree
        return tree_of(self.order, self.tasks, self.policy)

    @cached_property
    def traits(self) -> TraitTree:
        """The tasks' traits."""
        stale: StaleTraits | None = self.__dict__.get("stale_traits")
        if stale is not None:
            return stale.renewed(self.tasks, self.dependencies.of)
        return TraitTree.of(self.order, self.tasks, self.policy)

    @cached_property
    def dependencies(self) -> Dependants:
        """Which tasks depend on which."""
        return Dependants.among(self)

    @cached_property
    def scored_at(self) -> "HashTrieMap[int, str]":
        """The task scored at each version; scores that no longer count may be left in it."""
        judgements = ((task, kind) for task in self for kind in ScoreKind)
        return HashTrieMap(
            {given.version: task.id for task, kind in judgements for given in task.judgements(kind)}
        )


_COPIES: Final[dict[str, Callable[[Plan], Any]]] = {
    "tasks": lambda plan: HashTrieMap({task.id: task.copied() for task in plan}),
    "metadata": lambda plan: deepcopy(plan.metadata),
}
