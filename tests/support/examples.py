"""One ordinary example of everything: tests name only what they are about.

Events are called as they are told (`scored`), wishes as they are made
(`score_output`). Events of a history happen in the morning; stories decide at noon.
"""

from datetime import UTC, datetime
from typing import Any

from plangate.domain.commands import (
    ClaimNextTask,
    CreatePlan,
    DeletePlan,
    MarkTask,
    NewTask,
    PlanCommand,
    RecordScoringFailure,
    RetractScore,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
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
from plangate.domain.vocabulary import (
    OutOfRange,
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
)

MORNING = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

PLAN = "billing"
A, B, C = "schema", "backfill", "switch"
STRANGER = "nobody-planned-this"
GOAL = "Move billing to the new ledger"
WHY = "The judge read the wrong file"

PROMPT, OUTPUT = ScoreKind.PROMPT, ScoreKind.OUTPUT
PENDING, IN_PROGRESS = TaskStatus.PENDING, TaskStatus.IN_PROGRESS
DONE, FAILED, REPLANNING = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.REPLANNING
SCORED, MARKED, CLAIMED = StatusCause.SCORED, StatusCause.MARKED, StatusCause.CLAIMED

JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="3")

USUAL = Policy()
EVEN = Policy(prompt_weight=0.5, output_weight=0.5, decay=0.5, confidence_threshold=0.75)
"""Figures that a person can check in the head and that binary fractions hold exactly."""
REFUSING = Policy(out_of_range=OutOfRange.REFUSE)


# --- what happened -------------------------------------------------------------


def created(*tasks: str, policy: Policy = USUAL) -> PlanCreated:
    planned = tuple(PlannedTask(id=task, title=f"Do {task}") for task in tasks or (A,))
    return PlanCreated(at=MORNING, goal=GOAL, tasks=planned, policy=policy)


def scored(task: str = A, kind: ScoreKind = OUTPUT, score: float = 0.9, **facts: Any) -> TaskScored:
    """An output score settles its task unless `mark_done=False` is said."""
    facts = {"mark_done": True if kind is OUTPUT else None} | facts
    return TaskScored(at=MORNING, task_id=task, kind=kind, score=score, **facts)


def scoring_failed(task: str = A, kind: ScoreKind = OUTPUT, **facts: Any) -> ScoringFailed:
    return ScoringFailed(at=MORNING, task_id=task, kind=kind, reason=WHY, **facts)


def retracted(task: str = A, kind: ScoreKind = OUTPUT, event: str = f"{PLAN}@2") -> ScoreRetracted:
    return ScoreRetracted(at=MORNING, task_id=task, kind=kind, event_id=event, reason=WHY)


def moved(
    task: str = A,
    old: TaskStatus = PENDING,
    new: TaskStatus = DONE,
    cause: StatusCause = SCORED,
    reason: str | None = None,
) -> TaskStatusChanged:
    return TaskStatusChanged(at=MORNING, task_id=task, old=old, new=new, cause=cause, reason=reason)


def replan(task: str = A, rolling: float = 0.5, threshold: float = 0.72) -> ReplanTriggered:
    return ReplanTriggered(
        at=MORNING, task_id=task, rolling_confidence=rolling, threshold=threshold
    )


def deleted(reason: str | None = None) -> PlanDeleted:
    return PlanDeleted(at=MORNING, reason=reason)


# --- what somebody wishes ------------------------------------------------------


def create(*tasks: str, policy: Policy = USUAL, **facts: Any) -> CreatePlan:
    wished = tuple(NewTask(id=task, title=f"Do {task}") for task in tasks or (A,))
    return CreatePlan(goal=GOAL, tasks=wished, policy=policy, **facts)


def score_prompt(task: str = A, score: float = 0.9, **facts: Any) -> ScorePrompt:
    return ScorePrompt(task_id=task, score=score, **facts)


def score_output(task: str = A, score: float = 0.9, **facts: Any) -> ScoreOutput:
    return ScoreOutput(task_id=task, score=score, **facts)


def update(
    task: str = A, prompt: float | None = 0.9, output: float | None = 0.9, **facts: Any
) -> UpdateScores:
    return UpdateScores(task_id=task, prompt_score=prompt, output_score=output, **facts)


def record_failure(task: str = A, kind: ScoreKind = OUTPUT, **facts: Any) -> RecordScoringFailure:
    return RecordScoringFailure(task_id=task, kind=kind, reason=WHY, **facts)


def retract(event: str = f"{PLAN}@2") -> RetractScore:
    return RetractScore(event_id=event, reason=WHY)


def mark(task: str = A, status: TaskStatus = DONE, reason: str | None = None) -> MarkTask:
    return MarkTask(task_id=task, status=status, reason=reason)


def claim_next() -> ClaimNextTask:
    return ClaimNextTask()


def delete(reason: str | None = None) -> DeletePlan:
    return DeletePlan(reason=reason)


# --- one of each ---------------------------------------------------------------

EVERY_EVENT: tuple[PlanEvent, ...] = (
    created(),
    scored(),
    scoring_failed(),
    retracted(),
    moved(),
    replan(),
    deleted(),
)

EVERY_WISH: tuple[PlanCommand, ...] = (
    create(),
    score_prompt(),
    score_output(),
    update(),
    record_failure(),
    retract(),
    mark(),
    claim_next(),
    delete(),
)
