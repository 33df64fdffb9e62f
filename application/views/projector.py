"""Projects slices of the log into row changes, and remembers the state of recent plans.

What is remembered only saves time: a plan that is not, or not as far as needed, is
folded again from its own events.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Any, Final

from plangate.application.errors import CorruptEvent, UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_cache import PlanCache
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.log_events import PlanEvents
from plangate.application.views.projection import RowChanges, View
from plangate.application.views.run import AppliedEvent, Run, applied, one_by_one
from plangate.domain.plan import Plan
from plangate.domain.plan_draft import PlanDraft

KEPT_TASKS: Final = 20_000
"""How many tasks the remembered plans may have together."""


@dataclass(frozen=True, slots=True)
class Projected:
    """The row changes of a plan's events in one view, up to one that cannot be projected."""

    changes: Sequence[RowChanges] = ()
    failure: UnreadableEvent | None = None


@dataclass(frozen=True, slots=True)
class ProjectorState:
    """A plan, and each view's state of it at the same version."""

    plan: Plan
    of_view: Mapping[str, Any] = field(default_factory=dict)


class Projector:
    """Projects the events of plans, from where their views were last saved."""

    def __init__(self, log: EventStore) -> None:
        self._log = log
        self._kept = PlanCache[ProjectorState](KEPT_TASKS, lambda state: len(state.plan.order))

    def keep(self, states: Iterable[ProjectorState]) -> None:
        """Remember plans, now that their rows are saved."""
        for state in states:
            self._kept.keep(state.plan.plan_id, state)

    def project(
        self,
        views: Sequence[View],
        plan_id: str,
        found: PlanEvents,
    ) -> tuple[ProjectorState, Mapping[str, Projected]]:
        """The row changes of a plan's next events in each view, and the state after them."""
        events, unreadable = found
        try:
            state, results = self._before(views, plan_id, events)
        except UnreadableEvent as error:
            nothing = Projected((), error)
            return ProjectorState(Plan(plan_id)), {view.name: nothing for view in views}
        able = [view for view in views if results[view.name].failure is None]
        state, further = project_events(state, able, events)
        for name, result in further.items():
            results[name] = Projected(result.changes, result.failure or unreadable)
        return state, results

    def one_by_one(
        self, view: View, plan_id: str, events: Sequence[RecordedEvent]
    ) -> Sequence[RowChanges]:
        """The row changes of each event alone, as far as the view gets."""
        state, _ = self._before((view,), plan_id, events)
        found: list[RowChanges] = []
        for event in events:
            state, results = project_events(state, (view,), (event,))
            if results[view.name].failure is not None:
                break
            found += results[view.name].changes
        return found

    def _before(
        self, views: Sequence[View], plan_id: str, events: Sequence[RecordedEvent]
    ) -> tuple[ProjectorState, dict[str, Projected]]:
        """The plan before these events, with the views' states: remembered, or read and folded.

        The rows that the events read here change were saved when they were new.
        """
        version = events[0].envelope.version - 1 if events else 0
        kept = self._kept.get(plan_id)
        known = kept is not None and all(view.name in kept.of_view for view in views)
        if kept is None or not known or kept.plan.version > version:
            kept = ProjectorState(Plan(plan_id))
        missing: Sequence[RecordedEvent] = ()
        if kept.plan.version < version:
            missing = self._log.read(plan_id, after=kept.plan.version, until=version)
        state, results = project_events(kept, views, missing)
        return state, {name: Projected((), result.failure) for name, result in results.items()}


def project_events(
    before: ProjectorState, views: Sequence[View], events: Sequence[RecordedEvent]
) -> tuple[ProjectorState, dict[str, Projected]]:
    """The state of a plan after its next events, and the rows they change in each view."""
    run, failure = _folded(before.plan, events)
    states: dict[str, Any] = {}
    results: dict[str, Projected] = {}
    for view in views:
        state, result = _project(view, before.of_view.get(view.name), run)
        if result.failure is None:
            states[view.name] = state
        results[view.name] = Projected(result.changes, result.failure or failure)
    return ProjectorState(run.after, states), results


def _folded(plan: Plan, events: Sequence[RecordedEvent]) -> tuple[Run, UnreadableEvent | None]:
    """The run of a plan's next events, up to one that cannot be folded."""
    taken: list[AppliedEvent] = []
    draft = PlanDraft(plan)
    try:
        taken.extend(applied(draft, events))
        return Run(plan, taken, draft.frozen()), None
    except Exception as error:
        left = events[len(taken) :]
        if not left or not _fails_again(error, partial(list, applied(PlanDraft(plan), events))):
            raise
        failure = error if isinstance(error, UnreadableEvent) else _failure(error, left[0])
        run, _ = _folded(plan, events[: len(taken)])
        return run, failure


def _project(view: View, state: Any, run: Run) -> tuple[Any, Projected]:
    if not run.steps:
        return state, Projected()
    try:
        after, changes = view.project(state, run)
    except Exception as error:
        if not _fails_again(error, partial(view.project, state, run)):
            raise
        return _project_one_by_one(view, state, run)
    return after, Projected((changes,))


def _project_one_by_one(view: View, state: Any, run: Run) -> tuple[Any, Projected]:
    """Project as far as the view gets, to find the very event that it fails on."""
    found: list[RowChanges] = []
    for alone in one_by_one(run):
        try:
            state, changes = view.project(state, alone)
        except Exception as error:
            if not _fails_again(error, partial(view.project, state, alone)):
                raise  # pragma: no cover  (a signal handler's, tested in a process of its own)
            return state, Projected(found, _failure(error, alone.steps[0].recorded))
        found.append(changes)
    return state, Projected(found)


def _fails_again(error: Exception, fold: Callable[[], object]) -> bool:
    """Whether a fold fails for its event, and not because a signal handler raised the error.

    It is tried in a thread of its own, where no signal handler runs.
    """
    failures: list[Exception] = []

    def attempt() -> None:
        try:
            fold()
        except Exception as failure:  # noqa: BLE001  (one event must not stop the other plans)
            failures.append(failure)

    thread = Thread(target=attempt, daemon=True)
    thread.start()
    thread.join()
    return [(type(one), one.args) for one in failures] == [(type(error), error.args)]


def _failure(error: Exception, recorded: RecordedEvent) -> CorruptEvent:
    """An error of a fold, which stops a view as an event that cannot be read does."""
    envelope, why = recorded.envelope, f"folding it failed: {error!r}"
    return CorruptEvent(envelope.plan_id, envelope.version, why, envelope.position)
