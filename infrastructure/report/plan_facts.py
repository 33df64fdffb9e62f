"""What a report says about one plan, asked of the registry."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plangate.application.evidence.findings import FindingsReport
from plangate.application.gate_decision import GateDecision
from plangate.application.history.audit import AuditEntry
from plangate.application.history.explain import Explanation, recent
from plangate.application.ledger.reports import InclusionProof
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain import events
from plangate.infrastructure.charts.confidence import confidence_over_time
from plangate.infrastructure.charts.plan import contribution_bars, gauge, status_bar
from plangate.infrastructure.charts.svg import Chart

LISTED: Final = 500
"""A report lists so many events of a kind, the newest, and says how many there are."""

PROVED: Final = 20
"""So many events are proved: the newest one, and before it those about replans."""

_JUDGEMENTS: Final = (events.TaskScored, events.ScoringFailed, events.ScoreRetracted)
_REPLANS: Final = (
    events.ReplanTriggered,
    events.AttemptStarted,
    events.GateApproved,
    events.PlanRevised,
)


@dataclass(frozen=True, slots=True)
class EventsOfAKind:
    """The newest events of a kind, oldest first, and how many there are."""

    entries: Sequence[AuditEntry]
    count: int


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """One plan with its charts, its judgements and what followed from them."""

    status: PlanStatus
    decision: GateDecision
    explanation: Explanation
    history: EventsOfAKind
    judgements: EventsOfAKind
    replans: EventsOfAKind
    outcomes: EventsOfAKind
    findings: FindingsReport
    proofs: Sequence[InclusionProof]
    gauge: Chart
    statuses: Chart
    confidence: Chart
    contributions: Chart


def plan_facts(registry: PlanRegistry, plan_id: str, *, signed: bool) -> PlanFacts:
    """Everything about a plan; proofs too if `signed`.

    Raises `PlanNotFound`, `PlanGone`, and `UnreadableEvent` for a plan that cannot be read.
    """
    status, decision = registry.get_status(plan_id), registry.gate(plan_id)
    version = status.version
    explanation = registry.history.explain(plan_id, version=version, since=recent(version))
    entries = [one for one in registry.history.audit(plan_id) if one.version <= status.version]
    confidence, threshold = status.rolling_confidence, status.confidence_threshold
    replans = _of(entries, _REPLANS)
    return PlanFacts(
        status=status,
        decision=decision,
        explanation=explanation,
        history=_of(entries, object),
        judgements=_of(entries, _JUDGEMENTS),
        replans=replans,
        outcomes=_of(entries, events.OutcomeRecorded),
        findings=registry.evidence.findings([plan_id]),
        proofs=_proofs(registry, [*replans.entries, entries[-1]]) if signed else (),
        gauge=gauge(confidence, threshold, scored=status.evidence.scored),
        statuses=status_bar(Counter(task.status for task in status.tasks)),
        confidence=confidence_over_time(entries, threshold),
        contributions=contribution_bars(explanation),
    )


def _of(entries: Sequence[AuditEntry], kinds: type | tuple[type, ...]) -> EventsOfAKind:
    found = [entry for entry in entries if isinstance(entry.event, kinds)]
    return EventsOfAKind(found[-LISTED:], len(found))


def _proofs(registry: PlanRegistry, entries: Sequence[AuditEntry]) -> list[InclusionProof]:
    event_ids = dict.fromkeys(entry.event_id for entry in entries)
    return [registry.ledger.prove(event_id) for event_id in list(event_ids)[-PROVED:]]
