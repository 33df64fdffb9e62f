"""Keeps the views in step with the log: catching up, rebuilding, going round unreadable events.

Events are folded outside of any transaction and saved together with the position
they lead to; of two runners with the same slice of the log, the second saves nothing
and continues from there. So any number of threads and processes may keep the views
of one store, and each may be killed at any moment.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from typing import Final

from plangate.application.errors import NotAStore, StoreTooNew, UnreadableEvent
from plangate.application.event_store import Clock, EventStore
from plangate.application.plan_log import known_position, plan_events
from plangate.application.progress import Progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.projection import RowChanges, View
from plangate.application.views.projector import LogSlice, Projector, ProjectorState
from plangate.application.views.view_store import (
    StuckPlan,
    ViewPosition,
    ViewStore,
    ViewTables,
    ViewUpdate,
)

BATCH: Final = 5_000
"""Events that are folded together and saved in one transaction."""

ViewPositions = Mapping[ViewTables, ViewPosition]


def _always() -> bool:
    return True


class ProjectionRunner:
    """Keeps all views of one store; safe to share between threads."""

    def __init__(
        self, log: EventStore, store: ViewStore, clock: Clock, views: Sequence[View] = VIEWS
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._views = views
        self._projector = Projector(log)
        self._turn = Lock()
        self._failed_retries: set[tuple[str, str, int]] = set()
        self._known: dict[str, int] = {}

    def position(self, view: str) -> int:
        """How far a view is known to have come; -1 before it can be read at all."""
        return self._known.get(view, -1)

    def catch_up(self, proceed: Callable[[], bool] = _always) -> None:
        """Bring every view to the end of the log, as long as `proceed` says so.

        A view that is missing, or was made by an older version of its fold, is
        rebuilt. Raises `StoreTooNew` if a newer plangate made it.
        """
        with self._turn:
            while proceed():
                positions = self._store.positions()
                outdated = [view for view in self._views if self._is_outdated(view, positions)]
                if outdated:
                    self._rebuild(outdated, proceed=proceed, afresh=False)
                    continue
                self._known = {v.name: positions[ViewTables(v.name)].position for v in self._views}
                if self._retry_stuck_plans(positions):
                    continue
                if not self._advance(self._projector, self._views, positions):
                    return

    def rebuild(self, names: Collection[str], progress: Progress) -> None:
        """Build views again from the log alone, beside those that are read until it is done."""
        chosen = [view for view in self._views if view.name in names]
        self._rebuild(chosen, progress=progress, afresh=True)

    def forget(self, plan_id: str) -> None:
        """Let no view keep erased text of a plan.

        Views that follow the log learn of it there. The rows of a stuck plan are deleted
        until it is freed, and a rebuild under way starts over.
        """
        self.catch_up()
        for tables, current in self._store.positions().items():
            if tables.rebuilt:
                self._store.begin(tables.view, current.fold_version, afresh=True)
            elif plan_id in current.stuck:
                self._delete_rows(tables, plan_id)

    def _delete_rows(self, tables: ViewTables, plan_id: str) -> None:
        deletion = RowChanges(deletes=((plan_id, None),))
        saved = False
        while not saved:  # other processes may move the view meanwhile
            current = self._store.positions()[tables]
            update = ViewUpdate(tables, current, current.position, (deletion,))
            saved = self._store.save([update])

    # --- catching up ---

    def _advance(
        self,
        projector: Projector,
        views: Sequence[View],
        positions: ViewPositions,
        *,
        rebuilt: bool = False,
    ) -> bool:
        """Move the views that are furthest behind by one slice; False at the end of the log."""
        current = {view: positions[ViewTables(view.name, rebuilt)] for view in views}
        after = min(found.position for found in current.values())
        ahead = [found.position for found in current.values() if found.position > after]
        log_slice = self._read_slice(after, min(ahead, default=None))
        if log_slice.until == after:
            return False
        behind = [view for view in views if current[view].position == after]
        changes: dict[View, list[RowChanges]] = {view: [] for view in behind}
        stuck: dict[View, list[StuckPlan]] = {view: [] for view in behind}
        states: list[ProjectorState] = []
        for plan_id, events in log_slice.by_plan().items():
            able = [view for view in behind if plan_id not in current[view].stuck]
            unreadable = log_slice.unreadable.get(plan_id)
            state, results = projector.project(able, plan_id, events, unreadable)
            states.append(state)
            for view in able:
                result = results[view.name]
                changes[view] += result.changes
                if result.failure is not None:
                    stuck[view].append(self._stuck(result.failure))
        updates = []
        for view in behind:
            tables = ViewTables(view.name, rebuilt)
            moved = ViewUpdate(tables, current[view], log_slice.until, changes[view], stuck[view])
            updates.append(moved)
        if self._store.save(updates):
            projector.keep(states)
        return True

    def _read_slice(self, after: int, until: int | None) -> LogSlice:
        """The log beyond a position: up to another one, but no more than a batch."""
        events: list[RecordedEvent] = []
        unreadable: dict[str, UnreadableEvent] = {}
        while len(events) < BATCH and (until is None or after < until):
            try:
                page = self._log.read_all(after=after, limit=BATCH - len(events))
            except UnreadableEvent as error:
                after = known_position(error.position)
                unreadable.setdefault(error.plan_id, error)
                continue
            if not page:
                break
            for recorded in page:
                position = known_position(recorded.envelope.position)
                if until is not None and position > until:
                    return LogSlice(until, events, unreadable)
                events.append(recorded)
                after = position
        return LogSlice(after, events, unreadable)

    # --- going round unreadable events ---

    def _retry_stuck_plans(self, positions: ViewPositions) -> bool:
        """Project again what can be read by now; whether there was anything to save.

        Where an event can be read and the view fails on it all the same, this
        process does not try again.
        """
        for view in self._views:
            current = positions[ViewTables(view.name)]
            for stuck in current.stuck.values():
                attempt = (view.name, stuck.plan_id, stuck.version)
                if attempt in self._failed_retries or not self._can_be_read(stuck):
                    continue
                if self._retry(view, current, stuck):
                    return True
                self._failed_retries.add(attempt)
        return False

    def _can_be_read(self, stuck: StuckPlan) -> bool:
        before = stuck.version - 1
        try:
            return bool(self._log.read(stuck.plan_id, after=before, until=stuck.version))
        except UnreadableEvent:
            return False

    def _retry(self, view: View, current: ViewPosition, stuck: StuckPlan) -> bool:
        """Whether the view got past the event, to its position or to another failure."""
        plan_id, unreadable = stuck.plan_id, None
        history: list[RecordedEvent] = []
        try:
            for recorded in plan_events(self._log, plan_id):
                if known_position(recorded.envelope.position) <= current.position:
                    history.append(recorded)  # noqa: PERF401  (those before a failure count)
        except UnreadableEvent as error:
            unreadable = error
        _, results = Projector(self._log).project((view,), plan_id, history, unreadable)
        result = results[view.name]
        if result.failure is not None and result.failure.version == stuck.version:
            return False
        changes = [RowChanges(deletes=((plan_id, None),)), *result.changes]
        still = () if result.failure is None else (self._stuck(result.failure),)
        tables, position = ViewTables(view.name), current.position
        self._store.save([ViewUpdate(tables, current, position, changes, still, (plan_id,))])
        return True

    def _stuck(self, failure: UnreadableEvent) -> StuckPlan:
        return StuckPlan(
            plan_id=failure.plan_id,
            version=failure.version,
            position=failure.position,
            why=failure.why,
            since=self._clock(),
        )

    # --- rebuilding ---

    def _is_outdated(self, view: View, positions: ViewPositions) -> bool:
        found = [positions.get(ViewTables(view.name, rebuilt)) for rebuilt in (False, True)]
        newest = max((current.fold_version for current in found if current), default=0)
        if newest > view.version:
            raise StoreTooNew(
                f"the view {view.name!r} was made by version {newest} of its fold; "
                f"this plangate knows version {view.version}"
            )
        return found[0] is None or found[0].fold_version < view.version

    def _rebuild(
        self,
        views: Sequence[View],
        *,
        afresh: bool,
        progress: Progress | None = None,
        proceed: Callable[[], bool] = _always,
    ) -> None:
        """Rebuild views beside those that are read; processes that do so at once share the work."""
        for view in views:
            self._store.begin(view.name, view.version, afresh=afresh)
        projector = Projector(self._log)
        while proceed():
            positions = self._store.positions()
            begun = {
                view: current.position
                for view in views
                if (current := positions.get(ViewTables(view.name, rebuilt=True)))
                and current.fold_version == view.version
            }
            if not begun:
                return
            if progress is not None:
                progress(min(begun.values()), self._log.last_position())
            if not self._advance(projector, [*begun], positions, rebuilt=True):
                self._refuse_views_beyond_the_log(positions)
                for view in begun:
                    self._store.swap(view.name)

    def _refuse_views_beyond_the_log(self, positions: ViewPositions) -> None:
        """No rebuild could ever replace a view that is ahead of the log."""
        last = self._log.last_position()
        for tables, current in positions.items():
            if not tables.rebuilt and current.position > last:
                raise NotAStore(
                    f"the view {tables.view!r} is at {current.position}, beyond the end of the "
                    f"log at {last}: events were removed; restore a backup"
                )
