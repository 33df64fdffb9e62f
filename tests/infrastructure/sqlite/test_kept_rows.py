"""A question beside a writer waits for no one: what it cannot save is kept in memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

import plangate
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.sqlite import kept_rows
from tests.support.views.from_scratch import same_views
from tests.support.views.kept import SCORES, TASKS, answers, saved, writing


def test_a_question_waits_for_no_writer(registry: PlanRegistry, path: Path) -> None:
    registry.score_output("p", "a", 0.5)
    with writing(path):
        (plan,) = registry.views.plans().plans
        assert (plan.version, plan.scored) == (4, 1)
        assert [task.output_score for task in registry.views.board("p").tasks] == [0.5, None, None]
        assert saved(path)["plans"] == 1
        assert registry.views.report().views[0].position == 4
    registry.score_output("p", "b", 0.9)
    same_views(registry)
    assert set(saved(path).values()) == {registry.history.last_position()}


def test_what_only_a_saved_view_answers_waits(registry: PlanRegistry, path: Path) -> None:
    registry.create("second", TASKS, plan_id="q")
    with writing(path):
        first = registry.views.board("q", limit=1)
    assert [task.task_id for task in registry.views.board("q", after=first.next).tasks] == [
        "b",
        "c",
    ]
    registry.create("third", TASKS, plan_id="r")
    with writing(path):
        registry.views.plans()
    assert [plan.plan_id for plan in registry.views.plans(text="third").plans] == ["r"]
    assert saved(path)["plans"] == 3


def test_what_is_far_behind_is_saved(
    registry: PlanRegistry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_rows, "FEW", 2)
    with writing_soon_over(registry, path):
        registry.views.plans()
    assert saved(path)["plans"] == 4


@contextmanager
def writing_soon_over(registry: PlanRegistry, path: Path) -> Iterator[None]:
    """Another connection holds the write lock until it was found taken."""
    registry.score_output("p", "a", 0.5)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    store: Any = registry._view_store
    write = store._database.write_derived

    def let_go(work: Any, **how: Any) -> Any:
        assert not how.get("at_once")
        other.execute("ROLLBACK")
        return write(work, **how)

    store._database.write_derived = let_go
    with closing(other):
        yield
    store._database.write_derived = write


@pytest.mark.parametrize("seed", range(6))
def test_answers_equal_those_of_rebuilt_views(path: Path, seed: int) -> None:
    """Writers, other processes that save, rebuild or erase come between at random."""
    random = Random(seed)
    with plangate.connect(path) as registry, plangate.connect(path) as other:
        for plan_id in ("p", "q"):
            registry.create(f"goal {plan_id}", TASKS, plan_id=plan_id, priority=random.randrange(3))
        registry.views.plans()  # built for the first time, they wait
        for _ in range(12):
            act(random, registry, other)
            if random.random() < 0.7:
                with writing(path):
                    found = answers(registry)
            else:
                found = answers(registry)
            if random.random() < 0.3:
                registry.views.rebuild()
            with plangate.connect("memory:") as copy:
                registry.bundles.copy_to(copy)
                assert found == answers(copy)
        same_views(registry)


def act(random: Random, registry: PlanRegistry, other: PlanRegistry) -> None:
    """One command, or what another process does with the views."""
    plan_id = random.choice(("p", "q"))
    plans = {plan.plan_id for plan in registry.list_plans()}
    living = plan_id in plans
    task_id = random.choice("abc")
    match random.randrange(8):
        case 0:
            other.views.plans()
        case 1:
            other.views.rebuild("plans", "board")
        case 2 if "r" not in plans:
            if not registry.history.of("q"):
                registry.create("late", TASKS, plan_id="r")
        case 3 if living and random.random() < 0.2:
            registry.delete(plan_id)
        case 4 if living and random.random() < 0.3:
            registry.erase(plan_id)
        case _ if living:
            registry.score_output(plan_id, task_id, random.choice(SCORES))
        case _:
            pass
