"""The commands of a plan.

A command checks its shape and its bounds when it is made; `decisions` checks it against
the plan. Its fields are the caller's arguments and nothing else, so that a repeated request
can be recognised by them. `op` names it in JSON.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    MAX_CHANGES,
    MAX_TASKS,
    Accept,
    Flag,
    GivenMoment,
    GivenScore,
    GivenScorer,
    Goal,
    Identifier,
    Labels,
    LeaseSeconds,
    Outcome,
    Priority,
    Prose,
    Reason,
    Scale,
    ScaledScorer,
    ScoreKind,
    TaskIds,
    TaskStatus,
    Title,
    Token,
    Version,
)


def require_op(schema: dict[str, Any]) -> None:
    """Say in a JSON Schema that an `op` is required: its default is not taken from JSON."""
    if "op" in schema.get("properties", ()):
        schema["required"] = ["op", *schema.get("required", ())]


class Command(BaseModel):
    """A request to change a plan."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, json_schema_extra=require_op
    )


class _Judging(Command):
    task_id: Identifier
    token: Token | None = None
    scorer: GivenScorer | None = None
    scale: Scale | None = None
    rationale: Prose | None = None
    evidence: JsonObject | None = None
    occurred_at: GivenMoment | None = None

    @model_validator(mode="after")
    def _states_one_scale(self) -> Self:
        stated = self.scorer.scale if self.scorer else None
        if self.scale and stated and self.scale != stated:
            raise ValueError("the scale is stated twice: with the score, and by its scorer")
        return self

    @property
    def stated_scale(self) -> tuple[float, float] | None:
        """The scale of the scores, where one is stated."""
        return self.scale or (self.scorer.scale if isinstance(self.scorer, ScaledScorer) else None)


class TaskText(Command):
    """What callers give for a new task; its id may come later."""

    title: Title
    description: Prose = ""
    depends_on: TaskIds = ()
    priority: Priority | None = None
    labels: Labels = ()
    metadata: JsonObject = Field(default={})


class NewTask(TaskText):
    """A task to be planned, under the id it will have."""

    id: Identifier


class CreatePlan(Command):
    """Register a plan whose tasks all have their ids."""

    goal: Goal
    tasks: Annotated[tuple[NewTask, ...], Field(min_length=1, max_length=MAX_TASKS)]
    policy: Policy
    priority: Priority = 0
    labels: Labels = ()
    metadata: JsonObject = Field(default={})


class ScorePrompt(_Judging):
    """Record how clear a task's instruction was."""

    op: Literal["score_prompt"] = "score_prompt"
    score: GivenScore


class ScoreOutput(_Judging):
    """Record how good a task's result was; `mark_done` also makes the task done or failed."""

    op: Literal["score_output"] = "score_output"
    score: GivenScore
    mark_done: Flag = True


class UpdateScores(_Judging):
    """Record a prompt score, an output score or both in one command."""

    op: Literal["update"] = "update"
    prompt_score: GivenScore | None = None
    output_score: GivenScore | None = None
    mark_done: Flag = True

    @model_validator(mode="after")
    def _holds_a_score(self) -> Self:
        if self.prompt_score is None and self.output_score is None:
            raise ValueError("give prompt_score, output_score or both")
        return self


class RecordScoringFailure(Command):
    """Record that a judge crashed or abstained."""

    op: Literal["record_scoring_failure"] = "record_scoring_failure"
    task_id: Identifier
    kind: ScoreKind
    reason: Reason
    scorer: GivenScorer | None = None
    occurred_at: GivenMoment | None = None


class RetractScore(Command):
    """Withdraw a mistaken score, named by its event id."""

    op: Literal["retract_score"] = "retract_score"
    event_id: Prose
    reason: Reason


class RecordOutcome(Command):
    """Record what became of a task's result: `source` says whether it was accepted."""

    op: Literal["record_outcome"] = "record_outcome"
    task_id: Identifier
    outcome: Outcome
    source: Identifier
    note: Prose | None = None
    occurred_at: GivenMoment | None = None


class MarkTask(Command):
    """Set a task's status by hand: any status to any other."""

    op: Literal["mark_task"] = "mark_task"
    task_id: Identifier
    status: TaskStatus
    reason: Reason | None = None
    token: Token | None = None


class ClaimNextTask(Command):
    """Claim the first ready task in plan order, or the task named if it is ready.

    `worker` claims it for `lease` seconds; without a lease the claim does not expire.
    """

    worker: Identifier | None = None
    lease: LeaseSeconds | None = None
    task_id: Identifier | None = None
    if_version: Version | None = None


