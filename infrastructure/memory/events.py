"""Events in this process's memory, for tests, examples and trials."""

from collections.abc import Sequence
from itertools import islice
from threading import Lock

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import ConcurrentChange, PositionTaken, StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.infrastructure.eventsourcing_library import recorder_store

_Indices = dict[int, int]
"""The index of each version of a plan in the list of events."""


class _Log(recorder_store.Recorder):
    """A list of events, each change to which is one step: no exception can leave half of it.

    What is found by plan is found through an index, which is made from the list.
    """

    def __init__(self) -> None:
        self._stored_events: list[Notification] | None = []
        self._plans: dict[str, _Indices] = {}
        self._indexed = 0
        self._renew()
        renew_in_child(self._renew)

    def _renew(self) -> None:
        self._lock = Lock()

    def close(self) -> None:
        """Refuse everything from now on; what others are doing ends before."""
        with self._lock:
            self._stored_events = None

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], /) -> None:
        with self._lock:
            events = self._open_events()
            events.extend(self._placed(stored_events, len(events)))

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        with self._lock:
            events = self._open_events()
            recorder_store.refuse_taken(len(events), placed)
            if placed[-1].id != len(events) + len(placed):
                raise PositionTaken("a store in memory has no gaps between its positions")
            events.extend(self._placed(placed, len(events)))

    @override
    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        with self._lock:
            events = [*self._open_events()]
            events += self._placed(then, len(events))
            for event in rewritten:
                place = self._indexed_versions(str(event.originator_id))[event.originator_version]
                events[place] = _notification(event, place)
            self._stored_events = events

    @override
    def plan_events(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEvent]:
        last = recorder_store.NO_BOUND if until is None else until
        with self._lock:
            events, index = self._open_events(), self._indexed_versions(plan_id)
            versions = sorted(version for version in index if after < version <= last)
            return [events[index[version]] for version in versions]

    @override
    def log_events(self, after: int, limit: int, name: str | None = None) -> Sequence[Notification]:
        with self._lock:
            events = self._open_events()
            if name is None:
                return events[after : after + limit]
            named = (event for event in islice(events, after, None) if event.topic == name)
            return list(islice(named, limit))

    @override
    def max_notification_id(self) -> int:
        with self._lock:
            return len(self._open_events())

    def _open_events(self) -> list[Notification]:
        if self._stored_events is None:
            raise StoreUnavailable("the store in memory is closed")
        return self._stored_events

    def _indexed_versions(self, plan_id: str) -> _Indices:
        """Where a plan's versions are in the list, after the index was brought up to date."""
        events = self._open_events()
        for place in range(self._indexed, len(events)):
            event = events[place]
            self._plans.setdefault(str(event.originator_id), {})[event.originator_version] = place
            self._indexed = place + 1
        return self._plans.get(plan_id, {})

    def _placed(self, events: Sequence[StoredEvent], last: int) -> Sequence[Notification]:
        """The events at the next positions; raises `ConcurrentChange` for a taken version."""
        new = {(event.originator_id, event.originator_version) for event in events}
        for plan_id, version in new:
            if version in self._indexed_versions(str(plan_id)) or len(new) < len(events):
                raise ConcurrentChange(str(plan_id))
        return [_notification(event, place) for place, event in enumerate(events, start=last)]


def _notification(event: StoredEvent, place: int) -> Notification:
    return Notification(
        event.originator_id, event.originator_version, event.topic, event.state, id=place + 1
    )


def memory_event_store() -> recorder_store.RecorderEventStore:
    """A store that begins empty and ends with the process."""
    log = _Log()
    return recorder_store.RecorderEventStore(log, close=log.close)
