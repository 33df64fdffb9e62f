"""Which plans there are, and what each says of itself now."""

from collections.abc import Iterable, Iterator

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.paging import MAX_PAGE
from plangate.application.results import UnreadablePlan
from plangate.application.stream_cache import Stream, StreamCache


def readable(streams: StreamCache, plan_ids: Iterable[str]) -> Iterator[Stream | UnreadablePlan]:
    """These plans as far as they can be read, in the given order."""
    for plan_id in plan_ids:
        try:
            yield streams.current(plan_id)
        except CorruptEvent as error:
            yield UnreadablePlan.of(error)


def every_plan(store: EventStore) -> Iterator[str]:
    """The id of every plan that was created, oldest first."""
    after = 0
    while page := store.plan_ids(after=after, limit=MAX_PAGE):
        yield from (plan_id for _, plan_id in page)
        after = page[-1][0]
