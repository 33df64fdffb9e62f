"""The views are kept by many at once, rebuilt beside the old, and follow their folds' versions."""

from dataclasses import replace
from typing import Any

import pytest

from plangate.application.errors import StoreTooNew
from plangate.application.registry import PlanRegistry
from plangate.application.views import projector, runner
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.view_store import ViewTables
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.views.from_scratch import as_reported, same_views


def work(registry: PlanRegistry, plans: int = 3) -> None:
    for n in range(plans):
        plan_id = registry.create(f"plan {n}", TASKS).plan_id
        registry.score_output(plan_id, "a", 0.5)


def marks(registry: PlanRegistry) -> dict[str, tuple[int, int]]:
    return {view.name: (view.fold_version, view.position) for view in registry.views.report().views}


def with_versions(registry: PlanRegistry, **versions: int) -> None:
    registry.views._runner._views = tuple(
        replace(view, version=versions.get(view.name, view.version)) for view in VIEWS
    )


def test_the_report_catches_up_with_nothing(registry: PlanRegistry) -> None:
    work(registry, plans=1)
    assert marks(registry) == dict.fromkeys(("plans", "board", "timeline", "replans"), (0, 0))
    report = registry.views.report()
    assert (report.position, report.failure) == (4, None)
    assert [(view.lag, view.rows, view.stuck) for view in report.views] == [(4, 0, ())] * 4
    registry.views.plans()
    assert [(view.lag, view.rows) for view in registry.views.report().views] == [
        (0, 1),
        (0, 2),
        (0, 1),
        (0, 1),
    ]


def test_two_registries_keep_one_set_of_views(stores: SharedStores, registry: PlanRegistry) -> None:
    other = stores.open()
    registry.create("g", TASKS, plan_id="p")
    for number in range(6):
        (registry, other)[number % 2].score_output("p", "a", number / 10)
        same_views((other, registry)[number % 2])


