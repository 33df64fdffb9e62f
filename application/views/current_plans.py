"""Plan summaries as of now: a lease or a deferral may have ended since the latest event.

The clock of another process may be ahead, so the latest event may be still to come here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import Clock, EventStore
from plangate.application.stream_cache import StreamCache
from plangate.application.views.plan_summaries import PlansRequest, PlanSummary, at_time
from plangate.application.views.requests import RowKey
from plangate.application.views.view_store import ViewStore
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan


class CurrentPlans:
    """Reads plan summaries of one store by its clock."""

    def __init__(
        self, store: EventStore, streams: StreamCache, views: ViewStore, clock: Clock
    ) -> None:
        self._store = store
        self._streams = streams
        self._views = views
        self._clock = clock

    def read(
        self, request: PlansRequest, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        """The first `limit` plans beyond `after` that match now, as `ViewStore.plans`."""
        now = self.now()
        request = request.model_copy(update={"now": now})
        found: list[PlanSummary] = []
        while len(found) < limit:
            page = self._views.plans(request, after, limit)
            rows = (self._at(row, now) for row in page)
            found += (row for row in rows if _matches(row, request))
            if len(page) < limit:
                break
            after = tuple(getattr(page[-1], field) for field, _ in request.order.keys)
        return found[:limit]

    def now(self) -> datetime:
        """The time by the store's clock."""
        return self._clock().astimezone(UTC)

    def require(self, plan_id: str) -> None:
        """Raise `PlanNotFound` for a plan that never was, `PlanGone` for a deleted one."""
        self.plan(plan_id).require_alive()

    def plan(self, plan_id: str) -> Plan:
        """The plan now, whether it exists or not."""
        return self._streams.current(plan_id).plan

    def _at(self, row: PlanSummary, now: datetime) -> PlanSummary:
        """The row at a time; as it is stored where its plan cannot be read or has no such row."""
        ended = row.changes_at is not None and row.changes_at <= now
        if not ended and row.updated_at <= now:
            return row
        try:
            return row.model_copy(update=at_time(self._plan(row), now))
        except (UnreadableEvent, OverflowError):  # beyond the calendar in UTC
            return row

    def _plan(self, row: PlanSummary) -> Plan:
        """The plan at the version of the row."""
        plan = self._streams.current(row.plan_id).plan
        if plan.version == row.version:
            return plan
        history = self._store.read(row.plan_id, until=row.version)
        return fold(Plan(row.plan_id), (recorded.event for recorded in history))


def _matches(row: PlanSummary, request: PlansRequest) -> bool:
    return request.verdict in {None, row.verdict}
