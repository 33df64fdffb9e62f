"""Events in this process's memory, for tests, examples and trials."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder
from typing_extensions import override

from plangate.application.errors import ConcurrentChange, PositionTaken
from plangate.infrastructure.eventsourcing_library import recorder_store


class _Log(POPOApplicationRecorder, recorder_store.Recorder):
    """The library's recorder, holding each event with its position."""

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        with self._database_lock:
            newest = len(self._stored_events)
            recorder_store.refuse_taken(newest, placed)
            if placed[-1].id != newest + len(placed):
                raise PositionTaken("a store in memory has no gaps between its positions")
            self.insert_events(placed)

    @override
    def insert_events_once(self, stored_events: Sequence[StoredEvent], key: str) -> bool:
        with self._database_lock:
            if self.plans_with_key(key):
                return False
            self.insert_events(stored_events)
            return True

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        with self._database_lock:
            events = list(self._stored_events)
        return [str(one.originator_id) for one in events if recorder_store.has_key(one, key)]

    @override
    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        with self._database_lock:
            self.insert_events(then)
            for event in rewritten:
                place = self._stored_events_index[str(event.originator_id)][
                    event.originator_version
                ]
                self._stored_events[place] = _placed(event, place + 1)

    @override
    def plan_events(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEvent]:
        return self.select_events(plan_id, gt=after, lte=until)

    @override
    def log_events(self, after: int, limit: int, name: str | None = None) -> Sequence[Notification]:
        topics = [] if name is None else [name]
        return self.select_notifications(after, limit, topics=topics, inclusive_of_start=False)

    @override
    def _update_table(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        first = len(self._stored_events) + 1
        placed = [_placed(e, position) for position, e in enumerate(stored_events, start=first)]
        return super()._update_table(placed, **kwargs)


def _placed(event: StoredEvent, position: int) -> Notification:
    return Notification(
        event.originator_id, event.originator_version, event.topic, event.state, id=position
    )


def memory_event_store() -> recorder_store.RecorderEventStore:
    """A store that begins empty and ends with the process."""
    return recorder_store.RecorderEventStore(_Log(), translated=_translated, close=lambda: None)


@contextmanager
def _translated(plan_id: str | None) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise ConcurrentChange(plan_id or "") from None
