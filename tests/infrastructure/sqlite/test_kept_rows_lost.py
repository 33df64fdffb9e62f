"""Rows that are kept in memory meet a fork, another process, and a log that goes back."""

import os
import sqlite3
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plangate
from plangate.application.registry import PlanRegistry
from plangate.application.views.projection import RowChanges, View
from plangate.application.views.run import Run
from tests.support.views.from_scratch import same_views
from tests.support.views.kept import SCORES, TASKS, answers, saved, writing, writing_elsewhere


def in_child(work: Callable[[], None]) -> None:
    """Do `work` in a forked process; it must succeed there."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:  # noqa: BLE001  (nothing may return into the parent's test)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_forked_child_keeps_rows_of_its_own(registry: PlanRegistry, path: Path) -> None:
    registry.score_output("p", "a", 0.5)
    with writing_elsewhere(path):
        kept = answers(registry)

        def ask() -> None:
            assert answers(registry) == kept

        in_child(ask)
        assert saved(path)["plans"] == 1

    def go_on() -> None:
        registry.score_output("p", "b", 0.9)
        same_views(registry)

    in_child(go_on)
    assert saved(path)["plans"] == registry.history.last_position()
    same_views(registry)


def test_rows_of_a_log_that_goes_back_are_not_kept(registry: PlanRegistry, path: Path) -> None:
    registry.score_output("p", "a", 0.5)
    with writing(path):
        registry.views.plans()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM stored_events WHERE originator_version > 1")
    with plangate.connect(path) as other_process:
        other_process.score_output("p", "c", 0.1)
    with writing(path):
        assert [task.output_score for task in registry.views.board("p").tasks] == [None, None, 0.1]
    assert registry.views.report().went_back
    same_views(registry)


def refuse(registry: PlanRegistry, view: str, version: int) -> None:
    """From now on no column can hold the view's rows of the plan "bad" from a version on."""

    def refusing(one: View) -> View:
        def project(state: Any, run: Run) -> tuple[Any, RowChanges]:
            state, changes = one.project(state, run)
            plan = run.after
            if plan.plan_id == "bad" and plan.version >= version:
                upserts = [{**row, "replan_count": 2**70} for row in changes.upserts]
                changes = RowChanges(upserts, changes.deletes, changes.texts)
            return state, changes

        return replace(one, project=project) if one.name == view else one

    runner = registry.views._runner
    runner._views = tuple(map(refusing, runner._views))


@pytest.mark.parametrize("view", ["plans", "board"])
@pytest.mark.parametrize("asked_before", [False, True])
def test_a_plan_whose_rows_cannot_be_saved_does_not_keep_the_others_waiting(
    registry: PlanRegistry, path: Path, view: str, *, asked_before: bool
) -> None:
    refuse(registry, view, 2)
    registry.score_output("p", "a", 0.5)
    registry.create("bad", TASKS, plan_id="bad")
    if asked_before:
        with writing(path):
            assert registry.views.plans().plans[-1].version == 1
    registry.score_output("bad", "a", 0.5)
    with writing(path):
        registry.views.timeline("p")  # what cannot be saved is kept unnoticed
    (good, bad) = registry.views.plans().plans
    assert (good.version, good.stale) == (4, False)
    assert bad.stale == (view == "plans")
    assert {task.stale for task in registry.views.board("bad").tasks} == {view == "board"}
    stuck = {
        one.name: [plan.version for plan in one.stuck] for one in registry.views.report().views
    }
    assert stuck == {name: [2] if name == view else [] for name in stuck}
    assert set(saved(path).values()) == {registry.history.last_position()}


def test_threads_that_ask_while_another_process_saves_agree(
    registry: PlanRegistry, path: Path
) -> None:
    with plangate.connect(path) as other, ThreadPoolExecutor(2) as threads:
        for number in range(8):
            registry.score_output("p", "abc"[number % 3], SCORES[number % 4])
            with writing(path):
                first = threads.submit(answers, registry).result()
            other.views.plans()
            with writing(path):
                both = [threads.submit(answers, registry) for _ in range(2)]
                assert [each.result() for each in both] == [first, first]
            registry.score_output("p", "a", SCORES[number % 3])
            with writing(path):
                both = [threads.submit(answers, registry) for _ in range(2)]
                other_saves = threads.submit(other.views.report)
                assert both[0].result() == both[1].result()
                other_saves.result()
        same_views(registry)
        same_views(other)


def test_a_view_that_another_process_moves_before_it_is_read_is_caught_up_on_again(
    registry: PlanRegistry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.score_output("p", "a", 0.5)
    store: Any = registry._view_store
    read, moved = store._database.read_beside, list[int]()

    def read_late(work: Any) -> Any:
        if not moved:
            lock.close()
            with plangate.connect(path) as other:
                monkeypatch.setattr(other._store, "last_position", lambda: 2)
                other.views.plans()
            moved.append(saved(path)["plans"])
        return read(work)

    monkeypatch.setattr(store._database, "read_beside", read_late)
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    (plan,) = registry.views.plans().plans
    assert plan.version == 4
    assert moved == [2]
    assert saved(path)["plans"] == 4
    same_views(registry)


def test_what_is_kept_is_projected_again_where_another_process_saves_first(
    registry: PlanRegistry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.score_output("p", "a", 0.5)
    with writing(path):
        registry.views.plans()
    save, overtaken = registry._view_store.save, list[bool]()

    def save_late(updates: Any, **how: Any) -> bool:
        assert not updates
        monkeypatch.undo()
        with plangate.connect(path) as other:
            other.views.plans()
        overtaken.append(save(updates, **how))
        return overtaken[0]

    monkeypatch.setattr(registry._view_store, "save", save_late)
    assert registry.views.plans(text="first").plans[0].version == 4
    assert overtaken == [False]
    same_views(registry)
