"""The port to an engine's log, in rows of the `eventsourcing` library, and what engines share."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from eventsourcing.persistence import Notification, StoredEvent

from plangate.application.errors import ConcurrentChange, PositionTaken, PredecessorMissing
from plangate.application.event_store import KeyUsed, T
from plangate.application.recorded_event import StoredEntry, is_same

NO_BOUND: Final = 2**63 - 1
"""Above every version and every position."""


class Recorder(Protocol):
    """An engine's log. `max_notification_id` is the library's method.

    What is recorded follows the newest event of each plan, which is looked at in the same
    transaction; otherwise `ConcurrentChange` is raised.
    """

    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        """Record events, all or none, and return the last position, if the engine gives it.

        The newest event of the first one's plan must be `after`, if given. Raises `KeyUsed`
        if an event has the idempotency key that no event may have yet.
        """

    def insert_placed(self, placed: Sequence[Notification]) -> None:
        """Record events at the positions they name, all or none; raises `PositionTaken`."""

    def plans_with_key(self, key: str) -> Sequence[str]:
        """The plans that have an event with the idempotency key, oldest event first."""

    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        """Append events, if any, then change the stored bytes of earlier ones; all or none."""

    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        """A plan's events, with their positions where the engine knows them."""

    def folded(self, plan_id: str, fold: Callable[[Iterable[StoredEntry]], T]) -> T:
        """As `EventStore.folded`. An engine that can reads while it folds."""
        return fold(self.plan_entries(plan_id, 0, None))

    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        """Events of the log in commit order: all, or those with a stored name."""

    def max_notification_id(self) -> int | None:
        """The position of the newest event; None or 0 in an empty log."""


def has_key(event: StoredEvent | StoredEntry, key: str) -> bool:
    """Whether a stored event has the idempotency key."""
    return bool(_meta(event, "idempotency_key") == key)


def has_salt(event: StoredEvent) -> bool:
    """Whether a stored event has a random salt, and so bytes that no other command writes."""
    return _meta(event, "salt") is not None


def _meta(event: StoredEvent | StoredEntry, name: str) -> Any:
    """A field of an event's envelope as it is stored; None where it is damaged."""
    try:
        return json.loads(event.state)["meta"].get(name)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def refuse_taken(newest: int, placed: Sequence[Notification]) -> None:
    """Raise `PositionTaken` unless the positions rise, all beyond the newest that is taken."""
    for event in placed:
        if event.id <= newest:
            raise PositionTaken(f"position {event.id} is taken; the log reaches {newest}")
        newest = event.id


def first_of_each_plan(rows: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
    """The first row of each plan; raises as `append` unless the others follow it."""
    firsts: list[StoredEvent] = []
    newest: dict[str, int] = {}
    for row in rows:
        plan_id = str(row.originator_id)
        before = newest.get(plan_id)
        if before is None:
            firsts.append(row)
        elif row.originator_version <= before:
            raise ConcurrentChange(plan_id)
        elif row.originator_version > before + 1:
            raise PredecessorMissing(plan_id, row.originator_version - 1)
        newest[plan_id] = row.originator_version
    return firsts


def require_newest(
    newest: StoredEntry | None, first: StoredEvent, after: StoredEntry | None
) -> None:
    """Raise `ConcurrentChange` unless an event follows the newest one of its plan."""
    version = 0 if newest is None else newest.version
    if first.originator_version != version + 1 or not (
        after is None or newest is None or is_same(newest, after)
    ):
        raise ConcurrentChange(str(first.originator_id))


def require_unused(key: str, plan_ids: Sequence[str]) -> None:
    """Raise `KeyUsed` where plans have an event with the idempotency key."""
    if plan_ids:
        raise KeyUsed(key)


def entry_of(row: StoredEvent, position: int | None = None) -> StoredEntry:
    """A row of the library as an entry."""
    return StoredEntry(
        str(row.originator_id),
        row.originator_version,
        row.id if isinstance(row, Notification) else position,
        row.topic,
        row.state,
    )
