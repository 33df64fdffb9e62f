"""A plan's state, and how events lead to it.

State is a value: an older version stays usable while a newer one exists.
`evolve` may never refuse: what happened, happened. Refusing is for `decisions`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, assert_never

from rpds import HashTrieMap

from plangate.domain.confidence import reaches, rolling_confidence
from plangate.domain.errors import PlanGone, PlanNotFound, TaskGone, TaskNotFound
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    LeaseRenewed,
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
)
from plangate.domain.gate import GateMemory
from plangate.domain.policy import Policy
from plangate.domain.recency_tree import ConfidenceTree, tree_of
from plangate.domain.task import Judgement, Task
from plangate.domain.vocabulary import Gate, PlanState, Recency, ScoreKind, TaskStatus

_Look = Callable[[GateMemory, float, Policy], GateMemory]
"""How a gate takes in the figure that a score or its withdrawal led to."""

_A_VERSION: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Plan:
    """A plan at one version of its history.

    `Plan(plan_id)` is the plan before anything happened to it. `order` holds the
    task ids in plan order, `retired` how each task left that is no longer in it.
    `version` counts the events folded so far, `erasures` how often people's words were
    erased. `replan_due` is a fact of its own, not the figure: set when the gate fires,
    cleared when somebody answers it. `gate` is what the gate remembers; where the policy
    gives it a memory, `tree` keeps the figure, so that no event costs a pass over all tasks.
    """

    plan_id: str
    version: int = 0
    goal: str | None = None
    policy: Policy = Policy()
    metadata: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    labels: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    tasks: "HashTrieMap[str, Task]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    retired: "HashTrieMap[str, str]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    replan_count: int = 0
    replan_due: bool = False
    gate: GateMemory = GateMemory()  # noqa: RUF009  (it never changes)
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
        """The same plan with metadata of its own, for somebody who might change it."""
        tasks = HashTrieMap({task.id: task.copied() for task in self})
        return _with(self, tasks=tasks, metadata=deepcopy(self.metadata))

    @property
    def exists(self) -> bool:
        """Whether the plan was created and not deleted."""
        return self.version > 0 and not self.deleted

    def require_alive(self) -> None:
        """Raise `PlanNotFound` for a plan that never was, `PlanGone` for a deleted one."""
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

    @cached_property
    def rolling_confidence(self) -> float:
        """The rolling confidence over the scored tasks, the most recent last; 1.0 without any."""
        return rolling_confidence((c for _, c in self.scored()), self.policy.decay)

    @property
    def needs_replan(self) -> bool:
        """Whether the rolling confidence has tripped below the threshold."""
        return not reaches(self.rolling_confidence, self.policy.confidence_threshold)

    @property
    def has_evidence(self) -> bool:
        """Whether enough tasks are scored for the gate to fire: all, if the plan has fewer."""
        needed = min(self.policy.min_scored, len(self.order))
        return needed <= 1 or sum(1 for _ in self.scored()) >= needed

    @property
    def gate_fires(self) -> bool:
        """Whether the output score that led here makes the gate fire."""
        return self.gate.fires(self.rolling_confidence, self.policy) and self.has_evidence

    def passes(self, task: Task) -> bool:
        """Whether a task's own confidence reaches the threshold; an unscored one does not."""
        confidence = task.confidence(self.policy)
        return confidence is not None and reaches(confidence, self.policy.confidence_threshold)

    @property
    def is_held(self) -> bool:
        """Whether the gate holds work back until somebody answers or, at last, approves."""
        return self.is_exhausted or (self.replan_due and self.policy.gate is Gate.HOLD)

    @property
    def is_exhausted(self) -> bool:
        """Whether there were more replans than the policy allows without an approval."""
        return self.gate.exhausted(self.policy)

    def unmet(self, task: Task) -> tuple[str, ...]:
        """The dependencies of a task that are not done."""
        return tuple(
            on
            for on in task.depends_on
            if on not in self.tasks or self.tasks[on].status is not TaskStatus.DONE
        )

    def is_ready(self, task: Task) -> bool:
        """Whether a task could be taken: pending, and everything it depends on is done."""
        return task.status is TaskStatus.PENDING and not self.unmet(task)

    @property
    def state(self) -> PlanState:
        """Where the plan stands: what it was put into by hand, else what its tasks say."""
        if self.deleted:
            return PlanState.DELETED
        if self.archived:
            return PlanState.ARCHIVED
        if self.paused:
            return PlanState.PAUSED
        if all(task.status is TaskStatus.DONE for task in self):
            return PlanState.COMPLETE
        if not self.is_held and any(map(self.is_ready, self)):
            return PlanState.ACTIVE
        if any(task.status is TaskStatus.IN_PROGRESS for task in self):
            return PlanState.WAITING
        return PlanState.BLOCKED

    def dependants(self, task_id: str) -> tuple[str, ...]:
        """The tasks that depend on one, in plan order."""
        return tuple(task.id for task in self if task_id in task.depends_on)

    def standing(self, name: str) -> tuple[Task, ScoreKind] | None:
        """The task and kind of the standing judgement with this event id, if there is one."""
        for task in self:
            for kind in ScoreKind:
                for judgement in task.judgements(kind):
                    if event_id(self.plan_id, judgement.version) == name:
                        return task, kind
        return None


