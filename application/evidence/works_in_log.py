"""Find the plans of the same work in a log, from their creations alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.same_work import SameWork, Works
from plangate.application.plan_log import PlanIds, selected
from plangate.application.progress import Progress
from plangate.domain.events import PlanCreated


class RepeatedWorks(NamedTuple):
    """The works that several plans have: the number of each plan's, and how it is recognised."""

    of_plan: Mapping[str, int]
    by: Sequence[SameWork]


def repeated_works(store: EventStore, plan_ids: PlanIds, progress: Progress) -> RepeatedWorks:
    """The works that several of the plans have. Of each plan a digest is kept meanwhile."""
    works, found = Works(), list[str]()
    for plan_id in selected(store, plan_ids, progress):
        created = creation_of(store, plan_id)
        if created is not None:
            works.add(plan_id, created)
            found.append(plan_id)
    known = {plan_id: works.of(plan_id) for plan_id in found}
    plans = Counter(work for work in known.values() if work is not None)
    repeated = {work: number for number, work in enumerate(w for w in plans if plans[w] > 1)}
    return RepeatedWorks(
        of_plan={plan: repeated[work] for plan, work in known.items() if work in repeated},
        by=tuple(work.by for work in repeated),
    )


def creation_of(store: EventStore, plan_id: str) -> PlanCreated | None:
    """A plan's creation, from its first event alone; None if it is missing or cannot be read."""
    try:
        first = [entry.event for entry in store.read(plan_id, until=1)]
    except UnreadableEvent:
        return None
    return next((event for event in first if isinstance(event, PlanCreated)), None)
