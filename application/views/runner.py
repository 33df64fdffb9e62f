"""Keeps the views in step with the log: catching up, rebuilding, going round what is poisoned.

Events are folded outside of any transaction and saved together with the position
they lead to; whoever comes second with the same stretch of the log saves nothing
and goes on from there. So any number of threads and processes may keep the views
of one store, and each may be killed at any moment.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from typing import Final

from plangate.application.errors import CorruptEvent, NotAStore, StoreTooNew
from plangate.application.event_store import Clock, EventStore
from plangate.application.plan_log import known_position
from plangate.application.progress import Progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.projection import View
from plangate.application.views.projector import Projector, Standing, Stretch, Trouble
from plangate.application.views.view_store import (
    Changes,
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
        self._folds = Projector(log)
        self._turn = Lock()
        self._in_vain: set[tuple[str, str, int]] = set()
        self._reached: dict[str, int] = {}

    def position(self, view: str) -> int:
        """How far a view is known to have come; -1 before it can be read at all."""
        return self._reached.get(view, -1)

    def catch_up(self, go_on: Callable[[], bool] = _always) -> None:
        """Lead every view to the end of the log, or as far as `go_on` allows.

        A view that is not there, or was made by an older version of its fold, is
        rebuilt. Raises `StoreTooNew` if a newer plangate made it.
        """
        with self._turn:
            while go_on():
                marks = self._store.marks()
                outdated = [view for view in self._views if self._is_outdated(view, marks)]
                if outdated:
                    self._rebuild(outdated, go_on=go_on, afresh=False)
                    continue
                self._reached = {v.name: marks[ViewTables(v.name)].position for v in self._views}
                if self._frees_stuck_plans(marks):
                    continue
                if not self._advance(self._folds, self._views, marks):
                    return

    def rebuild(self, names: Collection[str], progress: Progress) -> None:
        """Make views again from the log alone, beside those that are read until it is done."""
        chosen = [view for view in self._views if view.name in names]
        self._rebuild(chosen, progress=progress, afresh=True)

    def forget(self, plan_id: str) -> None:
        """Let no view keep what was erased of a plan.

        Views that follow the log learn it from there. Rows that stand still because the
        plan is stuck go until it is freed, and a rebuild that has begun begins again.
        """
        self.catch_up()
        for target, mark in self._store.marks().items():
            if target.rebuilt:
                self._store.begin(target.view, mark.fold_version, afresh=True)
            elif plan_id in mark.stuck:
                self._drops_rows(target, plan_id)

    def _drops_rows(self, target: ViewTables, plan_id: str) -> None:
        gone = Changes(gone=((plan_id, None),))
        saved = False
        while not saved:  # others may lead the view on meanwhile
            mark = self._store.marks()[target]
            saved = self._store.save([ViewUpdate(target, mark, mark.position, (gone,))])

    # --- catching up ---

    def _advance(
        self,
        folds: Projector,
        views: Sequence[View],
        marks: ViewPositions,
        *,
        rebuilt: bool = False,
    ) -> bool:
        """Lead the views that are furthest behind one stretch on; False at the end of the log."""
        positions = {view: marks[ViewTables(view.name, rebuilt)].position for view in views}
        after = min(positions.values())
        ahead = [position for position in positions.values() if position > after]
        stretch = self._stretch(after, min(ahead, default=None))
        if stretch.until == after:
            return False
        behind = [view for view in views if positions[view] == after]
        stuck = {view.name: marks[ViewTables(view.name, rebuilt)].stuck for view in behind}
        changes: dict[str, list[Changes]] = {view.name: [] for view in behind}
        newly: dict[str, list[StuckPlan]] = {view.name: [] for view in behind}
        standings: list[Standing] = []
        for plan_id, events in stretch.by_plan().items():
            able = [view for view in behind if plan_id not in stuck[view.name]]
            unreadable = stretch.unreadable.get(plan_id)
            standing, outcomes = folds.project(able, plan_id, events, unreadable)
            standings.append(standing)
            for name, outcome in outcomes.items():
                changes[name] += outcome.changes
                if outcome.trouble is not None:
                    newly[name].append(self._stuck(plan_id, outcome.trouble))
        updates = [
            ViewUpdate(target, marks[target], stretch.until, changes[name], newly[name])
            for name in changes
            for target in (ViewTables(name, rebuilt),)
        ]
        if self._store.save(updates):
            folds.keep(standings)
        return True

    def _stretch(self, after: int, until: int | None) -> Stretch:
        """The log from a position on: so many events, or up to another position."""
        events: list[RecordedEvent] = []
        unreadable: dict[str, CorruptEvent] = {}
        reached = after
        while len(events) < BATCH and (until is None or reached < until):
            try:
                page = self._log.read_all(after=reached, limit=BATCH - len(events))
            except CorruptEvent as error:
                reached = known_position(error.position)
                unreadable.setdefault(error.plan_id, error)
                continue
            if not page:
                break
            events += page
            reached = known_position(page[-1].envelope.position)
        if until is None or reached <= until:
            return Stretch(reached, events, unreadable)
        return Stretch(
            until,
            [
                recorded
                for recorded in events
                if known_position(recorded.envelope.position) <= until
            ],
            {
                p: error
                for p, error in unreadable.items()
                if known_position(error.position) <= until
            },
        )

    # --- going round what is poisoned ---

    def _frees_stuck_plans(self, marks: ViewPositions) -> bool:
        """Take in again what can be read by now; whether there was anything to save.

        Where an event can be read and the view fails on it all the same, this
        process does not try again.
        """
        for view in self._views:
            mark = marks[ViewTables(view.name)]
            for stuck in mark.stuck.values():
                attempt = (view.name, stuck.plan_id, stuck.version)
                if attempt in self._in_vain or not self._can_be_read(stuck):
                    continue
                if self._takes_in_again(view, mark, stuck):
                    return True
                self._in_vain.add(attempt)
        return False

    def _can_be_read(self, stuck: StuckPlan) -> bool:
        before = stuck.version - 1
        try:
            return bool(self._log.read(stuck.plan_id, after=before, until=stuck.version))
        except CorruptEvent:
            return False

    def _takes_in_again(self, view: View, mark: ViewPosition, stuck: StuckPlan) -> bool:
        """Whether the view got past the event, up to its end or to another one."""
        plan_id, unreadable = stuck.plan_id, None
        try:
            history = self._log.read(plan_id)
        except CorruptEvent as error:
            unreadable = error
            history = self._log.read(plan_id, until=error.version - 1)
        history = [
            recorded
            for recorded in history
            if known_position(recorded.envelope.position) <= mark.position
        ]
        _, outcomes = Projector(self._log).project((view,), plan_id, history, unreadable)
        outcome = outcomes[view.name]
        if outcome.trouble is not None and outcome.trouble.version == stuck.version:
            return False
        changes = [Changes(gone=((plan_id, None),)), *outcome.changes]
        still = () if outcome.trouble is None else (self._stuck(plan_id, outcome.trouble),)
        target = ViewTables(view.name)
        self._store.save([ViewUpdate(target, mark, mark.position, changes, still, (plan_id,))])
        return True

    def _stuck(self, plan_id: str, trouble: Trouble) -> StuckPlan:
        return StuckPlan(
            plan_id=plan_id,
            version=trouble.version,
            position=trouble.position,
            why=trouble.why,
            since=self._clock(),
        )

    # --- rebuilding ---

    def _is_outdated(self, view: View, marks: ViewPositions) -> bool:
        found = [marks.get(ViewTables(view.name, rebuilt)) for rebuilt in (False, True)]
        newest = max((mark.fold_version for mark in found if mark), default=0)
        if newest > view.version:
            raise StoreTooNew(
                f"the view {view.name!r} follows version {newest} of its fold; "
                f"this plangate knows version {view.version}"
            )
        return found[0] is None or found[0].fold_version < view.version

    def _rebuild(
        self,
        views: Sequence[View],
        *,
        afresh: bool,
        progress: Progress | None = None,
        go_on: Callable[[], bool] = _always,
    ) -> None:
        """Rebuild views beside those that are read; whoever else does so too shares the work."""
        for view in views:
            self._store.begin(view.name, view.version, afresh=afresh)
        folds = Projector(self._log)
        while go_on():
            marks = self._store.marks()
            begun = [
                view
                for view in views
                for mark in (marks.get(ViewTables(view.name, rebuilt=True)),)
                if mark is not None and mark.fold_version == view.version
            ]
            if not begun:
                return
            if progress is not None:
                reached = min(marks[ViewTables(view.name, rebuilt=True)].position for view in begun)
                progress(reached, self._log.last_position())
            if not self._advance(folds, begun, marks, rebuilt=True):
                self._refuse_views_beyond_the_log(marks)
                for view in begun:
                    self._store.swap(view.name)

    def _refuse_views_beyond_the_log(self, marks: ViewPositions) -> None:
        """No rebuild could ever take the place of a view that knows more than the log."""
        last = self._log.last_position()
        for target, mark in marks.items():
            if not target.rebuilt and mark.position > last:
                raise NotAStore(
                    f"the view {target.view!r} stands at {mark.position}, beyond the end of the "
                    f"log at {last}: events were removed; bring a backup back"
                )
