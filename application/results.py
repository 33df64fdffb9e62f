"""What callers get back: typed, at full precision, the most needed fields first.

What people wrote reads `None` once it was erased.
"""

from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from plangate.domain.events import PlanEvent, TaskScored
from plangate.domain.plan import Plan, Task
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, TaskStatus


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class TaskView(_Result):
    """A task as it stands. Scores and confidence are in [0, 1]; unscored is None and 0.0."""

    id: str
    title: str | None
    description: str | None
    status: TaskStatus
    prompt_score: float | None
    output_score: float | None
    confidence: float
    replan_count: int
    metadata: dict[str, Any]

    @classmethod
    def of(cls, task: Task, policy: Policy) -> Self:
        """How `task` stands under `policy`."""
        return cls(
            id=task.id,
            title=task.title,
            description=task.description,
            status=task.status,
            prompt_score=task.prompt_score,
            output_score=task.output_score,
            confidence=task.confidence(policy) or 0.0,
            replan_count=task.replan_count,
            metadata=deepcopy(task.metadata),
        )


class PlanStatus(_Result):
    """A plan as it stands at one version. `warnings` speak of the command just answered."""

    plan_id: str
    goal: str | None
    state: PlanState
    version: int
    rolling_confidence: float
    confidence_threshold: float
    needs_replan: bool
    replan_count: int
    created_at: datetime | None
    updated_at: datetime | None
    task_count: int
    metadata: dict[str, Any]
    tasks: tuple[TaskView, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan, events: Iterable[PlanEvent] = ()) -> Self:
        """How `plan` stands, after the `events` of the command just answered."""
        return cls(
            plan_id=plan.plan_id,
            goal=plan.goal,
            state=plan.state,
            version=plan.version,
            rolling_confidence=plan.rolling_confidence,
            confidence_threshold=plan.policy.confidence_threshold,
            needs_replan=plan.needs_replan,
            replan_count=plan.replan_count,
            created_at=plan.created_at,
            updated_at=plan.updated_at,
            task_count=len(plan.order),
            metadata=deepcopy(plan.metadata),
            tasks=tuple(TaskView.of(task, plan.policy) for task in plan),
            warnings=tuple(
                f"{event.kind} score {event.raw_score!r} is outside [0, 1] and counts as "
                f"{event.score!r}"
                for event in events
                if isinstance(event, TaskScored) and event.raw_score is not None
            ),
        )


class UnreadablePlan(_Result):
    """A plan that cannot be shown, because one of its events cannot be read."""

    plan_id: str
    version: int
    why: str


class PlanList(_Result):
    """Plans in the order of their creation, and those that could not be read."""

    plans: tuple[PlanStatus, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()
