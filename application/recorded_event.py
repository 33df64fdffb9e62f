"""An event as it was recorded: the fact, and the envelope round it; and as its bytes are stored.

Decisions never look at the envelope.
"""

from dataclasses import dataclass
from datetime import datetime

from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Where an event stands, who asked for it, and what it answers.

    `version` counts the events of one plan from 1; `position` those of the whole
    log, in commit order (None where an engine does not tell it). `causation_id`
    is the id of the first event of the same command, on the events after it. The
    idempotency key and the digest of the command's arguments stand on the first
    event. `schema_version` and `salt` are the store's. `origin_position` is where the
    event stood in the log that it was copied from, if that was elsewhere.
    """

    plan_id: str
    version: int
    position: int | None = None
    recorded_at: datetime
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    idempotency_key: str | None = None
    arguments_digest: str | None = None
    schema_version: int | None = None
    salt: str | None = None
    origin_position: int | None = None

    @property
    def event_id(self) -> str:
        """The event's name, as in `billing@7`."""
        return event_id(self.plan_id, self.version)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One immutable entry of the log."""

    event: PlanEvent
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry of the log as it is stored, whether it can be read or not.

    This is what proofs are made over, and what copies and bundles carry: `name` and
    `state` are the stored name and bytes, untouched.
    """

    plan_id: str
    version: int
    position: int | None
    name: str
    state: bytes

    @property
    def event_id(self) -> str:
        """The event's name, as in `billing@7`."""
        return event_id(self.plan_id, self.version)
