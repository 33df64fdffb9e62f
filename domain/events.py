"""What can happen to a plan.

Class names and field names in this module are the storage format: renaming one
is a data migration, not a refactoring. Fields marked `Written` hold what people
wrote; they can be erased later, so every one of them may be absent.
"""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    Score,
    ScoreKind,
    Scorer,
    StatusCause,
    TaskStatus,
    Written,
)

WrittenText = Annotated[str | None, Written()]
WrittenJson = Annotated[dict[str, Any] | None, Written()]


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(_Recorded):
    """Something that happened, and when: in UTC, by the clock of whoever recorded it."""

    at: AwareDatetime


class PlannedTask(_Recorded):
    """A task as it was planned."""

    id: str
    title: WrittenText = None
    description: WrittenText = None
    metadata: WrittenJson = None


class PlanCreated(Fact):
    """Somebody planned: a goal, ordered tasks, and the policy that will gate them."""

    goal: WrittenText = None
    tasks: tuple[PlannedTask, ...]
    policy: Policy
    metadata: WrittenJson = None


class TaskScored(Fact):
    """Somebody judged a task. The newest standing score of a kind is the one that counts.

    `raw_score` is the number as the judge gave it, where clamping changed it.
    `mark_done` (output scores only) is kept because a replay under other rules
    needs the whole input.
    """

    task_id: str
    kind: ScoreKind
    score: Score
    raw_score: float | None = None
    mark_done: bool | None = None
    scorer: Scorer | None = None
    rationale: WrittenText = None
    evidence: WrittenJson = None


class ScoringFailed(Fact):
    """A judge crashed or abstained. That is neither a good score nor a bad one."""

    task_id: str
    kind: ScoreKind
    reason: WrittenText = None
    scorer: Scorer | None = None


class ScoreRetracted(Fact):
    """A mistaken judgement was withdrawn: the one of its kind before it counts again."""

    task_id: str
    kind: ScoreKind
    event_id: str
    reason: WrittenText = None


class TaskStatusChanged(Fact):
    """A task moved from one status to another."""

    task_id: str
    old: TaskStatus
    new: TaskStatus
    cause: StatusCause
    reason: WrittenText = None


class ReplanTriggered(Fact):
    """The gate fired: the rolling confidence fell below the threshold."""

    task_id: str
    rolling_confidence: float
    threshold: float


class PlanDeleted(Fact):
    """The plan is gone from the views; its history stays."""

    reason: WrittenText = None


PlanEvent = (
    PlanCreated
    | TaskScored
    | ScoringFailed
    | ScoreRetracted
    | TaskStatusChanged
    | ReplanTriggered
    | PlanDeleted
)
