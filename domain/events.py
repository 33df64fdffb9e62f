"""The events of a plan.

Class names and field names in this module are the storage format: renaming one
is a data migration, not a refactoring. Fields marked `Erasable` hold text that
people wrote; it can be erased later, so each of them may be absent.
"""

from typing import Annotated, Any, Literal, NamedTuple, assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    DeferralEnd,
    Erasable,
    Outcome,
    Score,
    ScoreKind,
    Scorer,
    StatusCause,
    TaskStatus,
)

ErasableText = Annotated[str | None, Erasable()]
ErasableJson = Annotated[dict[str, Any] | None, Erasable()]


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(_Recorded):
    """Something that happened, and when: in UTC, by the clock of the recording process.

    `type` is its stored name. It names the event in JSON, but not in the stored bytes.
    """

    type: str
    at: AwareDatetime


class _Reasoned(Fact):
    reason: ErasableText = None


class PlannedTask(_Recorded):
    """A task as it was planned."""

    id: str
    title: ErasableText = None
    description: ErasableText = None
    metadata: ErasableJson = None
    depends_on: tuple[str, ...] | None = None
    priority: int | None = None
    labels: tuple[str, ...] | None = None


class PlanCreated(Fact):
    """A plan was created: a goal, ordered tasks, and the policy that gates them."""

    type: Literal["plan-created"] = "plan-created"
    goal: ErasableText = None
    tasks: tuple[PlannedTask, ...]
    policy: Policy
    metadata: ErasableJson = None
    priority: int | None = None
    labels: tuple[str, ...] | None = None


class TaskScored(Fact):
    """A task was scored. The newest score of a kind that was not retracted counts.

    `raw_score` is the number as the judge gave it, where clamping changed it.
    `mark_done` (output scores only) is kept because a replay under other rules
    needs the whole input. `raw_score` is there too where the judge stated its `scale`
    (worst, best). `occurred_at` is when the judge judged, where that was given.
    """

    type: Literal["task-scored"] = "task-scored"
    task_id: str
    kind: ScoreKind
    score: Score
    raw_score: float | None = None
    scale: tuple[float, float] | None = None
    mark_done: bool | None = None
    scorer: Scorer | None = None
    rationale: ErasableText = None
    evidence: ErasableJson = None
    occurred_at: AwareDatetime | None = None

    @property
    def clamped(self) -> bool:
        """Whether the score as given was outside its scale, or outside [0, 1] without one."""
        return is_clamped(self.raw_score, self.scale)


def is_clamped(raw_score: float | None, scale: tuple[float, float] | None) -> bool:
    """Whether a score, None where it was recorded as given, was outside its scale."""
    low, high = scale or (0.0, 1.0)
    return raw_score is not None and not low <= raw_score <= high


class ScoringFailed(Fact):
    """A judge crashed or abstained. That is neither a good score nor a bad one."""

    type: Literal["scoring-failed"] = "scoring-failed"
    task_id: str
    kind: ScoreKind
    reason: ErasableText = None
    scorer: Scorer | None = None
    occurred_at: AwareDatetime | None = None


class ScoreRetracted(Fact):
    """A mistaken score was withdrawn: the one of its kind before it counts again."""

    type: Literal["score-retracted"] = "score-retracted"
    task_id: str
    kind: ScoreKind
    event_id: str
    reason: ErasableText = None


class OutcomeRecorded(Fact):
    """A task's result was accepted or rejected. That changes no score, status or gate.

    `source` says who decided. The newest outcome of a task from a source counts; the task
    may have left the plan by then.
    """

    type: Literal["outcome-recorded"] = "outcome-recorded"
    task_id: str
    outcome: Outcome
    source: str
    note: ErasableText = None
    occurred_at: AwareDatetime | None = None


class TaskStatusChanged(Fact):
    """A task moved from one status to another.

    A claim (`cause` claimed) names its worker, and the end of its lease if it has one; the
    version of this event is the claim's fencing token.
    """

    type: Literal["task-status-changed"] = "task-status-changed"
    task_id: str
    old: TaskStatus
    new: TaskStatus
    cause: StatusCause
    reason: ErasableText = None
    worker: str | None = None
    lease_until: AwareDatetime | None = None


class TaskDeferred(Fact):
    """A pending task waits for a decision from outside, or is in review: it is not handed out.

    It waits until a time where one was given, or until it is undeferred, scored or marked.
    """

    type: Literal["task-deferred"] = "task-deferred"
    task_id: str
    reason: ErasableText = None
    until: AwareDatetime | None = None


class TaskUndeferred(Fact):
    """A deferred task can be taken again."""

    type: Literal["task-undeferred"] = "task-undeferred"
    task_id: str
    cause: DeferralEnd
    reason: ErasableText = None


class LeaseRenewed(Fact):
    """A worker extended its claim."""

    type: Literal["lease-renewed"] = "lease-renewed"
    task_id: str
    lease_until: AwareDatetime


class ReplanTriggered(Fact):
    """The gate fired: the rolling confidence was below the threshold. A replan is due."""

    type: Literal["replan-triggered"] = "replan-triggered"
    task_id: str
    rolling_confidence: float
    threshold: float