def evolve(  # noqa: C901, PLR0912, PLR0915  (a branch an event)
    plan: Plan, event: PlanEvent
) -> Plan:
    """The plan after one more event. Total and silent."""
    version = plan.version + 1
    judged: str | None = None
    look: _Look | None = None
    match event:
        case PlanCreated():
            changes = _created(event)
        case TaskScored():
            judged = event.task_id
            look = GateMemory.judged if event.kind is ScoreKind.OUTPUT else None
            given = Judgement(event.score, version)
            changes = _changed(plan, event.task_id, lambda task: task.judged(event.kind, given))
        case ScoreRetracted():
            judged, look = event.task_id, GateMemory.reviewed
            withdrawn = version_of(event.event_id)
            changes = _changed(
                plan, event.task_id, lambda task: task.without(event.kind, withdrawn)
            )
        case TaskStatusChanged():
            changes = _changed(plan, event.task_id, lambda task: task.moved(event, version))
        case LeaseRenewed():
            changes = _changed(
                plan, event.task_id, lambda task: task.renewed(event.at, event.lease_until)
            )
        case ReplanTriggered():
            changes = _changed(plan, event.task_id, Task.replanned)
            changes |= {"replan_count": plan.replan_count + 1, "replan_due": True}
            changes["gate"] = plan.gate.fired()
        case GateApproved():
            changes = {"replan_due": False, "gate": GateMemory()}
        case PlanRevised():
            changes = _answered(plan)
        case TaskAdded():
            changes = _placed(plan, (Task.planned(event.task),), event.before)
        case TaskChanged():
            changes = _changed(plan, event.task_id, lambda task: task.changed(event))
        case TaskMoved():
            known = (event.task_id,) if event.task_id in plan.tasks else ()
            changes = {"order": _put(_without(plan.order, known), known, event.before)}
        case TaskDropped():
            changes = _succeeded(plan, event.task_id, (), "dropped")
        case TaskSplit():
            parts = tuple(Task.planned(part, split_from=event.task_id) for part in event.into)
            how = f"split into {', '.join(part.id for part in parts)}"
            changes = _succeeded(plan, event.task_id, parts, how)
        case TaskReplaced():
            other = Task.planned(event.by, replaces=event.task_id)
            changes = _succeeded(plan, event.task_id, (other,), f"replaced by {other.id}")
        case AttemptStarted():
            judged = event.task_id
            changes = _answered(plan) | _changed(
                plan,
                event.task_id,
                lambda task: task.attempted(event.attempt, plan.policy.attempt_scores),
            )
        case ScoringFailed() | OutcomeRecorded():
            changes = {}
        case PlanPaused() | PlanResumed():
            changes = {"paused": isinstance(event, PlanPaused)}
        case PlanArchived() | PlanRestored():
            changes = {"archived": isinstance(event, PlanArchived)}
        case PlanDeleted():
            changes = {"deleted": True}
        case PlanErased():
            changes = _without_text(plan) | {"erasures": plan.erasures + 1}
        case _:
            assert_never(event)
    after = _with(plan, version=version, updated_at=event.at, **changes)
    if judged is None or (after.tree is None and not after.gate.tripped):
        return after
    return _seen_by_its_gate(after, judged, look)


def fold(plan: Plan, events: Iterable[PlanEvent]) -> Plan:
    """The plan after all the events, in their order."""
    for event in events:
        plan = evolve(plan, event)
    return plan


