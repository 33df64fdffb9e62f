"""Choose the plans that a question about the past is about, and report progress over them."""

from collections.abc import Iterator, Sequence

from plangate.application.event_store import EventStore
from plangate.application.plan_log import PAGE, has_events
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
    """The chosen plans, deleted ones included; `progress` is called before each and at the end.

    Raises `PlanNotFound`, before it yields any plan, for an id that was never used.
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
        if not has_events(store, plan_id):
            raise PlanNotFound(plan_id)
    for done, plan_id in enumerate(chosen):
        progress(done, len(chosen))
        yield plan_id
    progress(len(chosen), len(chosen))
