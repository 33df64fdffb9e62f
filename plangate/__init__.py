"""plangate: an event-sourced registry of AI-agent plans that gates work by evidence of quality.

    with plangate.connect("plans.db") as registry:
        plan = registry.create("Move billing", tasks=[{"title": "Design the schema"}])

What stands in `__all__` is the public API.
"""

from plangate.application.drafts import PlanDraft, TaskDraft
from plangate.application.errors import (
    ConcurrentChange,
    CorruptEvent,
    IdempotencyKeyReused,
    NotAStore,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
)
from plangate.application.records import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanList, PlanStatus, TaskView, UnreadablePlan
from plangate.domain.errors import (
    InvalidInput,
    InvalidScore,
    PlanExists,
    PlangateError,
    PlanGone,
    PlanNotFound,
    Problem,
    ScoreNotFound,
    TaskNotFound,
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
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.task import Claim, Task
from plangate.domain.vocabulary import (
    OutOfRange,
    PlanState,
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
)
from plangate.infrastructure.bootstrap import connect, get_registry

__all__ = [
    "ConcurrentChange",
    "CorruptEvent",
    "Envelope",
    "IdempotencyKeyReused",
    "InvalidInput",
    "InvalidScore",
    "NotAStore",
    "OutOfRange",
    "Plan",
    "PlanCreated",
    "PlanDeleted",
    "PlanDraft",
    "PlanEvent",
    "PlanExists",
    "PlanGone",
    "PlanList",
    "PlanNotFound",
    "PlanRegistry",
    "PlanState",
    "PlanStatus",
    "PlangateError",
    "PlannedTask",
    "Policy",
    "Problem",
    "RecordedEvent",
    "ReplanTriggered",
    "ScoreKind",
    "ScoreNotFound",
    "ScoreRetracted",
    "Scorer",
    "ScorerKind",
    "ScoringFailed",
    "StatusCause",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoreTooNew",
    "StoreUnavailable",
    "Task",
    "TaskDraft",
    "TaskNotFound",
    "TaskScored",
    "TaskStatus",
    "TaskStatusChanged",
    "TaskView",
    "UnreadablePlan",
    "connect",
    "get_registry",
]