class GateApproved(_Reasoned):
    """The gate was approved: work goes on although a replan was due, or results are accepted.

    `accept` is which results: those that pass by their own confidence, or tasks by id. The
    events after this one settle them.
    """

    type: Literal["gate-approved"] = "gate-approved"
    accept: Literal["passing"] | tuple[str, ...] | None = None


class PlanRevised(_Reasoned):
    """The plan was revised; the next events of the same command say what changed."""

    type: Literal["plan-revised"] = "plan-revised"


class TaskAdded(Fact):
    """A task was added, before another or at the end."""

    type: Literal["task-added"] = "task-added"
    task: PlannedTask
    before: str | None = None


class TaskChanged(Fact):
    """A task was changed. Absent fields stayed as they were."""

    type: Literal["task-changed"] = "task-changed"
    task_id: str
    title: ErasableText = None
    description: ErasableText = None
    metadata: ErasableJson = None
    depends_on: tuple[str, ...] | None = None
    priority: int | None = None
    labels: tuple[str, ...] | None = None


class TaskMoved(Fact):
    """A task was moved within the plan order: before another or to the end."""

    type: Literal["task-moved"] = "task-moved"
    task_id: str
    before: str | None = None


class TaskDropped(Fact):
    """A task was dropped. Its dependants no longer depend on it."""

    type: Literal["task-dropped"] = "task-dropped"
    task_id: str
    dependants: tuple[str, ...] = ()


class TaskSplit(Fact):
    """A task was replaced with several; its dependants depend on all of them."""

    type: Literal["task-split"] = "task-split"
    task_id: str
    into: tuple[PlannedTask, ...]


class TaskReplaced(Fact):
    """A task was replaced with another; its dependants depend on that one."""

    type: Literal["task-replaced"] = "task-replaced"
    task_id: str
    by: PlannedTask


class AttemptStarted(Fact):
    """A failed or replanning task began another attempt."""

    type: Literal["attempt-started"] = "attempt-started"
    task_id: str
    attempt: int
    reason: ErasableText = None


class PlanPaused(_Reasoned):
    """No work is handed out until the plan is resumed."""

    type: Literal["plan-paused"] = "plan-paused"


class PlanResumed(_Reasoned):
    """A paused plan was resumed."""

    type: Literal["plan-resumed"] = "plan-resumed"


class PlanArchived(_Reasoned):
    """The plan was archived: it does not change until it is restored."""

    type: Literal["plan-archived"] = "plan-archived"


class PlanRestored(_Reasoned):
    """An archived plan was restored."""

    type: Literal["plan-restored"] = "plan-restored"


class PlanDeleted(_Reasoned):
    """The plan is gone from the views; its history stays."""

    type: Literal["plan-deleted"] = "plan-deleted"


class PlanErased(Fact):
    """The text that people wrote about the plan was erased from all earlier events."""

    type: Literal["plan-erased"] = "plan-erased"


PlanEvent = Annotated[
    PlanCreated
    | TaskScored
    | ScoringFailed
    | ScoreRetracted
    | OutcomeRecorded
    | TaskStatusChanged
    | TaskDeferred
    | TaskUndeferred
    | LeaseRenewed
    | ReplanTriggered
    | GateApproved
    | PlanRevised
    | TaskAdded
    | TaskChanged
    | TaskMoved
    | TaskDropped
    | TaskSplit
    | TaskReplaced
    | AttemptStarted
    | PlanPaused
    | PlanResumed
    | PlanArchived
    | PlanRestored
    | PlanDeleted
    | PlanErased,
    Field(discriminator="type"),
]

ScoreChange = TaskScored | ScoreRetracted | AttemptStarted
"""The events that change which scores of a task count."""


class Touches(NamedTuple):
    """What an event is about.

    `task_ids` are the tasks it names as its own, the one it happened to first; with
    `every_task` it is about all tasks of the plan. `text` says whether it changes what a
    plan can be found by: its goal and the titles of its tasks.
    """

    task_ids: tuple[str, ...] = ()
    every_task: bool = False
    text: bool = False


def touches(event: PlanEvent) -> Touches:
    """Which tasks an event is about, and whether it changes text. Frequent events come first."""
    match event:
        case (
            TaskScored()
            | TaskStatusChanged()
            | ScoringFailed()
            | ScoreRetracted()
            | OutcomeRecorded()
            | TaskDeferred()
            | TaskUndeferred()
            | LeaseRenewed()
            | ReplanTriggered()
            | TaskMoved()
            | AttemptStarted()
        ):
            return Touches((event.task_id,))
        case TaskChanged() | TaskDropped():
            return Touches((event.task_id,), text=True)
        case TaskAdded():
            return Touches((event.task.id,), text=True)
        case TaskSplit():
            return Touches((event.task_id, *(part.id for part in event.into)), text=True)
        case TaskReplaced():
            return Touches((event.task_id, event.by.id), text=True)
        case PlanCreated():
            return Touches(tuple(task.id for task in event.tasks), every_task=True, text=True)
        case PlanErased():
            return Touches(every_task=True, text=True)
        case (
            GateApproved()
            | PlanRevised()
            | PlanPaused()
            | PlanResumed()
            | PlanArchived()
            | PlanRestored()
            | PlanDeleted()
        ):
            return Touches()
        case _:
            assert_never(event)
