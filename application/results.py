"""What callers get back: typed, at full precision, the most needed fields first.

Erased text reads `None`.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from plangate.application.advice import advice
from plangate.application.errors import CorruptEvent
from plangate.domain.events import PlanEvent, TaskDropped, TaskScored
from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ObstacleKind, PlanState, TaskStatus


class Result(BaseModel):
    """An answer to a caller, or a part of one: a frozen value."""

    model_config = ConfigDict(frozen=True)


class ClaimView(Result):
    """Who works on a task. The `token` goes with that worker's reports and fences off others."""

    token: int
    worker: str | None
    since: datetime
    until: datetime | None

    @classmethod
    def of(cls, task: Task) -> Self | None:
        """The claim in force, if the task is in progress and was claimed."""
        claim = task.claim
        if claim is None or task.status is not TaskStatus.IN_PROGRESS:
            return None
        return cls(token=claim.token, worker=claim.worker, since=claim.since, until=claim.until)


class ObstacleView(Result):
    """One reason why work cannot continue, and the tasks it concerns."""

    kind: ObstacleKind
    task_ids: tuple[str, ...]


class TaskView(Result):
    """A task now. Scores and confidence are in [0, 1]; unscored is None and 0.0.

    `claim` is set while a worker holds it. `split_from` and `replaces` name the
    task it came from.
    """

    id: str
    plan_id: str
    title: str | None
    description: str | None
    status: TaskStatus
    prompt_score: float | None
    output_score: float | None
    confidence: float
    replan_count: int
    attempt: int
    depends_on: tuple[str, ...]
    claim: ClaimView | None
    priority: int | None
    labels: tuple[str, ...]
    split_from: str | None
    replaces: str | None
    metadata: dict[str, Any]

    @classmethod
    def of(cls, task: Task, plan: Plan) -> Self:
        """The view of a plan's task."""
        return cls(
            id=task.id,
            plan_id=plan.plan_id,
            title=task.title,
            description=task.description,
            status=task.status,
            prompt_score=task.prompt_score,
            output_score=task.output_score,
            confidence=task.confidence(plan.policy) or 0.0,
            replan_count=task.replan_count,
            attempt=task.attempt,
            depends_on=task.depends_on,
            claim=ClaimView.of(task),
            priority=task.priority,
            labels=task.labels,
            split_from=task.split_from,
            replaces=task.replaces,
            metadata=deepcopy(task.metadata),
        )


class GateView(Result):
    """What a plan's gate remembers.

    `tripped`: it fired, and neither has the confidence recovered nor was it answered.
    `lows`: how many output scores in a row left the confidence below the threshold, where
    the policy counts them. `replans` since the last approval; `exhausted`: more than
    the policy allows, so that only an approval lets work continue.
    """

    tripped: bool
    lows: int
    replans: int
    exhausted: bool

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The view of a plan's gate."""
        gate = plan.gate
        return cls(
            tripped=gate.tripped, lows=gate.lows, replans=gate.replans, exhausted=plan.is_exhausted
        )


class PlanStatus(Result):
    """A plan at one version.

    `needs_replan`: the rolling confidence is below its threshold; `replan_due`: the gate
    fired and awaits an answer. `obstacles` are why work cannot continue, `advice` what to
    do next. `warnings` concern the command just executed.
    """

    plan_id: str
    goal: str | None
    state: PlanState
    version: int
    rolling_confidence: float
    confidence_threshold: float
    needs_replan: bool
    replan_count: int
    replan_due: bool
    gate: GateView
    obstacles: tuple[ObstacleView, ...]
    advice: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None
    priority: int
    labels: tuple[str, ...]
    task_count: int
    metadata: dict[str, Any]
    tasks: tuple[TaskView, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan, events: Iterable[PlanEvent] = ()) -> Self:
        """The status of `plan`, after the `events` of the command just executed."""
        return cls(
            plan_id=plan.plan_id,
            goal=plan.goal,
            state=plan.state,
            version=plan.version,
            rolling_confidence=plan.rolling_confidence,
            confidence_threshold=plan.policy.confidence_threshold,
            needs_replan=plan.needs_replan,
            replan_count=plan.replan_count,
            replan_due=plan.replan_due,
            gate=GateView.of(plan),
            obstacles=tuple(
                ObstacleView(kind=obstacle.kind, task_ids=obstacle.task_ids)
                for obstacle in obstacles(plan)
            ),
            advice=tuple(advice(plan)),
            created_at=plan.created_at,
            updated_at=plan.updated_at,
            priority=plan.priority,
            labels=plan.labels,
            task_count=len(plan.order),
            metadata=deepcopy(plan.metadata),
            tasks=tuple(TaskView.of(task, plan) for task in plan),
            warnings=tuple(_warnings(events)),
        )


def _warnings(events: Iterable[PlanEvent]) -> Iterator[str]:
    for event in events:
        if isinstance(event, TaskScored) and event.raw_score is not None:
            yield (
                f"{event.kind} score {event.raw_score!r} is outside [0, 1] and counts as "
                f"{event.score!r}"
            )
        elif isinstance(event, TaskDropped) and event.dependants:
            dependants = ", ".join(map(repr, event.dependants))
            yield f"{event.task_id!r} was dropped; no longer waiting for it: {dependants}"


class UnreadablePlan(Result):
    """A plan with an event that cannot be read."""

    plan_id: str
    version: int
    why: str

    @classmethod
    def of(cls, error: CorruptEvent) -> Self:
        """The plan of an event that cannot be read."""
        return cls(plan_id=error.plan_id, version=error.version, why=error.why)


class PlanList(Result):
    """Plans in the order of their creation, and those that cannot be read."""

    plans: tuple[PlanStatus, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()
