"""What can happen to a plan.

Class names and field names in this module are the storage format: renaming one
is a data migration, not a refactoring. Fields marked `Erasable` hold what people
wrote; they can be erased later, so every one of them may be absent.
"""

from typing import Annotated, Any, Literal, NamedTuple, assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

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
    """Something that happened, and when: in UTC, by the clock of whoever recorded it."""

    at: AwareDatetime


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
    """Somebody planned: a goal, ordered tasks, and the policy that will gate them."""

    goal: ErasableText = None
    tasks: tuple[PlannedTask, ...]
    policy: Policy
    metadata: ErasableJson = None
    priority: int | None = None
    labels: tuple[str, ...] | None = None


class TaskScored(Fact):
    """Somebody judged a task. The newest standing score of a kind is the one that counts.

    `raw_score` is the number as the judge gave it, where clamping changed it.
    `mark_done` (output scores only) is kept because a replay under other rules
    needs the whole input. `raw_score` is there too where the judge stated its `scale`
    (worst, best). `occurred_at` is when the judge judged, where that was given.
    """

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
        low, high = self.scale or (0.0, 1.0)
        return self.raw_score is not None and not low <= self.raw_score <= high


class ScoringFailed(Fact):
    """A judge crashed or abstained. That is neither a good score nor a bad one."""

    task_id: str
    kind: ScoreKind
    reason: ErasableText = None
    scorer: Scorer | None = None
    occurred_at: AwareDatetime | None = None


class ScoreRetracted(Fact):
    """A mistaken judgement was withdrawn: the one of its kind before it counts again."""

    task_id: str
    kind: ScoreKind
    event_id: str
    reason: ErasableText = None


class OutcomeRecorded(Fact):
    """The world's verdict on a task's result came in. It moves no figure, status or gate.

    `source` is who says so. The newest outcome of a task from a source is the one that
    counts; the task may have left the plan by then.
    """

    task_id: str
    outcome: Outcome
    source: str
    note: ErasableText = None
    occurred_at: AwareDatetime | None = None


class TaskStatusChanged(Fact):
    """A task moved from one status to another.

    A claim (`cause` claimed) names its worker, and how long it holds if it has a lease;
    the version of this event is the claim's fencing token.
    """

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

    task_id: str
    reason: ErasableText = None
    until: AwareDatetime | None = None


class TaskUndeferred(Fact):
    """A deferred task can be taken again."""

    task_id: str
    cause: DeferralEnd
    reason: ErasableText = None


class LeaseRenewed(Fact):
    """A worker is still at it: its claim holds for longer."""

    task_id: str
    lease_until: AwareDatetime


class ReplanTriggered(Fact):
    """The gate fired: the rolling confidence fell below the threshold. A replan is due."""

    task_id: str
    rolling_confidence: float
    threshold: float


class GateApproved(Fact):
    """Work goes on although a replan was due, or results are accepted as they are.

    `accept` is which results: those that pass by their own confidence, or tasks by id. The
    events after this one settle them.
    """

    reason: ErasableText = None
    accept: Literal["passing"] | tuple[str, ...] | None = None


class PlanRevised(Fact):
    """Somebody replanned; the events after it in the same command tell what changed."""

    reason: ErasableText = None


class TaskAdded(Fact):
    """A task joined the plan, in front of another or at its end."""

    task: PlannedTask
    before: str | None = None


class TaskChanged(Fact):
    """A task was described anew. What is absent stayed as it was."""

    task_id: str
    title: ErasableText = None
    description: ErasableText = None
    metadata: ErasableJson = None
    depends_on: tuple[str, ...] | None = None
    priority: int | None = None
    labels: tuple[str, ...] | None = None


class TaskMoved(Fact):
    """A task took another place in the plan: in front of another or at its end."""

    task_id: str
    before: str | None = None


class TaskDropped(Fact):
    """A task left the plan. Those that depended on it do so no longer."""

    task_id: str
    dependants: tuple[str, ...] = ()


class TaskSplit(Fact):
    """Several tasks took one's place; what depended on it depends on all of them."""

    task_id: str
    into: tuple[PlannedTask, ...]


class TaskReplaced(Fact):
    """Another task took one's place; what depended on it depends on the other."""

    task_id: str
    by: PlannedTask


class AttemptStarted(Fact):
    """A failed or replanning task gets another chance: its n-th attempt."""

    task_id: str
    attempt: int
    reason: ErasableText = None


class PlanPaused(Fact):
    """No work is handed out until the plan is resumed."""

    reason: ErasableText = None


class PlanResumed(Fact):
    """A paused plan goes on."""

    reason: ErasableText = None


class PlanArchived(Fact):
    """The plan is put away: nothing about it changes until it is restored."""

    reason: ErasableText = None


class PlanRestored(Fact):
    """An archived plan is back as it was."""

    reason: ErasableText = None


class PlanDeleted(Fact):
    """The plan is gone from the views; its history stays."""

    reason: ErasableText = None


class PlanErased(Fact):
    """What people wrote about the plan up to here was erased, in its earlier events too."""


PlanEvent = (
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
    | PlanErased
)

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
