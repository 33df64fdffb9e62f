"""Read recorded events page by page, and fold those of a plan one after the other.

Memory does not grow with the length of a history. Each plan is checked for gaps on the way.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from plangate.application.errors import CorruptEvent, StoreError, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.progress import Progress, require_progress
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.validation import validate_identifier
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.events import PlanCreated
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan

PAGE: Final = 1_000
"""How many events or plans are read at once."""

PlanIds = str | Sequence[str] | None
"""One plan, some plans, or all that were ever created."""


class Step(NamedTuple):
    """One recorded event, and the plan before and after it."""

    before: Plan
    recorded: RecordedEvent
    after: Plan

    @property
    def event_id(self) -> str:
        """The event's id, as in `billing@7`."""
        return self.recorded.envelope.event_id


def steps(plan: Plan, events: Iterable[RecordedEvent]) -> Iterator[Step]:
    """The plan before and after each of its next events.

    Raises `CorruptEvent` where an event is missing.
    """
    for recorded in events:
        step = next_step(plan, recorded)
        plan = step.after
        yield step


def next_step(plan: Plan, recorded: RecordedEvent) -> Step:
    """Apply the plan's next event; raises `CorruptEvent` if this is another one."""
    require_next(plan.plan_id, plan.version + 1, recorded)
    return Step(plan, recorded, evolve(plan, recorded.event))


def require_next(plan_id: str, version: int, recorded: RecordedEvent) -> None:
    """Raise `CorruptEvent` unless the event is the one of a plan at a version."""
    found = recorded.envelope
    if found.version != version or (version == 1) != (type(recorded.event) is PlanCreated):
        raise not_next(plan_id, version, found.version, found.position)


def not_next(plan_id: str, version: int, found: int, position: int | None) -> CorruptEvent:
    """Why an event, which has the version `found`, is not the one of a plan at a version."""
    beginning = "a history begins with the plan's creation, and has no second one"
    why = beginning if found == version else "it is missing"
    return CorruptEvent(plan_id, version, why, position)


def plan_steps(store: EventStore, plan_id: str, until: int | None = None) -> Iterator[Step]:
    """A plan's steps from its creation to a version, or to its newest event.

    Raises `PlanNotFound` if the plan has no events, `CorruptEvent` where an event is
    missing or cannot be read.
    """
    version = 0
    for step in steps(Plan(plan_id), plan_events(store, plan_id, until=until)):
        version = step.after.version
        yield step
    if not version:
        raise PlanNotFound(plan_id)
    if until is not None and version < until:
        raise CorruptEvent(plan_id, version + 1, "it is missing")


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
        except UnreadableEvent as error:
            yield from store.read(plan_id, after=version, until=error.version - 1)
            raise
        # A page is also empty where all of its events are missing; those after it show that.
        page = page or store.read(plan_id, after=version, until=until)
        if not page:
            return
        yield from page
        version = page[-1].envelope.version


def stored_plan_events(store: EventStore, plan_id: str, *, after: int = 0) -> Iterator[StoredEntry]:
    """A plan's events beyond a version as they are stored, in order, with any gaps."""
    while page := (
        store.read_stored(plan_id, after=after, until=after + PAGE)
        or store.read_stored(plan_id, after=after)  # a whole page may be missing
    ):
        yield from page
        after = page[-1].version


def stored_pages(
    store: EventStore, *, after: int = 0, until: int | None = None
) -> Iterator[Sequence[StoredEntry]]:
    """The log beyond a position as it is stored, up to another position or to its end."""
    while until is None or after < until:
        found = store.read_all_stored(after=after, limit=PAGE)
        page = [e for e in found if until is None or known_position(e.position) <= until]
        if not page:
            return
        yield page
        after = known_position(found[-1].position)


def is_erased(store: EventStore, known: StoredEntry, there: StoredEntry) -> bool:
    """Whether an entry is the known one without its text, or cannot be read any more."""
    if known.position != there.position and None not in {known.position, there.position}:
        return False
    form = store.format.canonical_form
    try:
        return known.version == there.version and form(known) == form(there)
    except UnreadableEvent:
        return True


def has_events(store: EventStore, plan_id: str) -> bool:
    """Whether anything is recorded of a plan, even if its creation is missing."""
    return bool(store.read_stored(plan_id, until=1) or store.read_stored(plan_id))


def known_position(position: int | None) -> int:
    """The position, if the engine has one; else raises `StoreError`."""
    if position is None:
        raise StoreError("the event store has no positions; views cannot follow it")
    return position


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
    require_progress(progress)
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
