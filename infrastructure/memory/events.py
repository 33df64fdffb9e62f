"""Events in this process's memory, for tests, examples and trials."""

from collections.abc import Sequence
from itertools import islice
from threading import Lock

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import PositionTaken, StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.eventsourcing_library import recorder
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore

_Indices = dict[int, int]
"""The index of each version of a plan in the list of events."""


class _Log(recorder.Recorder):
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
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        with self._lock:
            events = self._open_events()
            recorder.refuse_taken(len(events), placed)
            if placed[-1].id != len(events) + len(placed):
                raise PositionTaken("a store in memory has no gaps between its positions")
            self._append(placed, None)

    @override
    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        with self._lock:
            if unused_key is not None:
                recorder.require_unused(unused_key, self._plans_with(unused_key))
            return self._append(events, after)

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        with self._lock:
            return self._plans_with(key)

    @override
    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        with self._lock:
            self._require_newest(then, after)
            events = [*self._open_events()]
            events += self._placed(then, len(events))
            for event in rewritten:
                known = self._indexed_versions(str(event.originator_id))[event.originator_version]
                events[known] = _notification(event, known)
            self._stored_events = events
            return len(events) if then else None

    @override
    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        last = recorder.NO_BOUND if until is None else until
        with self._lock:
            events, index = self._open_events(), self._indexed_versions(plan_id)
            versions = sorted(version for version in index if after < version <= last)
            return [recorder.entry_of(events[index[version]]) for version in versions]

    @override
    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        with self._lock:
            events = self._open_events()
            if name is None:
                return list(map(recorder.entry_of, events[after : after + limit]))
            named = (event for event in islice(events, after, None) if event.topic == name)
            return list(map(recorder.entry_of, islice(named, limit)))

    @override
    def max_notification_id(self) -> int:
        with self._lock:
            return len(self._open_events())

    def _open_events(self) -> list[Notification]:
        if self._stored_events is None:
            raise StoreUnavailable("the store in memory is closed")
        return self._stored_events

    def _plans_with(self, key: str) -> Sequence[str]:
        events = self._open_events()
        return [str(one.originator_id) for one in events if recorder.has_key(one, key)]

    def _indexed_versions(self, plan_id: str) -> _Indices:
        """The indexes of a plan's versions, after the index was brought up to date."""
        events = self._open_events()
        for index in range(self._indexed, len(events)):
            event = events[index]
            self._plans.setdefault(str(event.originator_id), {})[event.originator_version] = index
            self._indexed = index + 1
        return self._plans.get(plan_id, {})

    def _append(self, events: Sequence[StoredEvent], after: StoredEntry | None) -> int | None:
        self._require_newest(events, after)
        known = self._open_events()
        known.extend(self._placed(events, len(known)))
        return len(known) if events else None

    def _require_newest(self, events: Sequence[StoredEvent], after: StoredEntry | None) -> None:
        for first in recorder.first_of_each_plan(events):
            index = self._indexed_versions(str(first.originator_id))
            newest = self._open_events()[index[max(index)]] if index else None
            known = None if newest is None else recorder.entry_of(newest)
            recorder.require_newest(known, first, after)
            after = None

    def _placed(self, events: Sequence[StoredEvent], last: int) -> Sequence[Notification]:
        return [_notification(event, index) for index, event in enumerate(events, start=last)]


def _notification(event: StoredEvent, index: int) -> Notification:
    return Notification(
        event.originator_id, event.originator_version, event.topic, event.state, id=index + 1
    )


def memory_event_store() -> RecorderEventStore:
    """A store that begins empty and ends with the process."""
    log = _Log()
    return RecorderEventStore(log, close=log.close)
