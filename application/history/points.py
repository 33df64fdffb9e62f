"""Points in a plan's history: a version, or a moment.

A moment means the last version before the first one that was recorded later. Clocks may
be set back, so nothing else is ordered by time.
"""

from datetime import datetime
from typing import Final, Self

from plangate.application.event_store import EventStore
from plangate.application.plan_log import Step, plan_events
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem

_LARGEST: Final = 2**31 - 1
"""No engine stores more versions of one plan."""


class Moment(Result):
    """A version of a plan: its event, and when that was recorded."""

    version: int
    event_id: str
    recorded_at: datetime

    @classmethod
    def of(cls, step: Step) -> Self:
        """The version after a step."""
        return cls(
            version=step.after.version,
            event_id=step.event_id,
            recorded_at=step.recorded.envelope.recorded_at,
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


def version_at(store: EventStore, plan_id: str, field: str, point: object) -> int:
    """The version at a point, a version or a moment with its zone.

    Raises `InvalidInput` about `field` if it is neither, or there is none.
    """
    if not isinstance(point, datetime):
        return _required(store, plan_id, field, validate_version(field, point))
    moment = validate_moment(field, point)
    version = 0
    recorded = None
    for recorded in plan_events(store, plan_id):
        if recorded.envelope.recorded_at > moment:
            break
        version = recorded.envelope.version
    if version:
        return version
    if recorded is None:
        raise PlanNotFound(plan_id)
    begin = recorded.envelope.recorded_at.isoformat()
    problem = f"there was no plan {plan_id!r} yet; its history begins at {begin}"
    raise InvalidInput([Problem(field, problem)])


def refuse_backwards(field: str, earlier: int, later: int | None) -> None:
    """Raise `InvalidInput` about `field` if `earlier` comes after `later`."""
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
    if version < history[-1].version:  # it is missing, which `plan_steps` reports
        return version
    problem = f"the history of {plan_id!r} ends at version {history[-1].version}"
    raise InvalidInput([Problem(field, problem)])
