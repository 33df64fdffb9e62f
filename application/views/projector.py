"""Projector stretches of the log into changes of views, and remembers where each plan stood.

What is remembered is only a shortcut: a plan that is not, or not as far as needed,
is folded again from its own events.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import Step, steps
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.projection import View
from plangate.application.views.view_store import Changes
from plangate.domain.plan import Plan

KEPT_TASKS: Final = 20_000
"""How many tasks the remembered plans may have together."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log up to a position: what could be read of it, and what could not."""

    until: int
    events: Sequence[RecordedEvent] = ()
    unreadable: Mapping[str, CorruptEvent] = field(default_factory=dict)

    def by_plan(self) -> Mapping[str, Sequence[RecordedEvent]]:
        """The events of each plan, in order."""
        runs: dict[str, list[RecordedEvent]] = {plan_id: [] for plan_id in self.unreadable}
        for recorded in self.events:
            runs.setdefault(recorded.envelope.plan_id, []).append(recorded)
        return runs


@dataclass(frozen=True, slots=True)
class Trouble:
    """The event of a plan that a view could not take in, and why."""

    version: int
    position: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan's events changed in one view, as far as they could be taken in."""

    changes: Sequence[Changes]
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan, and what each view knows of it at the same version."""

    plan: Plan
    states: Mapping[str, Any] = field(default_factory=dict)


class Projector:
    """Where recently seen plans stood when their views were last saved."""

    def __init__(self, log: EventStore) -> None:
        self._log = log
        self._kept: OrderedDict[str, Standing] = OrderedDict()
        self._tasks = 0

    def keep(self, standings: Iterable[Standing]) -> None:
        """Remember plans, now that their rows are saved."""
        for standing in standings:
            self.forget(standing.plan.plan_id)
            self._kept[standing.plan.plan_id] = standing
            self._tasks += len(standing.plan.order)
        while self._tasks > KEPT_TASKS and len(self._kept) > 1:
            self.forget(next(iter(self._kept)))

    def forget(self, plan_id: str) -> None:
        """Remember a plan no longer."""
        standing = self._kept.pop(plan_id, None)
        if standing is not None:
            self._tasks -= len(standing.plan.order)

    def project(
        self,
        views: Sequence[View],
        plan_id: str,
        events: Sequence[RecordedEvent],
        unreadable: CorruptEvent | None = None,
    ) -> tuple[Standing, Mapping[str, Outcome]]:
        """What a plan's next events change in each view, and where the plan stands after them.

        What comes after an unreadable event is left out.
        """
        trouble = None
        if unreadable is not None:
            events = [e for e in events if e.envelope.version < unreadable.version]
            trouble = _trouble(unreadable)
        try:
            standing, outcomes = self._before(views, plan_id, events)
        except CorruptEvent as error:
            nothing = Outcome((), _trouble(error))
            return Standing(Plan(plan_id)), {view.name: nothing for view in views}
        able = [view for view in views if outcomes[view.name].trouble is None]
        standing, further = fold(standing, able, events)
        for name, outcome in further.items():
            outcomes[name] = Outcome(outcome.changes, outcome.trouble or trouble)
        return standing, outcomes

    def _before(
        self, views: Sequence[View], plan_id: str, events: Sequence[RecordedEvent]
    ) -> tuple[Standing, dict[str, Outcome]]:
        """The plan before these events, as the views know it: remembered, or read and folded.

        The rows that the events read here change were saved when they were new.
        """
        version = events[0].envelope.version - 1 if events else 0
        kept = self._kept.get(plan_id)
        known = kept is not None and all(view.name in kept.states for view in views)
        if kept is None or not known or kept.plan.version > version:
            kept = Standing(Plan(plan_id))
        missing: Sequence[RecordedEvent] = ()
        if kept.plan.version < version:
            missing = self._log.read(plan_id, after=kept.plan.version, until=version)
        standing, outcomes = fold(kept, views, missing)
        return standing, {name: Outcome((), told.trouble) for name, told in outcomes.items()}


def fold(
    before: Standing, views: Sequence[View], events: Sequence[RecordedEvent]
) -> tuple[Standing, dict[str, Outcome]]:
    """Where a plan stands after its next events, and what they change in each view."""
    taken: list[Step] = []
    trouble = None
    try:
        for step in steps(before.plan, events):
            taken.append(step)  # noqa: PERF402  (what came before a failure counts)
    except CorruptEvent as error:
        trouble = _trouble(error)
    except Exception as error:  # noqa: BLE001  (one event must not stop the other plans)
        trouble = _failure(error, events[len(taken)])
    states: dict[str, Any] = {}
    outcomes: dict[str, Outcome] = {}
    for view in views:
        state, outcome = _projected(view, before.states.get(view.name), taken)
        if outcome.trouble is None:
            states[view.name] = state
        outcomes[view.name] = Outcome(outcome.changes, outcome.trouble or trouble)
    return Standing(taken[-1].after if taken else before.plan, states), outcomes


def _projected(view: View, state: Any, taken: Sequence[Step]) -> tuple[Any, Outcome]:
    if not taken:
        return state, Outcome(())
    try:
        after, changes = view.project(state, taken)
    except Exception:  # noqa: BLE001  (one event must not stop the other views)
        return _projected_one_by_one(view, state, taken)
    return after, Outcome((changes,))


def _projected_one_by_one(view: View, state: Any, taken: Sequence[Step]) -> tuple[Any, Outcome]:
    """As far as the view gets, to find the very event that it fails on."""
    found: list[Changes] = []
    for step in taken:
        try:
            state, changes = view.project(state, (step,))
        except Exception as error:  # noqa: BLE001  (as above)
            return state, Outcome(found, _failure(error, step.recorded))
        found.append(changes)
    return state, Outcome(found)


def _trouble(error: CorruptEvent) -> Trouble:
    return Trouble(error.version, error.position, error.why)


def _failure(error: Exception, recorded: RecordedEvent) -> Trouble:
    envelope = recorded.envelope
    return Trouble(envelope.version, envelope.position, f"folding it failed: {error!r}")
