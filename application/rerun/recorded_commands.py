"""A plan's history as commands: each with its events, and the plan before and after it.

The first event of a command is the cause that the others name. Everything is read from
the log, page by page, never from a cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import plan_events, require_next
from plangate.application.recorded_event import RecordedEvent
from plangate.application.rerun.recover_command import Unexplained, recover_command
from plangate.application.results import UnreadablePlan
from plangate.domain.commands import PlanCommand
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan


@dataclass(frozen=True)
class RecordedCommand:
    """The events of one command, and the plan before and after them.

    It is not `whole` if the next event is missing or cannot be read.
    """

    before: Plan
    events: tuple[RecordedEvent, ...]
    whole: bool = True

    @cached_property
    def after(self) -> Plan:
        """The plan after all of its events: nothing asks for the plan between two of them."""
        return fold(self.before, (entry.event for entry in self.events))

    def led_to(self, plan: Plan) -> None:
        """Take `plan` as the one after it, since deciding it again gave equal events."""
        self.__dict__["after"] = plan

    @cached_property
    def given(self) -> PlanCommand | str:
        """The command that led to its events, or why none can have."""
        try:
            return recover_command(self.before, self.events)
        except Unexplained as why:
            return str(why)

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
    before = Plan(plan_id)
    events: list[RecordedEvent] = []
    try:
        for recorded in plan_events(store, plan_id):
            require_next(plan_id, before.version + len(events) + 1, recorded)
            cause = recorded.envelope.causation_id
            if events and (cause is None or cause != events[0].envelope.event_id):
                command = RecordedCommand(before, tuple(events))
                yield command
                before, events = command.after, []
                if not command.before.version:
                    before.keeping()
            events.append(recorded)
    except UnreadableEvent:
        if events:
            yield RecordedCommand(before, tuple(events), whole=False)
        raise
    if events:
        yield RecordedCommand(before, tuple(events))


def listed_commands(
    store: EventStore, plan_id: str, unreadable: list[UnreadablePlan]
) -> list[RecordedCommand]:
    """All commands of a plan; none of one that cannot be read, which is added to `unreadable`."""
    try:
        return list(commands_of(store, plan_id))
    except UnreadableEvent as error:
        unreadable.append(UnreadablePlan.of(error))
        return []
