"""Keeps the views in step with the log: catching up and rebuilding.

Events are folded outside of any transaction and saved together with the position
they lead to; of two runners with the same slice of the log, the second saves nothing
and continues from there. So any number of threads and processes may keep the views
of one store, and each may be killed at any moment.

A view notes the event at its position. Where another event is there, or none, the log
went back, and the view is built again. A plan whose rows cannot be made or saved is left
behind, as stuck, and the other plans continue.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from typing import Final

from plangate.application import telemetry
from plangate.application.errors import StoreTooNew
from plangate.application.event_store import Clock, EventStore
from plangate.application.forks import renew_in_child
from plangate.application.plan_log import known_position
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.gone_events import discard_what_is_gone
from plangate.application.views.log_events import LogEvents, read_slice
from plangate.application.views.projection import RowChanges, View
from plangate.application.views.projector import Projected, Projector, ProjectorState
from plangate.application.views.stuck_plans import StuckPlans
from plangate.application.views.unsavable import leave_out_unsavable
from plangate.application.views.view_store import (
    UnsavableRows,
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
        self.went_back: str | None = None
        """What was found, the last time that views were made of events that are gone."""
        self._begin()
        renew_in_child(self._begin)

    def _begin(self) -> None:
        self._turn = Lock()
        self._known: dict[str, int] = {}
        self._log_events = LogEvents(self._log)
        self._log_end: tuple[int, StoredEntry | None] | None = None
        self._begin_projecting()

    def _begin_projecting(self) -> None:
        self._projector = Projector(self._log)
        self._projected: tuple[int, str] | None = None
        self._stuck_plans = StuckPlans(self._log, self._store, self._clock)

    def position(self, view: str) -> int:
        """How far a view is known to have come; -1 before it can be read at all."""
        return self._known.get(view, -1)

    def log_end(self) -> int:
        """The last position of the log now."""
        return self._log.last_position()

    def is_current(self) -> bool:
        """Whether the log is as it was when all views were saved at its end, by one query.

        What others did to the views meanwhile only `catch_up` notices.
        """
        if self._log_end is None:
            return False
        before, newest = self._log_end
        page = self._log.read_all_stored(after=before, limit=2)
        return list(page) == ([] if newest is None else [newest])

    def catch_up(self, proceed: Callable[[], bool] = _always, *, saved: bool = False) -> None:
        """Bring every view to the present end of the log, as long as `proceed` says so.

        What is recorded meanwhile is left for the next time, so that this ends beside any
        number of writers. A view that is missing, whose events are gone, or that was made
        by an older version of its fold is rebuilt. Raises `StoreTooNew` if a newer plangate
        made it.

        Unless all has to be `saved`, this waits for no other writer of the store, as long as
        little is unsaved.
        """
        with self._turn:
            self._log_end = None
            end = self._log.last_position()
            self._stuck_plans.look_again()
            while proceed():
                positions = self._store.positions()
                if self._discard_what_is_gone(positions):
                    continue
                outdated = [view for view in self._views if self._is_outdated(view, positions)]
                if outdated:
                    self._rebuild(outdated, proceed=proceed, afresh=False)
                    continue
                self._known = {v.name: positions[ViewTables(v.name)].position for v in self._views}
                if self._stuck_plans.retry(self._views, positions):
                    continue
                moved = self._advance(
                    self._projector, self._views, positions, until=end, at_once=not saved
                )
                if moved is None:
                    if not saved:
                        return
                    if not self._store.save(()):
                        continue
                    self._log_end = self._end_at(min(self._known.values()))
                    return
                self._known |= moved
                if min(self._known.values()) >= end:
                    return

    def _end_at(self, position: int) -> tuple[int, StoredEntry | None]:
        """The newest entry of the log, and a position right before it."""
        return (position - 1, self._log_events.entry(position)) if position else (0, None)

    def rebuild(self, names: Collection[str], progress: Progress) -> None:
        """Build views again from the log alone, beside those that are read until it is done."""
        chosen = [view for view in self._views if view.name in names]
        self._rebuild(chosen, progress=progress, afresh=True)

    def forget(self, plan_id: str) -> None:
        """Let no view keep erased text of a plan.

        Views that follow the log learn of it there. The rows of a stuck plan are deleted
        until it is freed, and a rebuild under way starts over.
        """
        self.catch_up(saved=True)
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
            update = ViewUpdate(tables, current, current.position, (deletion,), event=current.event)
            saved = self._store.save([update])

    # --- catching up ---

    def _advance(
        self,
        projector: Projector,
        views: Sequence[View],
        positions: ViewPositions,
        *,
        until: int,
        rebuilt: bool = False,
        at_once: bool = False,
    ) -> Mapping[str, int] | None:
        """Move the views that are furthest behind by one slice; None once all are at `until`.

        The new positions; none where another process was first.
        """
        current = {view: positions[ViewTables(view.name, rebuilt)] for view in views}
        after = min(found.position for found in current.values())
        ahead = [found.position for found in current.values() if found.position > after]
        log_slice = read_slice(self._log, after, min([*ahead, until]), BATCH)
        if log_slice.last is None:
            return None
        behind = [view for view in views if current[view].position == after]
        projected: dict[View, dict[str, Projected]] = {view: {} for view in behind}
        states: list[ProjectorState] = []
        for plan_id in log_slice.entries:
            able = [view for view in behind if plan_id not in current[view].stuck]
            state, results = projector.project(able, plan_id, log_slice.events_of(plan_id))
            states.append(state)
            for view in able:
                projected[view][plan_id] = results[view.name]

        def update(view: View) -> ViewUpdate:
            tables, results = ViewTables(view.name, rebuilt), projected[view].values()
            changes = [one for result in results for one in result.changes]
            stuck = [self._stuck_plans.stuck(r.failure) for r in results if r.failure is not None]
            position, event = known_position(last.position), self._log_events.identity(last)
            return ViewUpdate(tables, current[view], position, changes, stuck, event=event)

        last = log_slice.last
        try:
            saved = self._store.save([update(view) for view in behind], at_once=at_once)
        except UnsavableRows as refused:
            left_out = [
                view
                for view in behind
                if leave_out_unsavable(
                    *(self._store, projector, view, ViewTables(view.name, rebuilt)),
                    *(projected[view], log_slice),
                )
            ]
            if not left_out:  # a signal handler raised what looked like a refusal
                raise refused.__cause__ or refused from None  # pragma: no cover
            saved = self._store.save([update(view) for view in behind])
        if not saved:
            return {}
        projector.keep(states)
        position = known_position(last.position)
        if projector is self._projector:
            self._projected = (position, self._log_events.identity(last))
        return {view.name: position for view in behind}

    # --- a log that went back ---

    def _discard_what_is_gone(self, positions: ViewPositions) -> bool:
        """Discard what was made of events that are no longer in the log; whether any was.

        What this process remembers of plans is dropped too, also where another one discards
        the views.
        """
        self._log_events.look_again()
        if self._projected is not None and not self._log_events.has(*self._projected):
            self._begin_projecting()
        names = {view.name for view in self._views}
        gone = discard_what_is_gone(self._store, self._log_events, names, positions)
        if gone:
            self._begin_projecting()
        position = max((positions[one].position for one in gone if not one.rebuilt), default=None)
        if position is not None:
            self._known = {}
            self.went_back = (
                f"the log went back behind position {position}, or has other events"
                " there; the views were rebuilt"
            )
            telemetry.log.warning("%s", self.went_back)
        return bool(gone)

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
        telemetry.log.info("building the views %s", ", ".join(view.name for view in views))
        for view in views:
            self._store.begin(view.name, view.version, afresh=afresh)
        projector = Projector(self._log)
        end = self._log.last_position()
        while proceed():
            positions = self._store.positions()
            if self._discard_what_is_gone(positions):
                continue
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
            if self._advance(projector, [*begun], positions, until=end, rebuilt=True) is None:
                for view in begun:
                    self._store.swap(view.name)
                end = self._log.last_position()  # for one that others moved further meanwhile
