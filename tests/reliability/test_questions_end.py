"""Questions to the views and rebuilds end, although writers never stop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.views import runner
from plangate.application.views.stuck_plans import StuckPlans
from plangate.application.views.view_store import StuckPlan, ViewTables, ViewUpdate
from plangate.infrastructure.bootstrap import connect
from tests.support.clocks import DAWN
from tests.support.views.from_scratch import same_views

TASKS: Final = [{"id": "a", "title": "A"}]
ENOUGH: Final = 30
"""More rounds than any question needs; a writer that is still served then is endless."""


class Writer:
    """Another process, which records an event with each step of a question."""

    def __init__(self, asking: PlanRegistry, other: PlanRegistry) -> None:
        self.saves = 0
        self._save = asking._view_store.save
        self._other = other

    def write(self) -> None:
        """Record one more event."""
        self._other.score_prompt("p", "a", 0.5)

    def save(self, updates: Any, **how: Any) -> bool:
        """Save the views, and record one more event before and after."""
        self.saves += 1
        assert self.saves < ENOUGH
        self.write()
        saved = self._save(updates, **how)
        self.write()
        return saved


@pytest.fixture(params=["sqlite", "postgres"])
def registries(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[PlanRegistry, PlanRegistry]]:
    """Two registries of one store, as two processes have them."""
    target = (
        str(tmp_path / "plans.db")
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").url
    )
    with connect(target) as asking, connect(target) as other:
        asking.create("g", TASKS, plan_id="p")
        yield asking, other


@pytest.fixture
def writer(
    registries: tuple[PlanRegistry, PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> Writer:
    """A writer that is busy for as long as the first registry saves views."""
    busy = Writer(*registries)
    monkeypatch.setattr(registries[0]._view_store, "save", busy.save)
    return busy


def _only_by(registry: PlanRegistry, retry: Any) -> Any:
    """Let one registry alone free stuck plans."""

    def only_by(self: StuckPlans, *arguments: Any) -> bool:
        return self is registry.views._runner._stuck_plans and retry(self, *arguments)

    return only_by


def _positions(registry: PlanRegistry) -> list[int]:
    return [view.position for view in registry.views.report().views]


@pytest.mark.parametrize("batch", [2, runner.BATCH])
def test_a_question_catches_up_to_where_the_log_was(
    registries: tuple[PlanRegistry, PlanRegistry],
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
) -> None:
    monkeypatch.setattr(runner, "BATCH", batch)
    asking, _ = registries
    for _ in range(5):
        writer.saves = 0
        asked_at = asking.history.last_position()
        (plan,) = asking.views.plans(limit=1).plans
        assert plan.updated_position >= asked_at
        assert {position >= asked_at for position in _positions(asking)} == {True}
        writer.write()
    monkeypatch.undo()
    same_views(asking)


@pytest.mark.usefixtures("writer")
def test_a_rebuild_ends(registries: tuple[PlanRegistry, PlanRegistry]) -> None:
    asking, _ = registries
    began_at = asking.history.last_position()
    asking.views.rebuild()
    assert {position >= began_at for position in _positions(asking)} == {True}
    assert {view.rebuilding for view in asking.views.report().views} == {None}


def test_a_stuck_plan_that_others_are_faster_with_holds_no_question_up(
    registries: tuple[PlanRegistry, PlanRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, other = registries
    asking.views.plans()
    monkeypatch.setattr(StuckPlans, "retry", _only_by(asking, StuckPlans.retry))
    views = asking._view_store
    for tables, current in views.positions().items():
        stuck = StuckPlan(plan_id="p", version=1, position=1, why="unreadable", since=DAWN)
        update = ViewUpdate(tables, current, current.position, (), [stuck], event=current.event)
        assert views.save([update])
    save, tried = views.save, []

    def overtaken(updates: Any, **how: Any) -> bool:
        tried.append(updates)
        assert len(tried) < ENOUGH
        if updates[0].freed:
            other.create("g", TASKS)
            other.views.replans()
        return save(updates, **how)

    monkeypatch.setattr(views, "save", overtaken)
    assert asking.views.plans().plans[0].stale
    assert tried
    monkeypatch.undo()
    assert asking.views.board("p").tasks
    assert views.positions()[ViewTables("plans")].stuck == {}
    same_views(asking)
