"""Queries across plans, answered from the views.

An answer reflects what was recorded before the query, so that all callers read what they
wrote, unless the query names a position that is enough. By default a query catches up with
the log itself; with `follow` one background thread does, and the query waits for it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from plangate.application import telemetry
from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.results import Result
from plangate.application.validation import validate
from plangate.application.views.attention import Attention, in_need
from plangate.application.views.board import BoardPage, BoardRequest
from plangate.application.views.catalogue import BOARD, PLANS, REPLANS, TIMELINE, VIEWS
from plangate.application.views.current_plans import CurrentPlans
from plangate.application.views.cursors import cursor, read_cursor
from plangate.application.views.follower import LogFollower
from plangate.application.views.plan_summaries import PlanOrder, PlanPage, PlansRequest
from plangate.application.views.projection import Row
from plangate.application.views.replans import ReplanPage, ReplansRequest
from plangate.application.views.requests import MAX_PAGE, PageRequest, ReadRows, RowPage
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.timeline import TimelinePage, TimelineRequest
from plangate.application.views.view_store import StuckPlan, ViewStore, ViewTables
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict

_Row = TypeVar("_Row", bound=Row)
_Request = TypeVar("_Request", bound=PageRequest)

BOARD_KEYS: Final = ("plan_position", "place", "plan_id", "task_id")
"""What a page of the board continues after."""


class ViewStatus(Result):
    """One view. Before it is first built its fold version is 0.

    `lag` counts the positions of the log that it has yet to project; `rebuilding` is
    how far a rebuild has come, None when none is under way.
    """

    name: str
    fold_version: int
    position: int
    lag: int
    rows: int
    rebuilding: int | None
    stuck: tuple[StuckPlan, ...]


class ViewReport(Result):
    """All views, and the last position of the log.

    `failure` is why the background thread last failed to follow the log; None while it can.
    `went_back` says when this process last found views of events that are no longer in the
    log, and built them again.
    """

    position: int
    views: tuple[ViewStatus, ...]
    failure: str | None = None
    went_back: str | None = None


@telemetry.questions_of("views")
class ViewQueries:
    """Answers from the views of one store, page by page.

    A page has at most `limit` rows (up to 10,000), after those of the page whose `next` is
    `after`. It reflects the log up to the position `at_least`: without one, all that was
    recorded before; with 0, whatever the views have. What is asked of one plan raises
    `PlanNotFound`, or `PlanGone` after its deletion.
    """

    def __init__(
        self,
        store: EventStore,
        views: ViewStore,
        runner: ProjectionRunner,
        follower: LogFollower,
        current: CurrentPlans,
    ) -> None:
        self._store = store
        self._views = views
        self._runner = runner
        self._follower = follower
        self._current = current

    def plans(
        self,
        *,
        state: PlanState | str | None = None,
        verdict: Verdict | str | None = None,
        needs_replan: bool | None = None,
        text: str | None = None,
        labels: Sequence[str] = (),
        order: PlanOrder | str = PlanOrder.OLDEST,
        limit: int = 100,
        after: str | None = None,
        at_least: int | None = None,
    ) -> PlanPage:
        """The plans that match every given filter, one summary each.

        `text` holds words, or beginnings of words, that must all occur in the goal and
        the titles.
        """
        filters = {
            "state": state,
            "verdict": verdict,
            "needs_replan": needs_replan,
            "text": text,
            "labels": labels,
            "order": order,
        }
        page = {"limit": limit, "after": after, "at_least": at_least}
        request = validate(PlansRequest, {**filters, **page})
        fields = [field for field, _ in request.order.keys]
        query = f"{PLANS}/{request.order}"
        rows, following = self._page(PLANS, query, fields, request, self._current.read)
        return PlanPage(plans=rows, next=following)

    def board(
        self,
        plan_id: str | None = None,
        *,
        status: TaskStatus | str | None = None,
        limit: int = 100,
        after: str | None = None,
        at_least: int | None = None,
    ) -> BoardPage:
        """The tasks of a plan, or those in a status, or both, with their workers."""
        page = {"limit": limit, "after": after, "at_least": at_least}
        request = validate(BoardRequest, {"plan_id": plan_id, "status": status, **page})
        if request.plan_id is None and request.status is None:
            raise InvalidInput([Problem("plan_id", "name a plan, a status or both")])
        rows, following = self._page(BOARD, BOARD, BOARD_KEYS, request, self._views.board)
        self._require(request.plan_id, rows)
        return BoardPage(tasks=rows, next=following)

    def timeline(
        self,
        plan_id: str,
        *,
        limit: int = 1_000,
        after: str | None = None,
        at_least: int | None = None,
    ) -> TimelinePage:
        """How a plan's confidence moved, score by score."""
        page = {"limit": limit, "after": after, "at_least": at_least}
        request = validate(TimelineRequest, {"plan_id": plan_id, **page})
        read = self._views.timeline
        rows, following = self._page(TIMELINE, TIMELINE, ("version",), request, read)
        self._require(request.plan_id, rows)
        return TimelinePage(scores=rows, next=following)

    def replans(
        self,
        plan_id: str | None = None,
        *,
        newest_first: bool = False,
        limit: int = 100,
        after: str | None = None,
        at_least: int | None = None,
    ) -> ReplanPage:
        """When and at which confidence gates fired: those of a plan, or of all plans."""
        page = {"limit": limit, "after": after, "at_least": at_least}
        filters = {"plan_id": plan_id, "newest_first": newest_first}
        request = validate(ReplansRequest, {**filters, **page})
        query = f"{REPLANS}/{'newest' if request.newest_first else 'oldest'}"
        rows, following = self._page(REPLANS, query, ("position",), request, self._views.replans)
        self._require(request.plan_id, rows)
        return ReplanPage(replans=rows, next=following)

    def attention(self) -> Attention:
        """The plans that need a person now, the most pressing first.

        A replan is due or the plan is blocked, tasks failed, are replanning or were left by
        their worker, or the plan cannot be read. Plans put away are left out.
        """
        held_up = [
            plan
            for verdict in (Verdict.REPLAN, Verdict.BLOCKED)
            for plan in _every(partial(self.plans, verdict=verdict))
        ]
        tasks = [
            task
            for status in (TaskStatus.FAILED, TaskStatus.REPLANNING, TaskStatus.IN_PROGRESS)
            for task in _every(partial(self.board, status=status))
        ]
        stuck = [one for view in self.report().views for one in view.stuck]
        found = tuple(in_need(held_up, tasks, stuck, self._current.plan, self._current.now()))
        return Attention(plans=found, plan_count=self._views.sizes().get(PLANS, 0))

    # --- the views themselves ---

    def report(self) -> ViewReport:
        """Each view's lag, size and stuck plans, as they are; nothing catches up first."""
        report = view_report(self._store, self._views, self._follower.failure)
        return report.model_copy(update={"went_back": self._runner.went_back})

    def rebuild(self, *names: str, progress: Progress = no_progress) -> None:
        """Build the named views, or all, again from the log alone.

        The new tables grow beside the old ones, which are read until the new ones
        replace them in one transaction. Killing the process harms nothing.
        """
        require_progress(progress)
        known = [view.name for view in VIEWS]
        given: tuple[object, ...] = names
        unknown = [name for name in given if name not in known]
        if unknown:
            what = repr(unknown[0]) if isinstance(unknown[0], str) else "what is named"
            problem = f"{what} is not a view; there are {', '.join(known)}"
            raise InvalidInput([Problem("names", problem)])
        self._runner.rebuild(names or known, progress)

    def follow(self) -> None:
        """Keep the views up to date in a background thread, until the registry closes.

        Queries then no longer catch up themselves; they wait for it where it is behind.
        Registries made by `for_schema` share the thread of the registry they come from.
        """
        self._follower.start()

    def _require(self, plan_id: str | None, rows: Sequence[Row]) -> None:
        """Refuse a question about a plan that is not there; one that cannot be read is there."""
        if plan_id is not None and not rows:
            with suppress(UnreadableEvent):
                self._current.require(plan_id)

    def _page(
        self,
        view: str,
        query: str,
        fields: Sequence[str],
        request: _Request,
        read: ReadRows[_Request, _Row],
    ) -> tuple[tuple[_Row, ...], str | None]:
        """The requested rows, and the cursor behind them if there are more."""
        after = None if request.after is None else read_cursor(request.after, query, fields)

        def rows_at(position: int) -> Any:
            return read(request.model_copy(update={"at_least": position}), after, request.limit + 1)

        rows = self._follower.answer(view, request.at_least, rows_at)
        there_are_more = len(rows) > request.limit
        rows = tuple(rows[: request.limit])
        return rows, cursor(query, fields, rows[-1]) if there_are_more else None


def _every(page_of: Callable[..., RowPage[_Row]]) -> Iterator[_Row]:
    """The rows of all pages."""
    page = page_of(limit=MAX_PAGE)
    yield from page
    while page.next is not None:
        page = page_of(limit=MAX_PAGE, after=page.next)
        yield from page


def view_report(store: EventStore, views: ViewStore, failure: str | None = None) -> ViewReport:
    """The state of all views now; nothing catches up first."""
    positions, sizes, last = views.positions(), views.sizes(), store.last_position()
    found = []
    for view in VIEWS:
        current = positions.get(ViewTables(view.name))
        rebuild = positions.get(ViewTables(view.name, rebuilt=True))
        position = current.position if current else 0
        status = ViewStatus(
            name=view.name,
            fold_version=current.fold_version if current else 0,
            position=position,
            lag=max(last - position, 0),
            rows=sizes.get(view.name, 0),
            rebuilding=rebuild.position if rebuild else None,
            stuck=tuple(current.stuck.values()) if current else (),
        )
        found.append(status)
    return ViewReport(position=last, views=tuple(found), failure=failure)
