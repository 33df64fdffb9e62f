"""A plan's state, and how events lead to it.

State is a value: an older version stays usable while a newer one exists.
`evolve` may never refuse: what happened, happened. Refusing is for `decisions`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar, assert_never

from rpds import HashTrieMap

from plangate.domain.confidence import reaches, rolling_confidence, task_confidence
from plangate.domain.errors import PlanGone, PlanNotFound, TaskNotFound
from plangate.domain.events import (
    PlanCreated,
    PlanDeleted,
    PlanEvent,
    PlannedTask,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskScored,
    TaskStatusChanged,
)
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, ScoreKind, TaskStatus


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score that still stands, and the version of the plan at which it was given."""

    score: float
    version: int


Judgements = tuple[Judgement, ...]

_A_VERSION: Final = re.compile(r"[0-9]{1,18}")

_OfATask = TypeVar(
    "_OfATask", bound=TaskScored | ScoreRetracted | TaskStatusChanged | ReplanTriggered
)

_Value = TypeVar("_Value", "Task", "Plan")


@dataclass(frozen=True)
class Task:
    """One task of a plan. Its standing judgements come newest first."""

    id: str
    title: str | None
    description: str | None
    metadata: dict[str, Any]
    status: TaskStatus = TaskStatus.PENDING
    prompt_judgements: Judgements = ()
    output_judgements: Judgements = ()
    replan_count: int = 0

    @property
    def prompt_score(self) -> float | None:
        """The prompt score that counts: the newest that stands."""
        return self.prompt_judgements[0].score if self.prompt_judgements else None

    @property
    def output_score(self) -> float | None:
        """The output score that counts: the newest that stands."""
        return self.output_judgements[0].score if self.output_judgements else None

    def confidence(self, policy: Policy) -> float | None:
        """The task confidence, or None while the task is not scored."""
        return task_confidence(self.prompt_score, self.output_score, policy)

    def judgements(self, kind: ScoreKind) -> Judgements:
        """The standing judgements of one kind, newest first."""
        if kind is ScoreKind.PROMPT:
            return self.prompt_judgements
        return self.output_judgements

    def judged(self, kind: ScoreKind, judgements: Judgements) -> "Task":
        """The same task with other standing judgements of one kind."""
        if kind is ScoreKind.PROMPT:
            return _with(self, prompt_judgements=judgements)
        return _with(self, output_judgements=judgements)


@dataclass(frozen=True)
class Plan:
    """A plan at one version of its history.

    `Plan(plan_id)` is the plan before anything happened to it. `order` holds the
    task ids in plan order. `version` counts the events folded so far.
    """

    plan_id: str
    version: int = 0
    goal: str | None = None
    policy: Policy = Policy()
    metadata: dict[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    tasks: "HashTrieMap[str, Task]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    replan_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted: bool = False

    def __iter__(self) -> Iterator[Task]:
        """The tasks in plan order."""
        return (self.tasks[task_id] for task_id in self.order)

    def task(self, task_id: str) -> Task:
        """The task with this id; raises `TaskNotFound`."""
        task = self.tasks.get(task_id)
        if task is None:
            raise TaskNotFound(self.plan_id, task_id)
        return task

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

    @cached_property
    def rolling_confidence(self) -> float:
        """The rolling confidence over the scored tasks in plan order; 1.0 without any."""
        confidences = (task.confidence(self.policy) for task in self)
        return rolling_confidence((c for c in confidences if c is not None), self.policy.decay)

    @property
    def needs_replan(self) -> bool:
        """Whether the rolling confidence has fallen below the threshold."""
        return not reaches(self.rolling_confidence, self.policy.confidence_threshold)

    def passes(self, task: Task) -> bool:
        """Whether a task's own confidence reaches the threshold; an unscored one does not."""
        confidence = task.confidence(self.policy)
        return confidence is not None and reaches(confidence, self.policy.confidence_threshold)

    def standing(self, name: str) -> tuple[Task, ScoreKind] | None:
        """The task and kind of the standing judgement with this event id, if there is one."""
        for task in self:
            for kind in ScoreKind:
                for judgement in task.judgements(kind):
                    if event_id(self.plan_id, judgement.version) == name:
                        return task, kind
        return None

    @property
    def state(self) -> PlanState:
        """`active` while work is pending or under way, else `complete`, or `blocked`."""
        statuses = {task.status for task in self}
        if statuses & {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}:
            return PlanState.ACTIVE
        if statuses & {TaskStatus.FAILED, TaskStatus.REPLANNING}:
            return PlanState.BLOCKED
        return PlanState.COMPLETE


def evolve(plan: Plan, event: PlanEvent) -> Plan:
    """The plan after one more event. Total and silent."""
    match event:
        case PlanCreated():
            return _after(
                plan,
                event,
                goal=event.goal,
                policy=event.policy,
                metadata=event.metadata or {},
                order=tuple(task.id for task in event.tasks),
                tasks=HashTrieMap({task.id: _planned(task) for task in event.tasks}),
                created_at=event.at,
            )
        case TaskScored():
            return _after(plan, event, tasks=_changed(plan, event, _scored))
        case ScoreRetracted():
            return _after(plan, event, tasks=_changed(plan, event, _retracted))
        case TaskStatusChanged():
            return _after(plan, event, tasks=_changed(plan, event, _moved))
        case ReplanTriggered():
            return _after(
                plan,
                event,
                replan_count=plan.replan_count + 1,
                tasks=_changed(plan, event, _replanned),
            )
        case ScoringFailed():
            return _after(plan, event)
        case PlanDeleted():
            return _after(plan, event, deleted=True)
        case _:
            assert_never(event)


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


def _after(plan: Plan, event: PlanEvent, **changes: Any) -> Plan:
    after = _with(plan, version=plan.version + 1, updated_at=event.at, **changes)
    after.__dict__.pop("rolling_confidence", None)  # worked out for the version before
    return after


def _with(value: _Value, **changes: Any) -> _Value:
    """What `dataclasses.replace` does, three times as fast: replay is made of this."""
    copy = object.__new__(type(value))
    copy.__dict__.update(value.__dict__, **changes)
    return copy


def _changed(
    plan: Plan, event: _OfATask, change: Callable[[Plan, Task, _OfATask], Task]
) -> "HashTrieMap[str, Task]":
    task = plan.tasks.get(event.task_id)
    if task is None:
        return plan.tasks
    return plan.tasks.insert(task.id, change(plan, task, event))


def _planned(task: PlannedTask) -> Task:
    return Task(task.id, task.title, task.description, task.metadata or {})


def _scored(plan: Plan, task: Task, event: TaskScored) -> Task:
    given = Judgement(event.score, plan.version + 1)
    return task.judged(event.kind, (given, *task.judgements(event.kind)))


def _retracted(_plan: Plan, task: Task, event: ScoreRetracted) -> Task:
    withdrawn = version_of(event.event_id)
    standing = (given for given in task.judgements(event.kind) if given.version != withdrawn)
    return task.judged(event.kind, tuple(standing))


def _moved(_plan: Plan, task: Task, event: TaskStatusChanged) -> Task:
    return _with(task, status=event.new)


def _replanned(_plan: Plan, task: Task, _event: ReplanTriggered) -> Task:
    return _with(task, replan_count=task.replan_count + 1)