def event_id(plan_id: str, version: int) -> str:
    """The name of one event of one plan, as in `billing@7`."""
    return f"{plan_id}@{version}"


def version_of(event_id: str) -> int | None:
    """The version an event id names, or None when it names none."""
    _, _, version = event_id.rpartition("@")
    return int(version) if _A_VERSION.fullmatch(version) else None


def _with(plan: Plan, **changes: Any) -> Plan:
    """What `dataclasses.replace` does, three times as fast: replay is made of this."""
    copy = object.__new__(Plan)
    copy.__dict__.update(plan.__dict__, **changes)
    copy.__dict__.pop("rolling_confidence", None)  # worked out for the version before
    return copy


def _created(event: PlanCreated) -> dict[str, Any]:
    order = tuple(dict.fromkeys(task.id for task in event.tasks))
    tasks = HashTrieMap({task.id: Task.planned(task) for task in event.tasks})
    remembers = event.policy.has_memory
    return {
        "goal": event.goal,
        "policy": event.policy,
        "metadata": event.metadata or {},
        "priority": event.priority or 0,
        "labels": event.labels or (),
        "order": order,
        "tasks": tasks,
        "tree": tree_of(order, tasks, event.policy) if remembers else None,
        "created_at": event.at,
    }


def _answered(plan: Plan) -> dict[str, Any]:
    """What a revision or a retry answers, if anything was asked."""
    return {"replan_due": False, "gate": plan.gate.afresh()} if plan.replan_due else {}


def _seen_by_its_gate(plan: Plan, judged: str, look: _Look | None) -> Plan:
    """The plan, just made and known to nobody, once its gate has looked at it, if it does."""
    gate, policy, tree = plan.gate, plan.policy, plan.tree
    if tree is None:
        if look is GateMemory.judged:
            gate = gate.afresh()
        elif look:
            gate = look(gate, plan.rolling_confidence, policy)
    else:
        task = plan.tasks.get(judged)
        if tree.order is not plan.order:
            tree = tree_of(plan.order, plan.tasks, policy)
        elif task is not None:
            tree = tree.rescored(task, task.confidence(policy))
        if look:
            gate = look(gate, tree.rolling_confidence, policy)
    plan.__dict__.update(gate=gate, tree=tree)
    return plan


def _changed(plan: Plan, task_id: str, change: Callable[[Task], Task]) -> dict[str, Any]:
    task = plan.tasks.get(task_id)
    return {} if task is None else {"tasks": plan.tasks.insert(task_id, change(task))}


def _without_text(plan: Plan) -> dict[str, Any]:
    tasks = HashTrieMap({task.id: task.erased() for task in plan})
    return {"goal": None, "metadata": {}, "tasks": tasks}


def _placed(plan: Plan, tasks: tuple[Task, ...], before: str | None) -> dict[str, Any]:
    known, joining = plan.tasks, tuple(dict.fromkeys(task.id for task in tasks))
    again = [task_id for task_id in joining if task_id in known]
    for task in tasks:
        known = known.insert(task.id, task)
    return {"tasks": known, "order": _put(_without(plan.order, again), joining, before)}


def _without(order: tuple[str, ...], ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(other for other in order if other not in ids) if ids else order


def _put(order: tuple[str, ...], ids: tuple[str, ...], before: str | None) -> tuple[str, ...]:
    place = order.index(before) if before in order else len(order)
    return (*order[:place], *ids, *order[place:])


def _succeeded(plan: Plan, task_id: str, successors: tuple[Task, ...], how: str) -> dict[str, Any]:
    """A task leaves; its successors take its place, in the order and in all dependencies."""
    if task_id not in plan.tasks:
        return {}
    changes = _placed(plan, successors, task_id)
    tasks, heirs = changes["tasks"], tuple(task.id for task in successors)
    for dependant in plan.dependants(task_id):
        on = tasks[dependant].depends_on
        on = tuple(heir for other in on for heir in (heirs if other == task_id else (other,)))
        tasks = tasks.insert(dependant, tasks[dependant].depending(tuple(dict.fromkeys(on))))
    return {
        "tasks": tasks.remove(task_id),
        "order": _without(changes["order"], (task_id,)),
        "retired": plan.retired.insert(task_id, how),
    }
