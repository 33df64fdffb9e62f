"""What can be asked of plans: how they stand, what happened, what waits for what."""

from collections.abc import Iterable, Iterator, Sequence

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.graph import PlanGraph
from plangate.application.paging import MAX_PAGE, Page
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanStatus, UnreadablePlan
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate, validate_identifier
from plangate.domain.errors import PlanNotFound
from plangate.domain.plan import Plan


class PlanQuestions:
    """The answers of one store, each of them as of now."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._streams = StreamCache(store)

    def get(self, plan_id: str) -> Plan | None:
        """The plan's whole state now, or None if it is not there or was deleted."""
        plan = self._streams.current(validate_identifier("plan_id", plan_id)).plan
        return plan.copied() if plan.exists else None

    def get_status(self, plan_id: str) -> PlanStatus:
        """How the plan stands now."""
        plan = self._streams.current(validate_identifier("plan_id", plan_id)).plan
        plan.require_alive()
        return PlanStatus.of(plan)

    def graph(self, plan_id: str) -> PlanGraph:
        """The plan's dependencies: topological order, what is ready, the critical path."""
        plan = self._streams.current(validate_identifier("plan_id", plan_id)).plan
        plan.require_alive()
        return PlanGraph.of(plan)

    def history(self, plan_id: str) -> Sequence[RecordedEvent]:
        """Everything that happened to a plan, in order, also after its deletion."""
        events = self._store.read(validate_identifier("plan_id", plan_id))
        if not events:
            raise PlanNotFound(plan_id)
        return events

    def events(self, *, after: int = 0, limit: int = 1_000) -> Sequence[RecordedEvent]:
        """The log of all plans in commit order: the `limit` events beyond a position.

        Go on with the position of the last one; an empty answer means there is
        nothing newer. At most 10,000 at a time.
        """
        page = validate(Page, {"after": after, "limit": limit})
        return self._store.read_all(after=page.after, limit=page.limit)

    def _readable(self, plan_ids: Iterable[str] | None = None) -> Iterator[Stream | UnreadablePlan]:
        """These plans, or every plan that was created, oldest first, as far as they can be read."""
        for plan_id in self._every_plan() if plan_ids is None else plan_ids:
            try:
                yield self._streams.current(plan_id)
            except CorruptEvent as error:
                yield UnreadablePlan(plan_id=plan_id, version=error.version, why=error.why)

    def _every_plan(self) -> Iterator[str]:
        after = 0
        while page := self._store.plan_ids(after=after, limit=MAX_PAGE):
            yield from (plan_id for _, plan_id in page)
            after = page[-1][0]
