"""A plan's history cut into the commands that brought it about.

A recorded command is its first event and those that name it as their cause,
between the plan as it stood before and after. Everything is read from the log,
page by page; what is kept in memory for other purposes is never used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import plan_events, require_next
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class RecordedCommand:
    """The events of one command, and the plan before and after them.

    It is not known to be `whole` where the event behind it is missing or cannot be read.
    """

    before: Plan
    events: tuple[RecordedEvent, ...]
    after: Plan
    whole: bool = True

    @property
    def event_id(self) -> str:
        """The id of the command's first event."""
        return self.events[0].envelope.event_id

    @property
    def at(self) -> datetime:
        """When it was decided."""
        return self.events[0].event.at


def commands_of(store: EventStore, plan_id: str) -> Iterator[RecordedCommand]:
    """The commands of a plan in their order; none for a plan that never was.

    Raises `CorruptEvent`, after everything before it, where an event is missing or
    cannot be read.
    """
    before = after = Plan(plan_id)
    events: list[RecordedEvent] = []
    try:
        for recorded in plan_events(store, plan_id):
            require_next(after, recorded)
            cause = recorded.envelope.causation_id
            if events and (cause is None or cause != events[0].envelope.event_id):
                yield RecordedCommand(before, tuple(events), after)
                before, events = after, []
            events.append(recorded)
            after = evolve(after, recorded.event)
    except CorruptEvent:
        if events:
            yield RecordedCommand(before, tuple(events), after, whole=False)
        raise
    if events:
        yield RecordedCommand(before, tuple(events), after)
