"""An event that cannot be taken in stops its plan's rows in the view, and nothing else."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import current_thread, main_thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application import plan_log
from plangate.application.errors import StoreError
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.views import projector, run, runner
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.projection import RowChanges
from plangate.application.views.run import Run
from plangate.application.views.view_store import StuckPlan
from plangate.domain.events import PlanEvent, TaskScored
from plangate.domain.evolve import apply
from plangate.domain.plan_draft import PlanDraft
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.clocks import DAWN
from tests.support.model.random_work import RandomWork
from tests.support.properties import repeatable_by_few
from tests.support.stores import plant
from tests.support.views.from_scratch import (
    alike,
    from_scratch,
    reported_now,
    same_views,
    whole_log,
)


def stuck(registry: PlanRegistry, view: str = "plans") -> tuple[StuckPlan, ...]:
    return next(v.stuck for v in registry.views.report().views if v.name == view)


def two_plans(registry: PlanRegistry) -> None:
    for plan_id in "pq":
        registry.create(f"plan {plan_id}", TASKS, plan_id=plan_id)
        registry.score_output(plan_id, "a", 0.5)


def test_the_view_says_which_event_and_why_and_since_when(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    stores.spoil("p", 2)
    registry.score_prompt("q", "b", 0.9)
    assert [(plan.plan_id, plan.stale) for plan in registry.views.plans().plans] == [
        ("p", True),
        ("q", False),
    ]
    for view in registry.views.report().views:
        assert view.lag == 0
        (plan,) = view.stuck
        assert (plan.plan_id, plan.version, plan.position) == ("p", 2, 2)
        assert plan.why.startswith("it is not a stored record")
        assert plan.since >= DAWN


def test_rows_of_a_stuck_plan_stay_and_other_plans_continue(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    before = registry.views.plans().plans
    version = registry.score_prompt("p", "b", 0.9).version
    stores.spoil("p", version)
    registry.score_prompt("q", "b", 0.9)
    fresh = stores.open()
    stale, other = fresh.views.plans().plans
    assert stale == before[0].model_copy(update={"stale": True})
    assert other.version == before[1].version + 1
    assert {task.stale for task in fresh.views.board("p").tasks} == {True}
    assert {entry.stale for entry in fresh.views.timeline("p").scores} == {True}
    assert [entry.stale for entry in fresh.views.replans().replans] == [True, False]


def test_once_the_event_can_be_read_again_the_plan_is_projected_whole(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    whole = stores.spoil("p", 2)
    registry.score_prompt("q", "b", 0.9)
    assert registry.views.plans().plans[0].stale
    stores.spoil("p", 2, whole)
    registry.score_prompt("p", "b", 0.9)
    same_views(registry)
    assert stuck(registry) == ()


def test_a_plan_that_is_damaged_twice_gets_stuck_again_at_the_next_place(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    first, _ = stores.spoil("p", 2), stores.spoil("p", 4)
    assert [plan.version for plan in registry.views.plans().plans] == [1, 4]
    stores.spoil("p", 2, first)
    assert [plan.version for plan in registry.views.plans().plans] == [3, 4]
    assert [plan.version for plan in stuck(registry)] == [4]
    assert registry.views.plans().plans[0].stale


def test_a_plan_without_a_beginning_has_no_rows_and_is_named(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    stores.spoil("p", 1)
    assert [plan.plan_id for plan in registry.views.plans().plans] == ["q"]
    assert [(plan.plan_id, plan.version) for plan in stuck(registry)] == [("p", 1)]


def test_a_missing_event_is_named_where_it_should_be(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    late = registry.history.of("p")[-1]
    plant(stores.log, [RecordedEvent(late.event, replace(late.envelope, version=9))])
    assert [(plan.version, plan.why) for plan in stuck_after_asking(registry)] == [
        (5, "it is missing")
    ]
    plant(stores.log, [RecordedEvent(late.event, replace(late.envelope, version=10))])
    assert len(stuck_after_asking(registry)) == 1


def stuck_after_asking(registry: PlanRegistry) -> tuple[StuckPlan, ...]:
    registry.views.plans()
    return stuck(registry)


def test_a_gap_before_what_is_remembered_is_found_too(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    registry.views.plans()
    version = registry.score_prompt("p", "b", 0.9).version
    stores.spoil("p", version - 1)
    assert [plan.version for plan in stuck_after_asking(stores.open())] == [version - 1]


# --- views that fail on an event that can be read ---

Project = Callable[[Any, Run], Any]


def failing(project: Project, on: int, *, alone: bool = True) -> Project:
    """A fold that chokes on plan p's event of this version, or only among others."""

    def chokes(state: Any, taken: Run) -> Any:
        bad = taken.after.plan_id == "p" and taken.before.version < on <= taken.after.version
        if bad and (alone or len(taken.steps) > 1):
            raise ZeroDivisionError("a mistake")
        return project(state, taken)

    return chokes


