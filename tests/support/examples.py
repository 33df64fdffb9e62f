"""One ordinary example of everything: tests name only what they are about.

Events have the past tense (`scored`), commands the imperative (`score_output`). The
events of a history happen in the morning; commands are decided at noon.
"""

from datetime import UTC, datetime
from typing import Any

from plangate.domain.commands import (
    AddTask,
    ApproveGate,
    ArchivePlan,
    Change,
    ClaimNextTask,
    ClaimTask,
    CreatePlan,
    DeferTask,
    DeletePlan,
    ErasePlan,
    MarkTask,
    NewTask,
    PausePlan,
    PlanCommand,
    RecordOutcome,
    RecordScoringFailure,
    ReleaseTask,
    RenewLease,
    RestorePlan,
    ResumePlan,
    RetractScore,
    RetryTask,
    RevisePlan,
    ScoreOutput,
    ScorePrompt,
    UndeferTask,
    UpdateScores,
)
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
    PlannedTask,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDeferred,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
    TaskUndeferred,
)
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    DeferralEnd,
    Gate,
    Outcome,
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
D, E = "audit", "clean-up"
STRANGER = "nobody-planned-this"
GOAL = "Move billing to the new ledger"
WHY = "The judge read the wrong file"
ADA, BOB = "worker-ada", "worker-bob"

PROMPT, OUTPUT = ScoreKind.PROMPT, ScoreKind.OUTPUT
PENDING, IN_PROGRESS = TaskStatus.PENDING, TaskStatus.IN_PROGRESS
DONE, FAILED, REPLANNING = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.REPLANNING
SCORED, MARKED, CLAIMED = StatusCause.SCORED, StatusCause.MARKED, StatusCause.CLAIMED
EXPIRED, RELEASED = StatusCause.EXPIRED, StatusCause.RELEASED
REVISED, RETRIED = StatusCause.REVISED, StatusCause.RETRIED

JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="3")

USUAL = Policy()
EVEN = Policy(prompt_weight=0.5, output_weight=0.5, decay=0.5, confidence_threshold=0.75)
"""Numbers that a person can check in the head and that binary fractions hold exactly."""
REFUSING = Policy(out_of_range=OutOfRange.REFUSE)
HOLDING = Policy(gate=Gate.HOLD)


# --- what happened -------------------------------------------------------------


def planned(task: str = A, **facts: Any) -> PlannedTask:
    return PlannedTask(id=task, title=f"Do {task}", **facts)


def created(*tasks: str | PlannedTask, policy: Policy = USUAL, **facts: Any) -> PlanCreated:
    known = tuple(planned(task) if isinstance(task, str) else task for task in tasks or (A,))
    return PlanCreated(at=MORNING, goal=GOAL, tasks=known, policy=policy, **facts)


def scored(task: str = A, kind: ScoreKind = OUTPUT, score: float = 0.9, **facts: Any) -> TaskScored:
    """An output score settles its task unless `mark_done=False` is said."""
    facts = {"mark_done": True if kind is OUTPUT else None} | facts
    return TaskScored(at=MORNING, task_id=task, kind=kind, score=score, **facts)


def scoring_failed(task: str = A, kind: ScoreKind = OUTPUT, **facts: Any) -> ScoringFailed:
    return ScoringFailed(at=MORNING, task_id=task, kind=kind, reason=WHY, **facts)


def retracted(task: str = A, kind: ScoreKind = OUTPUT, event: str = f"{PLAN}@2") -> ScoreRetracted:
    return ScoreRetracted(at=MORNING, task_id=task, kind=kind, event_id=event, reason=WHY)


def turned_out(
    task: str = A, outcome: Outcome = Outcome.ACCEPTED, source: str = "ci", note: str | None = None
) -> OutcomeRecorded:
    return OutcomeRecorded(at=MORNING, task_id=task, outcome=outcome, source=source, note=note)


def moved(
    task: str = A,
    old: TaskStatus = PENDING,
    new: TaskStatus = DONE,
    cause: StatusCause = SCORED,
    reason: str | None = None,
    **claim: Any,
) -> TaskStatusChanged:
    return TaskStatusChanged(
        at=MORNING, task_id=task, old=old, new=new, cause=cause, reason=reason, **claim
    )


def claimed(
    task: str = A, worker: str | None = None, until: datetime | None = None
) -> TaskStatusChanged:
    return moved(task, PENDING, IN_PROGRESS, CLAIMED, worker=worker, lease_until=until)


def deferred(
    task: str = A, reason: str | None = WHY, until: datetime | None = None
) -> TaskDeferred:
    return TaskDeferred(at=MORNING, task_id=task, reason=reason, until=until)


def undeferred(
    task: str = A, reason: str | None = None, cause: DeferralEnd = DeferralEnd.UNDEFERRED
) -> TaskUndeferred:
    return TaskUndeferred(at=MORNING, task_id=task, cause=cause, reason=reason)


def renewed(task: str = A, until: datetime = NOON) -> LeaseRenewed:
    return LeaseRenewed(at=MORNING, task_id=task, lease_until=until)


def replan(task: str = A, rolling: float = 0.5, threshold: float = 0.72) -> ReplanTriggered:
    return ReplanTriggered(
        at=MORNING, task_id=task, rolling_confidence=rolling, threshold=threshold
    )


