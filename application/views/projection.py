"""What a view is: a pure fold over the events of one plan, and the rows it changes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from plangate.application.errors import StoreError
from plangate.application.recorded_event import RecordedEvent
from plangate.application.stream_cache import refuse_gap
from plangate.application.views.view_store import Changes
from plangate.domain.plan import Plan, evolve


class Step(NamedTuple):
    """One recorded event, and the plan it led to."""

    recorded: RecordedEvent
    plan: Plan

    @property
    def position(self) -> int:
        """Where the event stands in the log."""
        return position_of(self.recorded)


Project = Callable[[Any, Sequence[Step]], tuple[Any, Changes]]
"""From a view's state of one plan (None before its first event) and the plan's next
events to the state after them and the rows they change. Pure; how a history is cut
into runs changes no row."""


@dataclass(frozen=True, slots=True)
class View:
    """A view by its name. A fold that would make other rows of old events has another version."""

    name: str
    version: int
    project: Project


def position_of(recorded: RecordedEvent) -> int:
    """The position of an event; raises `StoreError` for an engine that tells none."""
    return known(recorded.envelope.position)


def known(position: int | None) -> int:
    """A position; raises `StoreError` where an engine tells none."""
    if position is None:
        raise StoreError("the event store tells no positions; views cannot follow it")
    return position


def steps(plan: Plan, events: Iterable[RecordedEvent]) -> Iterable[Step]:
    """The plan after each of its next events; raises `CorruptEvent` where one is missing."""
    for recorded in events:
        refuse_gap(plan, recorded)
        plan = evolve(plan, recorded.event)
        yield Step(recorded, plan)
