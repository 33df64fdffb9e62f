"""What somebody wishes for a plan.

A wish is checked for shape and bounds when it is made; whether the plan grants
it is for `decisions`. Its fields are the caller's arguments and nothing else, so
that a repeated request can be recognised by them.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    MAX_TASKS,
    Flag,
    GivenScore,
    GivenScorer,
    Goal,
    Identifier,
    JsonObject,
    Prose,
    Reason,
    ScoreKind,
    TaskStatus,
    Title,
)


class Wish(BaseModel):
    """What somebody asks to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Judging(Wish):
    task_id: Identifier
    scorer: GivenScorer | None = None
    rationale: Prose | None = None
    evidence: JsonObject | None = None


class TaskText(Wish):
    """What a person writes about a task."""

    title: Title
    description: Prose = ""
    metadata: JsonObject = Field(default={})


class NewTask(TaskText):
    """A task to be planned, under the id it will have."""

    id: Identifier


class CreatePlan(Wish):
    """Register a plan whose tasks all have their ids."""

    goal: Goal
    tasks: Annotated[tuple[NewTask, ...], Field(min_length=1, max_length=MAX_TASKS)]
    policy: Policy
    metadata: JsonObject = Field(default={})


class ScorePrompt(_Judging):
    """Record how clear a task's instruction was."""

    score: GivenScore


class ScoreOutput(_Judging):
    """Record how good a task's result was, and settle the task when `mark_done`."""

    score: GivenScore
    mark_done: Flag = True


class UpdateScores(_Judging):
    """Record a prompt score and an output score at once, or either."""

    prompt_score: GivenScore | None = None
    output_score: GivenScore | None = None
    mark_done: Flag = True

    @model_validator(mode="after")
    def _holds_a_score(self) -> Self:
        if self.prompt_score is None and self.output_score is None:
            raise ValueError("give prompt_score, output_score or both")
        return self


class RecordScoringFailure(Wish):
    """Record that a judge crashed or abstained."""

    task_id: Identifier
    kind: ScoreKind
    reason: Reason
    scorer: GivenScorer | None = None


class RetractScore(Wish):
    """Withdraw a mistaken judgement, named by its event id."""

    event_id: Prose
    reason: Reason


class MarkTask(Wish):
    """Set a task's status by hand: any status to any other."""

    task_id: Identifier
    status: TaskStatus
    reason: Reason | None = None


class ClaimNextTask(Wish):
    """Take the first pending task in plan order."""


class DeletePlan(Wish):
    """Take the plan out of the views."""

    reason: Reason | None = None


PlanCommand = (
    CreatePlan
    | ScorePrompt
    | ScoreOutput
    | UpdateScores
    | RecordScoringFailure
    | RetractScore
    | MarkTask
    | ClaimNextTask
    | DeletePlan
)