def added(task: str | PlannedTask = D, before: str | None = None) -> TaskAdded:
    known = planned(task) if isinstance(task, str) else task
    return TaskAdded(at=MORNING, task=known, before=before)


def changed(task: str = A, **facts: Any) -> TaskChanged:
    return TaskChanged(at=MORNING, task_id=task, **facts)


def put(task: str = A, before: str | None = None) -> TaskMoved:
    return TaskMoved(at=MORNING, task_id=task, before=before)


def dropped(task: str = A, *dependants: str) -> TaskDropped:
    return TaskDropped(at=MORNING, task_id=task, dependants=dependants)


def split(task: str = A, *into: PlannedTask) -> TaskSplit:
    return TaskSplit(at=MORNING, task_id=task, into=into or (planned(D), planned(E)))


def replaced(task: str = A, by: PlannedTask | None = None) -> TaskReplaced:
    return TaskReplaced(at=MORNING, task_id=task, by=by or planned(D))


def attempted(task: str = A, attempt: int = 2, reason: str | None = None) -> AttemptStarted:
    return AttemptStarted(at=MORNING, task_id=task, attempt=attempt, reason=reason)


def deleted(reason: str | None = None) -> PlanDeleted:
    return PlanDeleted(at=MORNING, reason=reason)


HAS_REVISED = PlanRevised(at=MORNING, reason=WHY)
HAS_APPROVED = GateApproved(at=MORNING, reason=WHY)
HAS_PAUSED = PlanPaused(at=MORNING, reason=WHY)
HAS_RESUMED = PlanResumed(at=MORNING, reason=WHY)
HAS_ARCHIVED = PlanArchived(at=MORNING, reason=WHY)
HAS_RESTORED = PlanRestored(at=MORNING, reason=WHY)
HAS_ERASED = PlanErased(at=MORNING)


# --- commands ------------------------------------------------------------------


def new(task: str = A, **facts: Any) -> NewTask:
    return NewTask(id=task, title=f"Do {task}", **facts)


def create(*tasks: str | NewTask, policy: Policy = USUAL, **facts: Any) -> CreatePlan:
    planned = tuple(new(task) if isinstance(task, str) else task for task in tasks or (A,))
    return CreatePlan(goal=GOAL, tasks=planned, policy=policy, **facts)


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


def record_outcome(
    task: str = A, outcome: Outcome = Outcome.ACCEPTED, source: str = "ci", note: str | None = None
) -> RecordOutcome:
    return RecordOutcome(task_id=task, outcome=outcome, source=source, note=note)


def mark(task: str = A, status: TaskStatus = DONE, reason: str | None = None) -> MarkTask:
    return MarkTask(task_id=task, status=status, reason=reason)


def claim_next(
    worker: str | None = None, lease: float | None = None, task: str | None = None
) -> ClaimNextTask:
    return ClaimNextTask(worker=worker, lease=lease, task_id=task)


def claim(task: str = A, worker: str | None = None, lease: float | None = None) -> ClaimTask:
    return ClaimTask(task_id=task, worker=worker, lease=lease)


def defer(task: str = A, reason: str = WHY, until: datetime | None = None) -> DeferTask:
    return DeferTask(task_id=task, reason=reason, until=until)


def undefer(task: str = A, reason: str | None = None) -> UndeferTask:
    return UndeferTask(task_id=task, reason=reason)


def renew(task: str = A, token: int = 2, lease: float | None = None) -> RenewLease:
    return RenewLease(task_id=task, token=token, lease=lease)


def release(task: str = A, token: int | None = None, reason: str | None = None) -> ReleaseTask:
    return ReleaseTask(task_id=task, token=token, reason=reason)


def retry(task: str = A) -> RetryTask:
    return RetryTask(task_id=task, reason=WHY)


def revise(*changes: Change) -> RevisePlan:
    return RevisePlan(reason=WHY, changes=changes or (AddTask(task=new(D)),))


def delete(reason: str | None = None) -> DeletePlan:
    return DeletePlan(reason=reason)


APPROVE = ApproveGate(reason=WHY)
PAUSE, RESUME = PausePlan(reason=WHY), ResumePlan(reason=WHY)
ARCHIVE, RESTORE = ArchivePlan(reason=WHY), RestorePlan(reason=WHY)
ERASE = ErasePlan()


# --- one of each ---------------------------------------------------------------

EVERY_EVENT: tuple[PlanEvent, ...] = (
    *(created(), scored(), scoring_failed(), retracted(), moved(), renewed(), replan()),
    *(HAS_REVISED, added(), changed(), put(), dropped(), split(), replaced(), attempted()),
    *(HAS_APPROVED, HAS_PAUSED, HAS_RESUMED, HAS_ARCHIVED, HAS_RESTORED, deleted()),
    *(HAS_ERASED, turned_out(), deferred(), undeferred()),
)

EVERY_COMMAND: tuple[PlanCommand, ...] = (
    *(create(), score_prompt(), score_output(), update(), record_failure(), retract(), mark()),
    *(claim_next(), renew(), release(), retry(), revise(), APPROVE),
    *(PAUSE, RESUME, ARCHIVE, RESTORE, delete(), ERASE, record_outcome()),
    *(claim(), defer(), undefer()),
)