class ClaimTask(Command):
    """Take this very task, if it is ready; otherwise the command is refused."""

    op: Literal["claim_task"] = "claim_task"
    task_id: Identifier
    worker: Identifier | None = None
    lease: LeaseSeconds | None = None


class DeferTask(Command):
    """Let a pending task wait: for a decision from outside, for a review, until a time."""

    op: Literal["defer_task"] = "defer_task"
    task_id: Identifier
    reason: Reason
    until: GivenMoment | None = None


class UndeferTask(Command):
    """Let a deferred task be taken again."""

    op: Literal["undefer_task"] = "undefer_task"
    task_id: Identifier
    reason: Reason | None = None


class RenewLease(Command):
    """Extend a claim to `lease` seconds from now; by default as many as before."""

    op: Literal["heartbeat"] = "heartbeat"
    task_id: Identifier
    token: Token
    lease: LeaseSeconds | None = None


class ReleaseTask(Command):
    """Return a claimed task to pending."""

    op: Literal["release"] = "release"
    task_id: Identifier
    token: Token | None = None
    reason: Reason | None = None


class RetryTask(Command):
    """Give a failed or replanning task another attempt."""

    op: Literal["retry"] = "retry"
    task_id: Identifier
    reason: Reason


class ApproveGate(Command):
    """Let work go on although a replan is due, and accept results as they are.

    `accept`: "passing" for each replanning task whose own confidence reaches the threshold,
    or the ids of failed or replanning tasks, whatever their scores.
    """

    op: Literal["approve"] = "approve"
    reason: Reason
    accept: Accept | None = None


class PausePlan(Command):
    """Hand out no work until the plan is resumed."""

    op: Literal["pause"] = "pause"
    reason: Reason


class ResumePlan(Command):
    """Let a paused plan go on."""

    op: Literal["resume"] = "resume"
    reason: Reason


class ArchivePlan(Command):
    """Archive the plan."""

    op: Literal["archive"] = "archive"
    reason: Reason


class RestorePlan(Command):
    """Restore an archived plan."""

    op: Literal["restore"] = "restore"
    reason: Reason


class DeletePlan(Command):
    """Delete the plan from the views; its history stays."""

    op: Literal["delete"] = "delete"
    reason: Reason | None = None


class ErasePlan(Command):
    """Erase the text that people wrote, everywhere in the plan's history."""

    op: Literal["erase"] = "erase"


# --- revisions ---


class _Positioned(Command):
    """Where a task goes: before another, after another, or at the end."""

    before: Identifier | None = None
    after: Identifier | None = None

    @model_validator(mode="after")
    def _names_one_neighbour(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("give before or after, not both")
        return self


class AddTask(_Positioned):
    """Add a task."""

    op: Literal["add"] = "add"
    task: NewTask


class ChangeTask(Command):
    """Change a task; omitted fields stay. A failed or replanning task starts another attempt."""

    op: Literal["change"] = "change"
    task_id: Identifier
    title: Title | None = None
    description: Prose | None = None
    depends_on: TaskIds | None = None
    priority: Priority | None = None
    labels: Labels | None = None
    metadata: JsonObject | None = None


class MoveTask(_Positioned):
    """Move a task within the plan order."""

    op: Literal["move"] = "move"
    task_id: Identifier


class DropTask(Command):
    """Remove a task from the plan."""

    op: Literal["drop"] = "drop"
    task_id: Identifier


class SplitTask(Command):
    """Replace a task with several."""

    op: Literal["split"] = "split"
    task_id: Identifier
    into: Annotated[tuple[NewTask, ...], Field(min_length=2, max_length=MAX_CHANGES)]


class ReplaceTask(Command):
    """Replace a task with another."""

    op: Literal["replace"] = "replace"
    task_id: Identifier
    by: NewTask


Change = AddTask | ChangeTask | MoveTask | DropTask | SplitTask | ReplaceTask


class RevisePlan(Command):
    """Apply all changes to the plan or none, for a reason."""

    reason: Reason
    changes: Annotated[
        tuple[Annotated[Change, Field(discriminator="op")], ...],
        Field(min_length=1, max_length=MAX_CHANGES),
    ]


PlanCommand = (
    CreatePlan
    | ScorePrompt
    | ScoreOutput
    | UpdateScores
    | RecordScoringFailure
    | RetractScore
    | RecordOutcome
    | MarkTask
    | ClaimNextTask
    | ClaimTask
    | DeferTask
    | UndeferTask
    | RenewLease
    | ReleaseTask
    | RetryTask
    | ApproveGate
    | RevisePlan
    | PausePlan
    | ResumePlan
    | ArchivePlan
    | RestorePlan
    | DeletePlan
    | ErasePlan
)
