"""Earlier points of a plan's history, and the way from one to the next.

A point is a version, or a moment: that means the last version before the first one
recorded later. Clocks may be set back, so nothing else is ordered by them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.paging import MAX_PAGE
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import Result
from plangate.application.stream_cache import refuse_gap
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.plan import Plan, evolve

Point = int | datetime
"""A version of a plan, or a moment with its zone."""

_LARGEST: Final = 2**31 - 1
"""No engine stores more versions of one plan."""


class Moment(Result):
    """A version of a plan: the event that led to it, and when that was recorded."""

    version: int
    event_id: str
    recorded_at: datetime


class Step(NamedTuple):
    """A plan before and after one of its recorded events."""

    before: Plan
    recorded: RecordedEvent
    after: Plan

    @property
    def event_id(self) -> str:
        """The event's name, as in `billing@7`."""
        return self.recorded.envelope.event_id

    @property
    def moment(self) -> Moment:
        """Where in the history it leads to."""
        return Moment(
            version=self.after.version,
            event_id=self.event_id,
            recorded_at=self.recorded.envelope.recorded_at,
        )


def validate_version(field: str, given: object) -> int:
    """`given` as a version; raises `InvalidInput`."""
    if isinstance(given, int) and not isinstance(given, bool) and given >= 1:
        return given
    raise InvalidInput([Problem(field, "must be a version, a whole number from 1 on")])


def validate_moment(field: str, given: object) -> datetime:
    """`given` as a moment with its zone; raises `InvalidInput`."""
    if not isinstance(given, datetime):
        raise InvalidInput([Problem(field, "must be a datetime with its time zone")])
    if given.utcoffset() is None:
        raise InvalidInput([Problem(field, f"{given} has no time zone; say which one is meant")])
    return given


def validate_point(field: str, given: object) -> Point:
    """`given` as a version or a moment; raises `InvalidInput`."""
    if isinstance(given, datetime):
        return validate_moment(field, given)
    return validate_version(field, given)


def walk(store: EventStore, plan_id: str, until: int | None = None) -> Iterator[Step]:
    """A plan from event to event, up to a version or to its end; read piece by piece.

    Raises `PlanNotFound` if nothing is recorded of it, `CorruptEvent` where an event
    is missing or cannot be read.
    """
    plan = Plan(plan_id)
    for recorded in _history(store, plan_id, until):
        refuse_gap(plan, recorded)
        before, plan = plan, evolve(plan, recorded.event)
        yield Step(before, recorded, plan)
    if until is not None and plan.version < until:
        raise CorruptEvent(plan_id, plan.version + 1, "it is missing")


def version_at(store: EventStore, plan_id: str, field: str, point: Point) -> int:
    """The version that a point means; raises `InvalidInput` about `field` where there is none."""
    if isinstance(point, int):
        return _required(store, plan_id, field, point)
    version = 0
    for recorded in _history(store, plan_id):
        if recorded.envelope.recorded_at > point:
            break
        version = recorded.envelope.version
    if version:
        return version
    begin = recorded.envelope.recorded_at.isoformat()
    problem = f"there was no plan {plan_id!r} yet; its history begins at {begin}"
    raise InvalidInput([Problem(field, problem)])


def refuse_backwards(field: str, earlier: int, later: int | None) -> None:
    """Raise `InvalidInput` about `field` if what should come first comes second."""
    if later is not None and earlier > later:
        problem = f"that is version {earlier}, which comes after version {later}"
        raise InvalidInput([Problem(field, problem)])


def _required(store: EventStore, plan_id: str, field: str, version: int) -> int:
    known = version <= _LARGEST and store.read_stored(plan_id, after=version - 1, until=version)
    if known:
        return version
    history = store.read_stored(plan_id)
    if not history:
        raise PlanNotFound(plan_id)
    if version < history[-1].version:  # it is missing: who walks there will be told
        return version
    problem = f"the history of {plan_id!r} ends at version {history[-1].version}"
    raise InvalidInput([Problem(field, problem)])


def _history(store: EventStore, plan_id: str, until: int | None = None) -> Iterator[RecordedEvent]:
    """A plan's events as far as asked; what lies beyond need not be readable."""
    reached = 0
    while until is None or reached < until:
        end = reached + MAX_PAGE if until is None else min(reached + MAX_PAGE, until)
        page = store.read_stored(plan_id, after=reached, until=end)
        page = page or store.read_stored(plan_id, after=reached, until=until)
        if not page:  # neither this page nor any behind it
            break
        yield from map(store.format.decode, page)
        reached = page[-1].version
    if not reached:
        raise PlanNotFound(plan_id)
