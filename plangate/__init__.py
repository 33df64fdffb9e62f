"""plangate: an event-sourced registry of AI-agent plans that gates work by evidence of quality.

    with plangate.connect("plans.db") as registry:
        plan = registry.create("Move billing", tasks=[{"title": "Design the schema"}])

`__all__` is the public API: the registry and the module's functions with what they
return, the events, the errors. What a group such as `registry.replay` returns is in that
group's package, `plangate.application.replay`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from plangate.application.drafts import PlanDraft, RevisionDraft, TaskDraft
    from plangate.application.erasure import Erasure
    from plangate.application.errors import (
        AlteredBundle,
        AnalysisMissing,
        BundleTooNew,
        ConcurrentChange,
        CorruptEvent,
        DecisionsDiffer,
        ErasesText,
        EventTooNew,
        HistoryDiffers,
        IdempotencyKeyReused,
        KeyNotFound,
        KeyRefused,
        LedgerContradicted,
        LedgerError,
        LogWentBack,
        NoLedgerKey,
        NotAStore,
        NothingRecorded,
        PositionTaken,
        PredecessorMissing,
        StoreError,
        StoreForbidden,
        StoreFull,
        StoreNotEmpty,
        StoreReadOnly,
        StoreReplaced,
        StoreTooNew,
        StoreUnavailable,
        TransactionConflict,
        TransactionRefused,
        UnreadableEvent,
        ViewBehind,
    )
    from plangate.application.gate_decision import GateDecision
    from plangate.application.graph import PlanGraph
    from plangate.application.health import RegistryHealth, ViewLag
    from plangate.application.operations.reports import BackupReport, Checkup, RestoreReport
    from plangate.application.recorded_event import Envelope, RecordedEvent
    from plangate.application.registry import PlanRegistry
    from plangate.application.repeatable_run import RepeatableRun
    from plangate.application.results import (
        ClaimView,
        DeferralView,
        Evidence,
        GateView,
        ObstacleView,
        PlanList,
        PlanStatus,
        TaskView,
        UnreadablePlan,
    )
    from plangate.application.warnings import LogSetAside
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
        TaskNotReady,
        VersionMismatch,
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
    from plangate.domain.plan import Plan
    from plangate.domain.policy import Policy
    from plangate.domain.presets import Preset
    from plangate.domain.task import Claim, Task
    from plangate.domain.vocabulary import (
        AttemptScores,
        DeferralEnd,
        Gate,
        Judges,
        ObstacleKind,
        Outcome,
        OutOfRange,
        PlanState,
        Recency,
        ScaledScorer,
        ScarceEvidence,
        ScoreKind,
        Scorer,
        ScorerKind,
        StatusCause,
        TaskStatus,
        Verdict,
    )
    from plangate.infrastructure.bootstrap import connect, get_registry, reset_registry
    from plangate.infrastructure.operations import backup, doctor, migrate, restore_backup
    from plangate.infrastructure.plots import CannotPlot, plot

    __version__: str

__all__ = [
    "AlteredBundle",
    "AnalysisMissing",
    "AttemptScores",
    "AttemptStarted",
    "BackupReport",
    "BundleTooNew",
    "CannotPlot",
    "Checkup",
    "Claim",
    "ClaimLost",
    "ClaimView",
    "ConcurrentChange",
    "CorruptEvent",
    "DecisionsDiffer",
    "DeferralEnd",
    "DeferralView",
    "Envelope",
    "ErasesText",
    "Erasure",
    "EventTooNew",
    "Evidence",
    "Gate",
    "GateApproved",
    "GateDecision",
    "GateView",
    "HistoryDiffers",
    "IdempotencyKeyReused",
    "InvalidInput",
    "InvalidScore",
    "Judges",
    "KeyNotFound",
    "KeyRefused",
    "LeaseRenewed",
    "LedgerContradicted",
    "LedgerError",
    "LogSetAside",
    "LogWentBack",
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
    "PlanDraft",
    "PlanErased",
    "PlanEvent",
    "PlanExists",
    "PlanGone",
    "PlanGraph",
    "PlanHeld",
    "PlanList",
    "PlanNotFound",
    "PlanPaused",
    "PlanRegistry",
    "PlanRestored",
    "PlanResumed",
    "PlanRevised",
    "PlanState",
    "PlanStatus",
    "PlangateError",
    "PlannedTask",
    "Policy",
    "PositionTaken",
    "PredecessorMissing",
    "Preset",
    "Problem",
    "Recency",
    "RecordedEvent",
    "RegistryHealth",
    "RepeatableRun",
    "ReplanTriggered",
    "RestoreReport",
    "RevisionDraft",
    "ScaledScorer",
    "ScarceEvidence",
    "ScoreKind",
    "ScoreNotFound",
    "ScoreRetracted",
    "Scorer",
    "ScorerKind",
    "ScoringFailed",
    "StatusCause",
    "StoreError",
    "StoreForbidden",
    "StoreFull",
    "StoreNotEmpty",
    "StoreReadOnly",
    "StoreReplaced",
    "StoreTooNew",
    "StoreUnavailable",
    "Task",
    "TaskAdded",
    "TaskChanged",
    "TaskDeferred",
    "TaskDraft",
    "TaskDropped",
    "TaskGone",
    "TaskMoved",
    "TaskNotFound",
    "TaskNotReady",
    "TaskReplaced",
    "TaskScored",
    "TaskSplit",
    "TaskStatus",
    "TaskStatusChanged",
    "TaskUndeferred",
    "TaskView",
    "TransactionConflict",
    "TransactionRefused",
    "UnreadableEvent",
    "UnreadablePlan",
    "Verdict",
    "VersionMismatch",
    "ViewBehind",
    "ViewLag",
    "__version__",
    "backup",
    "connect",
    "doctor",
    "get_registry",
    "migrate",
    "plot",
    "reset_registry",
    "restore_backup",
]

# What `import plangate` loads is what every script and every command waits for: a name is
# imported when it is first used (PEP 562), from the module that this table names.
_NAMES: Final = {
    "application.drafts": "PlanDraft RevisionDraft TaskDraft",
    "application.erasure": "Erasure",
    "application.errors": (
        "AlteredBundle AnalysisMissing BundleTooNew ConcurrentChange CorruptEvent "
        "DecisionsDiffer ErasesText EventTooNew HistoryDiffers IdempotencyKeyReused "
        "KeyNotFound KeyRefused LedgerContradicted LedgerError LogWentBack NoLedgerKey NotAStore "
        "NothingRecorded PositionTaken PredecessorMissing StoreError StoreForbidden StoreFull "
        "StoreNotEmpty StoreReadOnly StoreReplaced StoreTooNew StoreUnavailable "
        "TransactionConflict TransactionRefused UnreadableEvent ViewBehind"
    ),
    "application.gate_decision": "GateDecision",
    "application.graph": "PlanGraph",
    "application.health": "RegistryHealth ViewLag",
    "application.operations.reports": "BackupReport Checkup RestoreReport",
    "application.recorded_event": "Envelope RecordedEvent",
    "application.registry": "PlanRegistry",
    "application.repeatable_run": "RepeatableRun",
    "application.results": (
        "ClaimView DeferralView Evidence GateView ObstacleView PlanList PlanStatus TaskView "
        "UnreadablePlan"
    ),
    "application.warnings": "LogSetAside",
    "domain.errors": (
        "ClaimLost InvalidInput InvalidScore PlanExists PlangateError PlanGone PlanHeld "
        "PlanNotFound Problem ScoreNotFound TaskGone TaskNotFound TaskNotReady "
        "VersionMismatch"
    ),
    "domain.events": (
        "AttemptStarted GateApproved LeaseRenewed OutcomeRecorded PlanArchived PlanCreated "
        "PlanDeleted PlanErased PlanEvent PlannedTask PlanPaused PlanRestored PlanResumed "
        "PlanRevised ReplanTriggered ScoreRetracted ScoringFailed TaskAdded TaskChanged "
        "TaskDeferred TaskDropped TaskMoved TaskReplaced TaskScored TaskSplit "
        "TaskStatusChanged TaskUndeferred"
    ),
    "domain.plan": "Plan",
    "domain.policy": "Policy",
    "domain.presets": "Preset",
    "domain.task": "Claim Task",
    "domain.vocabulary": (
        "AttemptScores DeferralEnd Gate Judges ObstacleKind Outcome OutOfRange PlanState "
        "Recency ScaledScorer ScarceEvidence ScoreKind Scorer ScorerKind StatusCause "
        "TaskStatus Verdict"
    ),
    "infrastructure.bootstrap": "connect get_registry reset_registry",
    "infrastructure.operations": "backup doctor migrate restore_backup",
    "infrastructure.plots": "CannotPlot plot",
}
_MODULE_OF: Final = {name: module for module, names in _NAMES.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker that saw it would accept every name

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            value = version("plangate")
        elif name in _MODULE_OF:
            value = getattr(import_module(f"plangate.{_MODULE_OF[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
