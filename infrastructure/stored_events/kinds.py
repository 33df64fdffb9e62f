"""The stored names of events, each with its class and its schema versions.

The names stand in one table and are never derived from a module path. Older schema versions
are converted to the current one on each read; what is stored never changes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from plangate.application.recorded_event import FIRST_KIND, StoredEntry
from plangate.domain import events
from plangate.domain.events import PlanEvent
from plangate.infrastructure.stored_events.damage import corrupt, too_new

Json = dict[str, Any]

Upcaster = Callable[[Json], Json]
"""Converts a stored record to the next schema version."""


@dataclass(frozen=True, slots=True)
class StoredKind:
    """How one kind of event is stored: its class and its current schema version, from 1.

    `upcasters` has, by schema version, what converts its records to the next one. A version
    without an upcaster is followed by one that only added optional fields.
    """

    event: type[PlanEvent]
    schema_version: int = 1
    upcasters: Mapping[int, Upcaster] = field(default_factory=dict)

    @property
    def read_as_they_are(self) -> frozenset[int]:
        """The schema versions of the records that need no upcasting."""
        return frozenset(range(max(self.upcasters, default=0) + 1, self.schema_version + 1))

    def upcasted(self, entry: StoredEntry) -> Json:
        """The stored object of an entry as the current schema version has it."""
        body: Json = json.loads(entry.state)
        written_as = body["meta"]["schema_version"]
        self.refuse_newer(entry, written_as)
        if written_as not in range(1, self.schema_version + 1):
            raise corrupt(entry, f"its schema version {written_as} is not known to this plangate")
        for version in range(written_as, self.schema_version):
            if upcast := self.upcasters.get(version):
                body = upcast(body)
        return body

    def refuse_newer(self, entry: StoredEntry, written_as: object) -> None:
        """Raise `EventTooNew` where an entry has a later schema version."""
        if isinstance(written_as, int) and written_as > self.schema_version:
            raise too_new(entry, f"its schema version {written_as}")


STORED_KINDS: Final[Mapping[str, StoredKind]] = {
    # 2: priority and labels; tasks with depends_on, priority and labels; policy with gate
    # and attempt_scores
    # 3: policy with order, min_scored, consecutive_lows, exit_threshold, latch, max_replans
    # 4: policy with scarce_evidence
    # 5: policy with judges and min_judges
    FIRST_KIND: StoredKind(events.PlanCreated, schema_version=5),
    # 2: scale and occurred_at
    "task-scored": StoredKind(events.TaskScored, schema_version=2),
    # 2: occurred_at
    "scoring-failed": StoredKind(events.ScoringFailed, schema_version=2),
    "score-retracted": StoredKind(events.ScoreRetracted),
    # 2: occurred_at
    "outcome-recorded": StoredKind(events.OutcomeRecorded, schema_version=2),
    # 2: worker and lease_until; causes expired, released, revised and retried
    # 3: cause approved
    "task-status-changed": StoredKind(events.TaskStatusChanged, schema_version=3),
    "task-deferred": StoredKind(events.TaskDeferred),
    "task-undeferred": StoredKind(events.TaskUndeferred),
    "lease-renewed": StoredKind(events.LeaseRenewed),
    "replan-triggered": StoredKind(events.ReplanTriggered),
    # 2: accept
    "gate-approved": StoredKind(events.GateApproved, schema_version=2),
    "plan-revised": StoredKind(events.PlanRevised),
    "task-added": StoredKind(events.TaskAdded),
    "task-changed": StoredKind(events.TaskChanged),
    "task-moved": StoredKind(events.TaskMoved),
    "task-dropped": StoredKind(events.TaskDropped),
    "task-split": StoredKind(events.TaskSplit),
    "task-replaced": StoredKind(events.TaskReplaced),
    "attempt-started": StoredKind(events.AttemptStarted),
    "plan-paused": StoredKind(events.PlanPaused),
    "plan-resumed": StoredKind(events.PlanResumed),
    "plan-archived": StoredKind(events.PlanArchived),
    "plan-restored": StoredKind(events.PlanRestored),
    "plan-deleted": StoredKind(events.PlanDeleted),
    "plan-erased": StoredKind(events.PlanErased),
}
