"""Reads a plan's recorded events page by page, and steps through them.

Reading in pages bounds the memory for a history of any length. Every step checks that
no event is missing.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from plangate.application.errors import CorruptEvent, StoreError
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.events import PlanCreated
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan

PAGE: Final = 1_000
"""Events or plans that are read at once."""


class Step(NamedTuple):
    """One recorded event, and the plan before and after it."""

    before: Plan
    recorded: RecordedEvent
    after: Plan

    @property
    def event_id(self) -> str:
        """The event's id, as in `billing@7`."""
        return self.recorded.envelope.event_id

    @property
    def position(self) -> int:
        """Where the event is in the log; raises `StoreError` for an engine without positions."""
        return known_position(self.recorded.envelope.position)


def steps(plan: Plan, events: Iterable[RecordedEvent]) -> Iterator[Step]:
    """The plan before and after each of its next events.

    Raises `CorruptEvent` where an event is missing.
    """
    for recorded in events:
        require_next(plan, recorded)
        before, plan = plan, evolve(plan, recorded.event)
        yield Step(before, recorded, plan)


def plan_events(
    store: EventStore, plan_id: str, *, until: int | None = None
) -> Iterator[RecordedEvent]:
    """A plan's events in order, up to a version or to its end.

    Raises `CorruptEvent`, after every event before it, for one that cannot be read.
    """
    version = 0
    while until is None or version < until:
        last = version + PAGE if until is None else min(version + PAGE, until)
        try:
            page = store.read(plan_id, after=version, until=last)
        except CorruptEvent as error:
            yield from store.read(plan_id, after=version, until=error.version - 1)
            raise
        # A page is also empty where all of its events are missing; those after it show that.
        page = page or store.read(plan_id, after=version, until=until)
        if not page:
            return
        yield from page
        version = page[-1].envelope.version


def require_next(plan: Plan, recorded: RecordedEvent) -> None:
    """Raise `CorruptEvent` unless the event is the plan's next."""
    expected = plan.version + 1
    if recorded.envelope.version != expected:
        raise CorruptEvent(plan.plan_id, expected, "it is missing", recorded.envelope.position)
    if (expected == 1) != isinstance(recorded.event, PlanCreated):
        why = "a history begins with the plan's creation, and has no second one"
        raise CorruptEvent(plan.plan_id, expected, why, recorded.envelope.position)


def known_position(position: int | None) -> int:
    """The position, if the engine has one; else raises `StoreError`."""
    if position is None:
        raise StoreError("the event store has no positions; views cannot follow it")
    return position