def test_who_is_overtaken_goes_on_from_there(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(registry)
    registry.views.plans()
    work(registry)
    save = stores.views.save

    def overtaken(updates: Any, **_how: Any) -> bool:
        monkeypatch.undo()
        assert len(stores.open().views.plans().plans) == 6
        assert not save(updates)
        return False

    monkeypatch.setattr(stores.views, "save", overtaken)
    same_views(registry)


def test_a_plan_that_is_not_remembered_is_folded_again_from_its_events(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "KEPT_TASKS", 3)
    registry = stores.open()
    registry.views.plans()
    work(registry)
    registry.views.plans()
    assert len(registry.views._runner._projector._kept) == 1
    for plan in registry.views.plans().plans:
        registry.score_prompt(plan.plan_id, "b", 0.9)
    same_views(registry)
    same_views(stores.open())


def test_rows_saved_by_another_process_are_caught_up_on_in_memory(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry, plans=1)
    (plan,) = registry.views.plans().plans
    registry.score_prompt(plan.plan_id, "b", 0.9)
    stores.open().views.plans()
    registry.score_prompt(plan.plan_id, "a", 0.9)
    same_views(registry)


def test_a_rebuild_reports_progress(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 3)
    work(registry, plans=2)
    reported: list[tuple[int, int]] = []
    registry.views.rebuild("board", progress=lambda reached, last: reported.append((reached, last)))
    assert reported == [(0, 8), (3, 8), (6, 8), (8, 8)]
    same_views(registry)


def test_readers_see_the_old_view_until_the_new_one_is_whole(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    work(registry, plans=2)
    before = as_reported(registry)

    def look(reached: int, _last: int) -> None:
        assert as_reported(registry) == before
        rebuilding = {view.rebuilding for view in registry.views.report().views}
        assert rebuilding == {reached}

    registry.views.rebuild(progress=look)
    assert as_reported(registry) == before


def test_events_recorded_during_a_rebuild_are_in_it(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    work(registry, plans=2)

    def go_on_working(reached: int, _last: int) -> None:
        if reached < 8:
            work(registry, plans=1)
            registry.views.plans()

    registry.views.rebuild(progress=go_on_working)
    same_views(registry)


class Killed(BaseException):
    """Stands for `kill -9` at this moment."""


@pytest.mark.parametrize("names", [(), ("plans",)])
def test_a_rebuild_that_was_killed_harms_nothing(
    stores: SharedStores,
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    work(registry, plans=2)
    before = as_reported(registry)

    def killed(reached: int, _last: int) -> None:
        if reached:
            raise Killed

    with pytest.raises(Killed):
        registry.views.rebuild(*names, progress=killed)
    assert registry.views.report().views[0].rebuilding == 2
    assert as_reported(stores.open()) == before
    stores.open().views.rebuild()
    assert as_reported(stores.open()) == before
    assert registry.views.report().views[0].rebuilding is None


def replace_score(stores: SharedStores, plan_id: str) -> None:
    """Let the log have another event where the plan's score was."""
    whole = stores.spoil(plan_id, 2)
    other = whole.replace(b"0.5", b"0.6")
    assert other != whole
    stores.spoil(plan_id, 2, other)


def test_a_rebuild_of_events_that_are_gone_begins_again(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    work(registry, plans=2)
    registry.views.plans()

    def killed(reached: int, _last: int) -> None:
        if reached:
            raise Killed

    with pytest.raises(Killed):
        registry.views.rebuild("timeline", progress=killed)
    (first, _) = registry.views.plans().plans
    replace_score(stores, first.plan_id)
    stores.open().views.plans()
    assert registry.views.report().views[2].rebuilding == 0
    stores.open().views.rebuild()
    same_views(stores.open())


def test_plans_of_a_log_that_another_process_found_gone_are_not_remembered(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    plan_id = registry.create("g", TASKS).plan_id
    registry.score_prompt(plan_id, "a", 0.5)
    registry.views.plans()
    replace_score(stores, plan_id)
    stores.open().views.plans()
    stores.open().score_prompt(plan_id, "b", 0.9)
    same_views(registry)
    assert registry.views.report().went_back is None


def test_a_view_whose_fold_changed_is_rebuilt_by_itself(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry)
    registry.views.plans()
    newer = stores.open()
    with_versions(newer, board=2, replans=2)
    work(newer)
    same_views(newer)
    assert marks(newer) == {
        "plans": (VIEWS[0].version, 24),
        "board": (2, 24),
        "timeline": (VIEWS[2].version, 24),
        "replans": (2, 24),
    }


def test_an_older_plangate_leaves_newer_views_alone(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry)
    newer = stores.open()
    with_versions(newer, timeline=3)
    newer.views.plans()
    with pytest.raises(StoreTooNew, match="'timeline' was made by version 3 of its fold"):
        registry.views.plans()


def test_an_older_plangate_leaves_a_newer_rebuild_alone(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry)
    registry.views.plans()
    stores.views.begin("timeline", 3, afresh=False)
    with pytest.raises(StoreTooNew):
        registry.views.plans()


def test_of_two_that_rebuild_one_may_finish_for_both(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry)
    registry.views.plans()

    def finished_by_another(_reached: int, _last: int) -> None:
        marked = stores.views.positions()
        if ViewTables("plans", rebuilt=True) in marked:
            other = stores.open()
            other.views._runner._rebuild(VIEWS[:1], afresh=False)

    registry.views.rebuild("plans", progress=finished_by_another)
    same_views(registry)


def test_views_at_different_positions_are_led_together(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(registry, plans=2)
    registry.views.plans()
    work(registry, plans=2)
    # Rebuilt to the end of the log while the others stay behind.
    monkeypatch.setattr(runner, "BATCH", 3)
    registry.views.rebuild("board")
    assert {position for _, position in marks(registry).values()} == {8, 16}
    same_views(registry)


def test_an_unreadable_event_beyond_the_others_waits_its_turn(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    work(registry, plans=1)
    registry.views.plans()
    work(registry, plans=1)
    registry.views.rebuild("board")
    work(registry, plans=1)
    last = registry.history.events()[-1].envelope
    stores.spoil(last.plan_id, last.version)
    assert [plan.stale for plan in registry.views.plans().plans] == [False, False, True]
    assert {view.position for view in registry.views.report().views} == {12}


def test_an_empty_log_has_empty_views(registry: PlanRegistry) -> None:
    assert registry.views.plans().plans == ()
    registry.views.rebuild()
    assert registry.views.plans().plans == ()
    assert registry.history.last_position() == 0


def test_catching_up_stops_on_request(registry: PlanRegistry) -> None:
    work(registry)
    for steps in range(1, 9):
        answers = iter([True] * steps)
        registry.views._runner.catch_up(lambda answers=answers: next(answers, False))  # type: ignore[misc]
    same_views(registry)


def test_each_view_is_one_fold_with_a_name_and_a_version() -> None:
    assert all(view.version >= 1 for view in VIEWS)
    assert [view.name for view in VIEWS] == ["plans", "board", "timeline", "replans"]


def test_a_rebuild_begins_again_where_the_log_went_back_under_it(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 3)
    work(registry, plans=2)

    def lose_events(reached: int, _last: int) -> None:
        if reached == 6:
            del stores.log._recorder._stored_events[4:]  # type: ignore[attr-defined]

    registry.views.rebuild("board", progress=lose_events)
    again = stores.open()
    assert len(again.views.plans().plans) == 1
    same_views(again)
