"""Audit trail: who did what, when and why, and the plan before and after each event.

Entries are produced one at a time, so memory does not grow with the log. The state before
an event comes from folding its plan; recently folded plans are kept.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, Strict

from plangate.application import plan_log
from plangate.application.errors import CorruptEvent, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.models import Model
from plangate.application.plan_cache import PlanCache
from plangate.application.progress import Progress
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.results import Result
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent, touches
from plangate.domain.plan import Plan
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import Identifier, ScoreKind, Scorer, TaskStatus

KEPT_TASKS: Final = 20_000
"""How many tasks the kept plans may have together."""

_REASONS: Final = ("reason", "rationale", "note")
_LARGEST: Final = 2**62


class StateAt(Result):
    """A plan's gate before or after an event, and the status of the event's task.

    The confidence rests on `scored` tasks; on none, it says nothing.
    """

    rolling_confidence: float
    scored: int
    replan_due: bool
    gate_tripped: bool
    task_status: TaskStatus | None


class AuditEntry(Result):
    """One recorded event.

    Who: `actor` sent the command, `scorer` judged. When: `recorded_at`. What: `kind` is the
    stored name, `event` its content. Why: its reason, rationale or note. `before` is None
    for a plan's first event. Both states are None from an event on that is missing or
    cannot be read; `unreadable` says why.
    """

    event_id: str
    plan_id: str
    version: int
    position: int | None
    recorded_at: datetime | None = None
    actor: str | None = None
    scorer: Scorer | None = None
    kind: str | None = None
    task_id: str | None = None
    score_kind: ScoreKind | None = None
    why: str | None = None
    before: StateAt | None = None
    after: StateAt | None = None
    event: PlanEvent | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    unreadable: str | None = None


class AuditTrail(Result):
    """Recorded events in order."""

    entries: tuple[AuditEntry, ...]


_Beyond = Annotated[int, Strict(), Field(ge=0, le=_LARGEST)]


class AuditFilter(Model):
    """Which events an audit lists. An event must match every field that is set."""

    plan_id: Identifier | None = None
    task: Identifier | None = None
    kind: Annotated[str, Strict()] | None = None
    actor: Identifier | None = None
    scorer: Annotated[str, Strict()] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: _Beyond = 0
    after_version: _Beyond = 0
    limit: Annotated[int, Strict(), Field(ge=1, le=_LARGEST)] | None = None

    def admits(self, name: str, recorded: RecordedEvent) -> bool:
        """Whether an event, stored under this name, matches."""
        event, envelope = recorded.event, recorded.envelope
        scorer: Scorer | None = getattr(event, "scorer", None)
        return (
            (self.actor is None or envelope.actor == self.actor)
            and (self.since is None or envelope.recorded_at >= self.since)
            and (self.until is None or envelope.recorded_at < self.until)
            and (self.kind is None or self.kind in {name, getattr(event, "kind", None)})
            and (self.scorer is None or self.scorer in names_of(scorer))
            and (self.task is None or self.task in touches(event).task_ids)
        )


def audit_entries(
    store: EventStore, chosen: AuditFilter, progress: Progress
) -> Iterator[AuditEntry]:
    """The events that match, and every event that cannot be read."""
    plans = _FollowedPlans(store)
    for entry in _stored(store, chosen, progress):
        try:
            recorded = _read(store, entry)
        except UnreadableEvent as error:
            plans.give_up(entry.plan_id)
            yield _unreadable(error)
            continue
        matches = chosen.admits(entry.name, recorded)
        if not matches and not plans.follows(entry.plan_id):
            continue
        before = after = None
        try:
            before, after = plans.states(recorded)
        except UnreadableEvent as error:  # an earlier event of the plan
            yield _unreadable(error)
        if matches:
            yield _entry(entry.name, recorded, before, after)


def _read(store: EventStore, entry: StoredEntry) -> RecordedEvent:
    if not str(entry.version).isdecimal():  # an SQLite file keeps whatever was written to it
        why = f"its version is not a number: {entry.version!r}"
        raise CorruptEvent(entry.plan_id, 0, why, entry.position)
    return store.format.decode(entry)


def _stored(store: EventStore, chosen: AuditFilter, progress: Progress) -> Iterator[StoredEntry]:
    if chosen.plan_id is not None:
        for entry in plan_log.stored_plan_events(store, chosen.plan_id, after=chosen.after_version):
            if not chosen.after or plan_log.known_position(entry.position) > chosen.after:
                yield entry
        return
    last = store.last_position()
    for page in plan_log.stored_pages(store, after=chosen.after):
        progress(min(plan_log.known_position(page[0].position) - 1, last), last)
        yield from page
    progress(last, last)


class _FollowedPlans:
    """Recently seen plans with their confidence, so that the next event of each is one step."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._kept = PlanCache[tuple[Plan, RunningConfidence]](
            KEPT_TASKS, lambda kept: len(kept[0].order)
        )
        self._lost: set[str] = set()

    def follows(self, plan_id: str) -> bool:
        """Whether the plan is kept, so that events that do not match must be applied too."""
        return self._kept.get(plan_id) is not None

    def give_up(self, plan_id: str) -> None:
        """Stop following a plan whose state is no longer known."""
        self._kept.forget(plan_id)
        self._lost.add(plan_id)

    def states(self, recorded: RecordedEvent) -> tuple[StateAt | None, StateAt | None]:
        """The plan before and after an event; None where it is not known.

        Raises `CorruptEvent`, once per plan, where an earlier event is missing or cannot
        be read.
        """
        plan_id, task_id = recorded.envelope.plan_id, _task(recorded.event)
        if plan_id in self._lost:
            return None, None
        try:
            plan, confidence = self._before(recorded)
            step = plan_log.next_step(plan, recorded)
        except UnreadableEvent:
            self.give_up(plan_id)
            raise
        confidence_after = confidence.after(step)
        self._kept.keep(plan_id, (step.after, confidence_after))
        before = _state(plan, confidence, task_id) if plan.version else None
        return before, _state(step.after, confidence_after, task_id)

    def _before(self, recorded: RecordedEvent) -> tuple[Plan, RunningConfidence]:
        """The plan before an event: kept, or read and folded."""
        plan_id, version = recorded.envelope.plan_id, recorded.envelope.version - 1
        plan, confidence = self._kept.get(plan_id) or (Plan(plan_id), RunningConfidence())
        if plan.version == version:
            return plan, confidence
        if plan.version > version:
            plan = Plan(plan_id)
        earlier = self._store.read_stored(plan_id, after=plan.version, until=version)
        for step in plan_log.steps(plan, map(self._store.format.decode, earlier)):
            plan = step.after
        return plan, RunningConfidence(plan.rolling_confidence)