def with_a_mistake(registry: PlanRegistry, on: int, **how: bool) -> None:
    registry.views._runner._views = tuple(
        replace(view, project=failing(view.project, on, **how)) if view.name == "board" else view
        for view in VIEWS
    )


def test_a_mistake_in_one_fold_stops_one_plan_in_one_view(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    with_a_mistake(registry, on=3)
    assert {task.stale for task in registry.views.board("p").tasks} == {True}
    assert {task.stale for task in registry.views.board("q").tasks} == {False}
    assert not any(plan.stale for plan in registry.views.plans().plans)
    (found,) = stuck(registry, "board")
    assert found.version == 3
    assert found.why == "folding it failed: ZeroDivisionError('a mistake')"
    assert registry.views.board("p").tasks[0].output_score == 0.5  # as far as the fold got
    registry.score_prompt("p", "b", 0.9)
    registry.score_prompt("q", "b", 0.9)
    assert registry.views.board("q").tasks[1].prompt_score == 0.9
    same_views(stores.open())


def test_a_mistake_behind_rows_that_cannot_be_saved_changes_nothing(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    two_plans(registry)
    with_a_mistake(registry, on=3)
    views = registry.views._runner._views
    chokes = views[1].project

    def unsavable(state: Any, taken: Run) -> tuple[Any, RowChanges]:
        state, changes = chokes(state, taken)
        if (taken.after.plan_id, taken.after.version) != ("p", 2):
            return state, changes
        huge = [{**row, "attempt": 2**70} for row in changes.upserts]
        return state, RowChanges(huge, changes.deletes)

    registry.views._runner._views = (views[0], replace(views[1], project=unsavable), *views[2:])
    assert [task.output_score for task in registry.views.board("p").tasks] == [None, None]
    (found,) = stuck(registry, "board")
    assert (found.plan_id, found.version) == ("p", 2)
    assert "cannot be saved" in found.why
    same_views(stores.open())


class Late(Exception):
    """What a signal handler raises."""


@pytest.mark.parametrize("name", ["apply", "project"])
def test_what_a_signal_handler_raises_in_a_fold_comes_out_and_stops_no_plan(
    stores: SharedStores,
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    two_plans(registry)

    def interrupted(fold: Callable[..., Any], *arguments: Any) -> Any:
        if current_thread() is main_thread():  # where signal handlers run, each time anew
            raise Late
        return fold(*arguments)

    if name == "apply":
        monkeypatch.setattr(run, name, partial(interrupted, apply))
    else:
        on_time = partial(interrupted, VIEWS[1].project)
        views = (VIEWS[0], replace(VIEWS[1], project=on_time), *VIEWS[2:])
        monkeypatch.setattr(registry.views._runner, "_views", views)
    for _ in range(2):
        with pytest.raises(Late):
            registry.views.plans()
    monkeypatch.undo()
    same_views(registry)
    assert stuck(stores.open()) == ()


def test_a_handlers_exception_is_not_taken_for_the_error_of_a_bad_event(
    registry: PlanRegistry,
) -> None:
    two_plans(registry)
    with_a_mistake(registry, on=3)
    views = registry.views._runner._views
    chokes = views[1].project

    def late(state: Any, taken: Run) -> Any:
        if current_thread() is main_thread():
            raise Late
        return chokes(state, taken)

    registry.views._runner._views = (views[0], replace(views[1], project=late), *views[2:])
    with pytest.raises(Late):
        registry.views.board("p")
    registry.views._runner._views = views
    assert {task.stale for task in registry.views.board("p").tasks} == {True}
    assert stuck(registry, "board")[0].why == "folding it failed: ZeroDivisionError('a mistake')"


def test_a_mistake_is_not_made_again_at_every_question(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_plans(registry)
    with_a_mistake(registry, on=3)
    registry.views.board("p")
    registry.views.board("p")
    tried = len(registry.views._runner._stuck_plans._failed)
    monkeypatch.setattr(registry.views._runner._stuck_plans, "_update", None)
    registry.views.board("p")
    assert tried == 1


def test_a_fold_that_fails_on_runs_gets_events_one_by_one(registry: PlanRegistry) -> None:
    two_plans(registry)
    with_a_mistake(registry, on=3, alone=False)
    same_views(registry)


def test_a_mistake_in_the_fold_of_plans_stops_that_plan_alone(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_plans(registry)

    def mistaken(draft: PlanDraft, event: PlanEvent) -> None:
        if draft.plan.plan_id == "p" and isinstance(event, TaskScored):
            raise RecursionError("a mistake")
        apply(draft, event)

    with monkeypatch.context() as patch:
        patch.setattr(run, "apply", mistaken)
        assert [plan.version for plan in registry.views.plans().plans] == [1, 4]
        assert [(plan.version, plan.position) for plan in stuck(registry)] == [(2, 2)]
    same_views(stores.open())


def test_a_store_without_positions_cannot_be_followed(registry: PlanRegistry) -> None:
    two_plans(registry)
    (event, *_) = registry.history.of("p")
    nowhere = RecordedEvent(event.event, replace(event.envelope, position=None))
    with pytest.raises(StoreError, match="has no positions"):
        plan_log.known_position(nowhere.envelope.position)


@repeatable_by_few
@given(
    chance=st.randoms(use_true_random=False),
    batch=st.sampled_from([1, 4, 5_000]),
    work=st.integers(3, 60),
)
def test_an_unreadable_event_stops_one_plan_and_is_caught_up_on_once_it_is_repaired(
    chance: random.Random, batch: int, work: int
) -> None:
    stores = SharedStores(memory_event_store(), memory_view_store())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "BATCH", batch)
        patch.setattr(projector, "KEPT_TASKS", chance.choice([0, 5, 20_000]))
        registry = stores.open()
        worked = RandomWork(registry, chance)
        worked.go_on(work)
        if chance.random() < 0.5:
            registry.views.plans()
        log = whole_log(stores.log)
        poisoned = chance.choice(log).envelope
        whole = stores.spoil(poisoned.plan_id, poisoned.version)
        reader = stores.open()
        reported, now = reported_now(reader)
        healthy = [e for e in log if e.envelope.plan_id != poisoned.plan_id]
        others = {
            view: [row for row in rows if row["plan_id"] != poisoned.plan_id]
            for view, rows in reported.items()
        }
        alike(others, from_scratch(healthy, now))
        stores.spoil(poisoned.plan_id, poisoned.version, whole)
        same_views(reader)
        worked.go_on(work)
        same_views(reader)


def test_a_plan_that_another_process_freed_meanwhile_is_looked_at_once_more_later(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_plans(registry)
    whole = stores.spoil("p", 2)
    assert registry.views.plans().plans[0].stale
    stores.spoil("p", 2, whole)
    saved: list[object] = []

    def overtaken(updates: object, **_how: object) -> bool:
        saved.append(updates)
        return False

    with monkeypatch.context() as patched:
        patched.setattr(stores.views, "save", overtaken)
        registry.views.plans()
    assert len(saved) == len(VIEWS)
    assert not any(plan.stale for plan in registry.views.plans().plans)
    same_views(registry)
