"""Plans that a view is stuck on: how they become so, and how they are freed.

A plan stops at an event that cannot be read, folded or saved, and the other plans continue.
"""

from collections.abc import Mapping, Sequence

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import Clock, EventStore
from plangate.application.plan_log import known_position, plan_events
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.log_events import PlanEvents
from plangate.application.views.projection import RowChanges, View
from plangate.application.views.projector import Projector
from plangate.application.views.view_store import (
    StuckPlan,
    UnsavableRows,
    ViewPosition,
    ViewStore,
    ViewTables,
    ViewUpdate,
)


class StuckPlans:
    """The stuck plans of one store, and what this process tried in vain."""

    def __init__(self, log: EventStore, store: ViewStore, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._failed: set[tuple[str, str, int]] = set()
        self._overtaken: set[tuple[str, str, int]] = set()

    def look_again(self) -> None:
        """Retry also what other processes were faster than, once more."""
        self._overtaken = set()

    def retry(self, views: Sequence[View], positions: Mapping[ViewTables, ViewPosition]) -> bool:
        """Project again what can be read by now; whether there was anything to save.

        Where an event can be read and the view fails on it all the same, this
        process does not try again.
        """
        for view in views:
            current = positions[ViewTables(view.name)]
            for stuck in current.stuck.values():
                attempt = (view.name, stuck.plan_id, stuck.version)
                if attempt in self._failed or attempt in self._overtaken:
                    continue
                if not self._can_be_read(stuck):
                    continue
                update = self._update(view, current, stuck)
                try:
                    if update is not None:
                        if not self._store.save([update]):
                            self._overtaken.add(attempt)
                        return True
                except UnsavableRows:
                    pass
                self._failed.add(attempt)
        return False

    def stuck(self, failure: UnreadableEvent) -> StuckPlan:
        """A plan that stops at this event, from now on."""
        return StuckPlan(
            plan_id=failure.plan_id,
            version=failure.version,
            position=failure.position,
            why=failure.why,
            since=self._clock(),
        )

    def _can_be_read(self, stuck: StuckPlan) -> bool:
        before = stuck.version - 1
        try:
            return bool(self._log.read(stuck.plan_id, after=before, until=stuck.version))
        except UnreadableEvent:
            return False

    def _update(self, view: View, current: ViewPosition, stuck: StuckPlan) -> ViewUpdate | None:
        """What leads past the event, to the view's position or to another failure."""
        plan_id = stuck.plan_id
        unreadable: UnreadableEvent | None = None
        history: list[RecordedEvent] = []
        try:
            for recorded in plan_events(self._log, plan_id):
                if known_position(recorded.envelope.position) <= current.position:
                    history.append(recorded)  # noqa: PERF401  (those before a failure count)
        except UnreadableEvent as error:
            unreadable = error
        _, results = Projector(self._log).project((view,), plan_id, PlanEvents(history, unreadable))
        result = results[view.name]
        if result.failure is not None and result.failure.version == stuck.version:
            return None
        changes = [RowChanges(deletes=((plan_id, None),)), *result.changes]
        still = () if result.failure is None else (self.stuck(result.failure),)
        return ViewUpdate(
            ViewTables(view.name),
            current,
            current.position,
            changes,
            still,
            freed=(plan_id,),
            event=current.event,
        )
