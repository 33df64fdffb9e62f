"""Which plans a query about the past reads, one after the other, with progress."""

from collections.abc import Iterator, Sequence

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import PAGE
from plangate.application.progress import Progress
from plangate.application.validation import validate_identifier
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem

PlanIds = str | Sequence[str] | None
"""One plan, some plans, or all that were ever created."""


def every_plan(store: EventStore) -> Iterator[tuple[int, str]]:
    """The first position and the id of every plan, oldest first."""
    after = 0
    while page := store.plan_ids(after=after, limit=PAGE):
        yield from page
        after = page[-1][0]


def selected(store: EventStore, plan_ids: PlanIds, progress: Progress) -> Iterator[str]:
    """The chosen plans, deleted ones too, with `progress` after each.

    Raises `PlanNotFound`, before the first is returned, for one that never existed.
    """
    if plan_ids is None:
        last = store.last_position()
        for position, plan_id in every_plan(store):
            progress(min(position, last), last)
            yield plan_id
        progress(last, last)
        return
    if not isinstance(plan_ids, str | Sequence):
        raise InvalidInput([Problem("plan_ids", "must be a plan's id, or a list of them")])
    listed = [plan_ids] if isinstance(plan_ids, str) else plan_ids
    chosen = list(dict.fromkeys(validate_identifier("plan_ids", plan_id) for plan_id in listed))
    for plan_id in chosen:
        if not _ever_existed(store, plan_id):
            raise PlanNotFound(plan_id)
    for done, plan_id in enumerate(chosen):
        progress(done, len(chosen))
        yield plan_id
    progress(len(chosen), len(chosen))


def _ever_existed(store: EventStore, plan_id: str) -> bool:
    try:
        return bool(store.read(plan_id, until=1) or store.read(plan_id))
    except CorruptEvent:
        return True
