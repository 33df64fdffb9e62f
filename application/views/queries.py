"""What can be asked across plans, answered from the views.

By default a question first catches up with the log, so that everybody reads what
they wrote. With `follow_log` one background reader does that instead, and a
question can name the position that its answer must reflect.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Self, TypeVar

from plangate.application.errors import StoreError, StoreReadOnly
from plangate.application.event_store import Clock, EventStore
from plangate.application.paging import MAX_PAGE, PlanFilter
from plangate.application.progress import Progress, no_progress
from plangate.application.validation import validate
from plangate.application.views.catalogue import BOARD, PLANS, REPLANS, TIMELINE, VIEWS
from plangate.application.views.cursors import cursor, read_cursor
from plangate.application.views.follower import LogFollower
from plangate.application.views.requests import (
    After,
    BoardPage,
    BoardWanted,
    PlanOrder,
    PlanPage,
    PlansWanted,
    ReplanPage,
    ReplansWanted,
    TimelinePage,
    TimelineWanted,
    Wanted,
)
from plangate.application.views.rows import Row
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.status import ViewReport, ViewStatus
from plangate.application.views.view_store import ViewStore, ViewTables
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import PlanState, TaskStatus

_Row = TypeVar("_Row", bound=Row)
_Wanted = TypeVar("_Wanted", bound=Wanted)

FEW_PLANS: Final = 100
"""So many plans are read sooner than views are brought up to date."""

_ON_THE_BOARD: Final = ("plan_position", "place", "plan_id", "task_id")


class ViewQueries:
    """Answers from the views of one store."""

    def __init__(
        self, store: EventStore, views: ViewStore, runner: ProjectionRunner, follower: LogFollower
    ) -> None:
        self._store = store
        self._views = views
        self._runner = runner
        self._follower = follower

    @classmethod
    def on(cls, store: EventStore, views: ViewStore, clock: Clock) -> Self:
        """The answers from a store's views, with a runner of their own."""
        runner = ProjectionRunner(store, views, clock)
        return cls(store, views, runner, LogFollower(runner))

    def plans(
        self,
        *,
        state: PlanState | str | None = None,
        needs_replan: bool | None = None,
        text: str | None = None,
        labels: Sequence[str] = (),
        order: PlanOrder | str = PlanOrder.OLDEST,
        limit: int = 100,
        after: str | None = None,
        at_least: int = 0,
    ) -> PlanPage:
        """Which plans are there, and how do they stand? Those that match all that is said.

        `text` names words, or beginnings of words, that goal and titles must hold
        between them. Go on with `after`, the `next` of the answer before; at most
        10,000 at a time. `at_least` is a position that the answer must reflect.
        """
        wanted = validate(
            PlansWanted,
            {
                "state": state,
                "needs_replan": needs_replan,
                "text": text,
                "labels": labels,
                "order": order,
                "limit": limit,
                "after": after,
                "at_least": at_least,
            },
        )
        fields = [field for field, _ in wanted.order.keys]
        rows, following = self._page(
            PLANS, f"{PLANS}/{wanted.order}", fields, wanted, self._views.plans
        )
        return PlanPage(plans=rows, next=following)

    def board(
        self,
        plan_id: str | None = None,
        *,
        status: TaskStatus | str | None = None,
        limit: int = 100,
        after: str | None = None,
        at_least: int = 0,
    ) -> BoardPage:
        """Who is where? The tasks of a plan, or those in a status, or both."""
        wanted = validate(
            BoardWanted,
            {
                "plan_id": plan_id,
                "status": status,
                "limit": limit,
                "after": after,
                "at_least": at_least,
            },
        )
        if wanted.plan_id is None and wanted.status is None:
            raise InvalidInput([Problem("plan_id", "name a plan, a status or both")])
        rows, following = self._page(BOARD, BOARD, _ON_THE_BOARD, wanted, self._views.board)
        return BoardPage(tasks=rows, next=following)

    def timeline(
        self,
        plan_id: str,
        *,
        limit: int = 1_000,
        after: str | None = None,
        at_least: int = 0,
    ) -> TimelinePage:
        """How did a plan's confidence move? Its scores as they came; empty for an unknown plan."""
        wanted = validate(
            TimelineWanted,
            {"plan_id": plan_id, "limit": limit, "after": after, "at_least": at_least},
        )
        rows, following = self._page(TIMELINE, TIMELINE, ("version",), wanted, self._views.timeline)
        return TimelinePage(scores=rows, next=following)

    def replans(
        self,
        plan_id: str | None = None,
        *,
        newest_first: bool = False,
        limit: int = 100,
        after: str | None = None,
        at_least: int = 0,
    ) -> ReplanPage:
        """When and on what figures did gates fire? Those of a plan, or of all plans."""
        wanted = validate(
            ReplansWanted,
            {
                "plan_id": plan_id,
                "newest_first": newest_first,
                "limit": limit,
                "after": after,
                "at_least": at_least,
            },
        )
        question = f"{REPLANS}/{'newest' if wanted.newest_first else 'oldest'}"
        rows, following = self._page(REPLANS, question, ("position",), wanted, self._views.replans)
        return ReplanPage(replans=rows, next=following)

    # --- the views themselves ---

    def report(self) -> ViewReport:
        """How far behind, how large and on what stuck each view is; catches up with nothing."""
        marks, sizes, last = self._views.marks(), self._views.sizes(), self._store.last_position()
        found = []
        for view in VIEWS:
            mark, rebuild = (
                marks.get(ViewTables(view.name)),
                marks.get(ViewTables(view.name, rebuilt=True)),
            )
            position = mark.position if mark else 0
            status = ViewStatus(
                name=view.name,
                fold_version=mark.fold_version if mark else 0,
                position=position,
                lag=max(last - position, 0),
                rows=sizes.get(view.name, 0),
                rebuilding=rebuild.position if rebuild else None,
                stuck=tuple(mark.stuck.values()) if mark else (),
            )
            found.append(status)
        return ViewReport(position=last, views=tuple(found), failure=self._follower.failure)

    def rebuild(self, *names: str, progress: Progress = no_progress) -> None:
        """Make views again from the log alone: those that are named, or all.

        They are built beside the old ones, which are read until the new ones take
        their place at once. `progress` hears how far it has come. Killing it harms nothing.
        """
        known = [view.name for view in VIEWS]
        unknown = [name for name in names if name not in known]
        if unknown:
            problem = f"{unknown[0]!r} is no view; there are {', '.join(known)}"
            raise InvalidInput([Problem("names", problem)])
        self._runner.rebuild(names or known, progress)

    def follow(self) -> None:
        """From now on one background thread keeps the views current, until the registry closes.

        Questions then no longer catch up themselves; `at_least` makes them wait.
        """
        self._follower.start()

    def candidates(self, wanted: PlanFilter) -> Iterable[str] | None:
        """Which plans may match, oldest first; None where all of them must be read.

        That is without a filter, and where the views are behind and cannot be written.
        """
        if wanted == PlanFilter(limit=wanted.limit):
            return None
        try:
            self._follower.reach(PLANS, self._store.last_position())
        except StoreReadOnly:
            return None
        matching = PlansWanted(
            state=wanted.state, needs_replan=wanted.needs_replan, labels=wanted.labels
        )
        rows = _all_rows(self._views.plans, matching, ("created_position",))
        stuck = self._views.marks()[ViewTables(PLANS)].stuck
        return dict.fromkeys([*stuck, *(row.plan_id for row in rows)])

    def with_work(self, now: datetime) -> Iterable[str] | None:
        """Plans in which a task may be ready, or held by a claim that has run out; oldest first.

        None where they are better all read: few plans, or views that may not tell. No
        view stands in the way of work.
        """
        if len(self._store.plan_ids(limit=FEW_PLANS + 1)) <= FEW_PLANS:
            return None
        try:
            self._runner.catch_up()
            marks = self._views.marks()
            if marks[ViewTables(PLANS)].stuck or marks[ViewTables(BOARD)].stuck:
                return None
            active = PlansWanted(state=PlanState.ACTIVE)
            found = {
                row.created_position: row.plan_id
                for row in _all_rows(self._views.plans, active, ("created_position",))
            }
            claimed = BoardWanted(status=TaskStatus.IN_PROGRESS)
            for task in _all_rows(self._views.board, claimed, _ON_THE_BOARD):
                if task.lease_until is not None and task.lease_until <= now:
                    found[task.plan_position] = task.plan_id
        except StoreError:
            return None
        return [found[position] for position in sorted(found)]

    def _page(
        self,
        view: str,
        question: str,
        fields: Sequence[str],
        wanted: _Wanted,
        ask: Callable[[_Wanted, After | None, int], Sequence[_Row]],
    ) -> tuple[tuple[_Row, ...], str | None]:
        """The rows that are wanted, and the cursor behind them if there are more."""
        after = None if wanted.after is None else read_cursor(wanted.after, question, fields)
        self._follower.reach(view, wanted.at_least)
        rows: Any = ask(wanted, after, wanted.limit + 1)
        there_are_more = len(rows) > wanted.limit
        rows = tuple(rows[: wanted.limit])
        return rows, cursor(question, fields, rows[-1]) if there_are_more else None


def _all_rows(
    ask: Callable[[_Wanted, After | None, int], Sequence[_Row]],
    wanted: _Wanted,
    fields: Sequence[str],
) -> list[_Row]:
    """Every row that is wanted, by the fields that say where the last one stood."""
    rows: list[_Row] = []
    last: After | None = None
    while page := ask(wanted, last, MAX_PAGE):
        rows += page
        last = tuple(getattr(page[-1], field) for field in fields)
    return rows
