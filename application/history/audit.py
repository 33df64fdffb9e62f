"""Everything that was recorded, with what it changed: who, when, what, why, before and after.

Entries come in order and one at a time, so that a log of any length needs no more
memory than a page of it. StateAt are worked out by following each plan from its
beginning; of plans that recently came by that is remembered.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, Strict, WithJsonSchema

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.plan_cache import PlanCache
from plangate.application.plan_log import Step, known_position, require_next, steps
from plangate.application.progress import Progress
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.results import Result
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent, touches
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Identifier, ScoreKind, Scorer, TaskStatus

KEPT_TASKS: Final = 20_000
"""How many tasks the remembered plans may have together."""

_WHY: Final = ("reason", "rationale", "note")
_PAGE: Final = 1_000
_LARGEST: Final = 2**62


class StateAt(Result):
    """How a plan stood before or after an event. `task_status` is that of the event's task."""

    rolling_confidence: float
    replan_due: bool
    gate_tripped: bool
    task_status: TaskStatus | None


_Fact = Annotated[PlanEvent, WithJsonSchema({"type": "object"})]
"""The shape of each kind of event is published for itself."""


class AuditEntry(Result):
    """One recorded event.

    Who: `actor` asked, `scorer` judged. When: `recorded_at`. What: `kind` is the
    stored name, `event` the fact. Why: the reason, rationale or note that was given.
    `before` and `after` are None where they cannot be known: before a plan's first event,
    and from an event on that is missing or cannot be read. That one says so in `unreadable`.
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
    event: _Fact | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    unreadable: str | None = None


class AuditTrail(Result):
    """Recorded events in order."""

    entries: tuple[AuditEntry, ...]


class AuditWanted(BaseModel):
    """Which events are wanted: of one plan or all, and of those that match the first few."""

    plan_id: Identifier | None = None
    task: Identifier | None = None
    kind: Annotated[str, Strict()] | None = None
    actor: Identifier | None = None
    scorer: Annotated[str, Strict()] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Annotated[int, Strict(), Field(ge=0, le=_LARGEST)] = 0
    limit: Annotated[int, Strict(), Field(ge=1, le=_LARGEST)] | None = None

    def admits(self, name: str, recorded: RecordedEvent) -> bool:
        """Whether an event matches all that is said."""
        event, envelope = recorded.event, recorded.envelope
        scorer: Scorer | None = getattr(event, "scorer", None)
        return (
            (self.actor is None or envelope.actor == self.actor)
            and (self.since is None or envelope.recorded_at >= self.since)
            and (self.until is None or envelope.recorded_at < self.until)
            and (self.kind is None or self.kind in {name, getattr(event, "kind", None)})
            and (self.scorer is None or self.scorer in _spellings(scorer))
            and (self.task is None or self.task in touches(event).task_ids)
        )


def audited(store: EventStore, wanted: AuditWanted, progress: Progress) -> Iterator[AuditEntry]:
    """The events that are wanted, and among them whatever cannot be read."""
    trails = _Trails(store)
    for entry in _stored(store, wanted, progress):
        try:
            recorded = store.format.decode(entry)
        except CorruptEvent as error:
            trails.lose(entry.plan_id)
            yield _unreadable(error)
            continue
        matches = wanted.admits(entry.name, recorded)
        if not matches and not trails.follow(entry.plan_id):
            continue
        before = after = None
        try:
            before, after = trails.past(recorded)
        except CorruptEvent as error:  # an earlier event of the plan
            yield _unreadable(error)
        if matches:
            yield _told(entry.name, recorded, before, after)


def _stored(store: EventStore, wanted: AuditWanted, progress: Progress) -> Iterator[StoredEntry]:
    """The part of the log that is asked about, page by page."""
    reached = wanted.after
    if wanted.plan_id is not None:
        while page := (
            store.read_stored(wanted.plan_id, after=reached, until=reached + _PAGE)
            or store.read_stored(wanted.plan_id, after=reached)  # a whole page may be missing
        ):
            yield from page
            reached = page[-1].version
        return
    last = store.last_position()
    while page := store.read_all_stored(after=reached, limit=_PAGE):
        progress(min(reached, last), last)
        yield from page
        reached = known_position(page[-1].position)
    progress(last, last)


class _Trails:
    """Where plans that came by stand, so that the next event of each costs one step."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._kept = PlanCache[tuple[Plan, RunningConfidence]](
            KEPT_TASKS, lambda kept: len(kept[0].order)
        )
        self._lost: set[str] = set()

    def follow(self, plan_id: str) -> bool:
        """Whether the plan is followed already, and an event that is not told counts for it."""
        return self._kept.get(plan_id) is not None

    def lose(self, plan_id: str) -> None:
        """Follow a plan no further: nothing is known of it any more."""
        self._kept.forget(plan_id)
        self._lost.add(plan_id)

    def past(self, recorded: RecordedEvent) -> tuple[StateAt | None, StateAt | None]:
        """How the plan stood before an event and after it; None where that is not known.

        Raises `CorruptEvent`, once for a plan, where an event before it is missing or
        cannot be read.
        """
        plan_id, task_id = recorded.envelope.plan_id, _task(recorded.event)
        if plan_id in self._lost:
            return None, None
        try:
            plan, figure = self._before(recorded)
        except CorruptEvent:
            self.lose(plan_id)
            raise
        step = Step(plan, recorded, evolve(plan, recorded.event))
        figure_after = figure.after(step)
        self._kept.keep(plan_id, (step.after, figure_after))
        before = _figures(plan, figure, task_id) if plan.version else None
        return before, _figures(step.after, figure_after, task_id)

    def _before(self, recorded: RecordedEvent) -> tuple[Plan, RunningConfidence]:
        """The plan that an event happened to: remembered, or read and folded."""
        plan_id, version = recorded.envelope.plan_id, recorded.envelope.version - 1
        plan, figure = self._kept.get(plan_id) or (Plan(plan_id), RunningConfidence())
        if plan.version != version:
            if plan.version > version:
                plan = Plan(plan_id)
            entries = self._store.read_stored(plan_id, after=plan.version, until=version)
            for step in steps(plan, map(self._store.format.decode, entries)):
                plan = step.after
            figure = RunningConfidence(plan.rolling_confidence)
        require_next(plan, recorded)
        return plan, figure


def _figures(plan: Plan, figure: RunningConfidence, task_id: str | None) -> StateAt:
    task = None if task_id is None else plan.tasks.get(task_id)
    return StateAt(
        rolling_confidence=figure.rolling_confidence,
        replan_due=plan.replan_due,
        gate_tripped=plan.gate.tripped,
        task_status=None if task is None else task.status,
    )


def _told(
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
        why=next((said for name in _WHY if (said := getattr(event, name, None))), None),
        before=before,
        after=after,
        event=event,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
    )


def _unreadable(error: CorruptEvent) -> AuditEntry:
    return AuditEntry(
        event_id=event_id(error.plan_id, error.version),
        plan_id=error.plan_id,
        version=error.version,
        position=error.position,
        unreadable=error.why,
    )


def _task(event: PlanEvent) -> str | None:
    """The task that an event happened to; the creation of a plan happens to none."""
    touched = touches(event)
    return None if touched.every_task else next(iter(touched.task_ids), None)


def _spellings(scorer: Scorer | None) -> Collection[str]:
    """What a scorer can be called: its name, with its kind, its version or both."""
    if scorer is None:
        return ()
    names = (
        [scorer.name]
        if scorer.version is None
        else [scorer.name, f"{scorer.name}@{scorer.version}"]
    )
    return {*names, *(f"{scorer.kind}:{name}" for name in names)}
