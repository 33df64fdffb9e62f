"""A plan's history as commands: each with its events, and the plan before and after it.

The first event of a command is the cause that the others name. Everything is read from
the log, page by page, never from a cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import plan_events, steps
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class RecordedCommand:
    """The events of one command, and the plan before and after them.

    It is not `whole` if the next event is missing or cannot be read.
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
    """The commands of a plan in order; none for an unknown plan.

    Raises `CorruptEvent`, after everything before it, where an event is missing or
    cannot be read.
    """
    before = after = Plan(plan_id)
    events: list[RecordedEvent] = []
    try:
        for step in steps(before, plan_events(store, plan_id)):
            cause = step.recorded.envelope.causation_id
            if events and (cause is None or cause != events[0].envelope.event_id):
                yield RecordedCommand(before, tuple(events), step.before)
                before, events = step.before, []
            events.append(step.recorded)
            after = step.after
            if after.version == 1:
                after.keeping()
    except UnreadableEvent:
        if events:
            yield RecordedCommand(before, tuple(events), after, whole=False)
        raise
    if events:
        yield RecordedCommand(before, tuple(events), after)
