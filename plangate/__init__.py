"""plangate: an event-sourced registry of AI-agent plans that gates work by evidence of quality.

    with plangate.connect("plans.db") as registry:
        plan = registry.create("Move billing", tasks=[{"title": "Design the schema"}])

`__all__` is the public API: the registry and the module's functions with what they
return, the events, the errors. The parts of an answer are in the module of the answer.
"""

from importlib.metadata import version

from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.importer import ImportReport
from plangate.application.erasure import Erasure
from plangate.application.errors import (
    AlteredBundle,
    AnalysisMissing,
    BundleTooNew,
    ConcurrentChange,
    CorruptEvent,
    HistoryDiffers,
    IdempotencyKeyReused,
    LedgerContradicted,
    LedgerError,
    NoLedgerKey,
    NotAStore,
    NothingRecorded,
    PositionTaken,
    StoreError,
    StoreFull,
    StoreNotEmpty,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
    ViewBehind,
)
from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.findings import FindingsReport
from plangate.application.graph import PlanGraph
from plangate.application.history.audit import AuditEntry
from plangate.application.history.diff import PlanDiff
from plangate.application.history.explain import Explanation
from plangate.application.importing.intake import PlansImport
from plangate.application.ledger.reports import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    LedgerReport,
    VerifierKey,
)
from plangate.application.operations.reports import BackupReport, Checkup, CopyReport, RestoreReport
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.replay.check import CheckReport
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
from plangate.application.results import (
    ClaimView,
    GateView,
    ObstacleView,
    PlanList,
    PlanStatus,
    TaskView,
    UnreadablePlan,
)
from plangate.application.views.board import BoardPage
from plangate.application.views.plan_summaries import PlanPage
from plangate.application.views.replans import ReplanPage
from plangate.application.views.status import ViewReport
from plangate.application.views.timeline import TimelinePage
from plangate.domain.errors import (
    ClaimLost,
    InvalidInput,
    InvalidScore,
    PlanExists,
    PlangateError,
    PlanGone,
    PlanHeld,
    PlanNotFound,
    Problem,
    ScoreNotFound,
    TaskGone,
    TaskNotFound,
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
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
)
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset
from plangate.domain.task import Claim, Task
from plangate.domain.vocabulary import (
    AttemptScores,
    Gate,
    ObstacleKind,
    Outcome,
    OutOfRange,
    PlanState,
    Recency,
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
)
from plangate.infrastructure.bootstrap import (
    backup,
    connect,
    doctor,
    get_registry,
    migrate,
    restore_backup,
)
from plangate.infrastructure.plots import CannotPlot, plot

__version__ = version("plangate")

__all__ = [
    "AlteredBundle",
    "AnalysisMissing",
    "AttemptScores",
    "AttemptStarted",
    "AuditEntry",
    "BackupReport",
    "BoardPage",
    "BundleTooNew",
    "Calibration",
    "CannotPlot",
    "CheckReport",
    "Checkpoint",
    "Checkup",
    "Claim",
    "ClaimLost",
    "ClaimView",
    "ConcurrentChange",
    "ConsistencyProof",
    "CopyReport",
    "CorruptEvent",
    "Envelope",
    "Erasure",
    "Explanation",
    "ExportReport",
    "FindingsReport",
    "Gate",
    "GateApproved",
    "GateView",
    "HistoryDiffers",
    "IdempotencyKeyReused",
    "ImportReport",
    "InclusionProof",
    "InvalidInput",
    "InvalidScore",
    "LeaseRenewed",
    "LedgerContradicted",
    "LedgerError",
    "LedgerReport",
    "NoLedgerKey",
    "NotAStore",
    "NothingRecorded",
    "ObstacleKind",
    "ObstacleView",
    "OutOfRange",
    "Outcome",
    "OutcomeRecorded",
    "Plan",
    "PlanArchived",
    "PlanCreated",
    "PlanDeleted",
    "PlanDiff",
    "PlanErased",
    "PlanEvent",
    "PlanExists",
    "PlanGone",
    "PlanGraph",
    "PlanHeld",
    "PlanList",
    "PlanNotFound",
    "PlanPage",
    "PlanPaused",
    "PlanRegistry",
    "PlanRestored",
    "PlanResumed",
    "PlanRevised",
    "PlanState",
    "PlanStatus",
    "PlangateError",
    "PlannedTask",
    "PlansImport",
    "Policy",
    "PositionTaken",
    "Preset",
    "Problem",
    "Recency",
    "RecordedEvent",
    "ReplanPage",
    "ReplanTriggered",
    "RestoreReport",
    "ScoreKind",
    "ScoreNotFound",
    "ScoreRetracted",
    "Scorer",
    "ScorerKind",
    "ScoringFailed",
    "StatusCause",
    "StoreError",
    "StoreFull",
    "StoreNotEmpty",
    "StoreReadOnly",
    "StoreTooNew",
    "StoreUnavailable",
    "Sweep",
    "Task",
    "TaskAdded",
    "TaskChanged",
    "TaskDropped",
    "TaskGone",
    "TaskMoved",
    "TaskNotFound",
    "TaskReplaced",
    "TaskScored",
    "TaskSplit",
    "TaskStatus",
    "TaskStatusChanged",
    "TaskView",
    "TimelinePage",
    "UnreadablePlan",
    "VerifierKey",
    "ViewBehind",
    "ViewReport",
    "WhatIf",
    "__version__",
    "backup",
    "connect",
    "doctor",
    "get_registry",
    "migrate",
    "plot",
    "restore_backup",
]
