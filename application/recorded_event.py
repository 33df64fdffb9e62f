"""An event as it was recorded, with its envelope; and as it is stored, in bytes.

Decisions never read the envelope.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent

FIRST_KIND: Final = "plan-created"
"""The stored name of the event that begins a plan's history, and occurs only there."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """An event's place in the log, who caused it, and by which command.

    `version` counts the events of one plan from 1; `position` those of the whole
    log, in commit order (None on an engine without positions). `causation_id`
    is the id of the first event of the same command, on the events after it. The
    idempotency key and the digest of the command's arguments are on the first
    event. `schema_version` and `salt` are the store's. `origin_position` is the event's
    position in the log that it was copied from.
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

    @property
    def kind(self) -> str:
        """The stored name of the event, as in `task-scored`; its `type` in JSON."""
        return self.event.type


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry of the log as it is stored, readable or not.

    Proofs, copies and bundles use it: `name` and `state` are the stored name and bytes,
    unchanged.
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


def is_same(one: StoredEntry, other: StoredEntry) -> bool:
    """Whether both are the same entry of a log; a position that is unknown is not compared."""
    known = one.position is not None and other.position is not None
    return replace(one, position=other.position) == other and (
        not known or one.position == other.position
    )