def _state(plan: Plan, confidence: RunningConfidence, task_id: str | None) -> StateAt:
    task = None if task_id is None else plan.tasks.get(task_id)
    return StateAt(
        rolling_confidence=confidence.rolling_confidence,
        scored=plan.traits.count(Trait.SCORED),
        replan_due=plan.replan_due,
        gate_tripped=plan.gate.tripped,
        task_status=None if task is None else task.status,
    )


def _entry(
    name: str, recorded: RecordedEvent, before: StateAt | None, after: StateAt | None
) -> AuditEntry:
    event, envelope = recorded.event, recorded.envelope
    kind = getattr(event, "kind", None)
    return AuditEntry(
        event_id=envelope.event_id,
        plan_id=envelope.plan_id,
        version=envelope.version,
        position=envelope.position,
        recorded_at=envelope.recorded_at,
        actor=envelope.actor,
        scorer=getattr(event, "scorer", None),
        kind=name,
        task_id=_task(event),
        score_kind=kind if isinstance(kind, ScoreKind) else None,
        why=next((text for name in _REASONS if (text := getattr(event, name, None))), None),
        before=before,
        after=after,
        event=event,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
    )


def _unreadable(error: UnreadableEvent) -> AuditEntry:
    return AuditEntry(
        event_id=event_id(error.plan_id, error.version),
        plan_id=error.plan_id,
        version=error.version,
        position=error.position,
        unreadable=error.why,
    )


def _task(event: PlanEvent) -> str | None:
    """The event's task; the creation of a plan has none."""
    touched = touches(event)
    return None if touched.every_task else next(iter(touched.task_ids), None)


def names_of(scorer: Scorer | None) -> Collection[str]:
    """How a scorer can be named: by name, with its kind, its version or both."""
    if scorer is None:
        return ()
    names = {scorer.name}
    if scorer.version is not None:
        names.add(f"{scorer.name}@{scorer.version}")
    return names | {f"{scorer.kind}:{name}" for name in names}
