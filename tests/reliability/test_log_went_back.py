"""The log loses its newest events under a live registry: no hole follows, and it is reported.

That is what an older state restored in place does, and an asynchronous failover.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
import pytest

from plangate import LogWentBack
from plangate.application.operations.log_checks import check_log
from plangate.application.operations.reports import Health
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanExists, PlanNotFound
from plangate.infrastructure.bootstrap import connect
from tests.support.servers.postgres import PostgresServer

TASKS: Final = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]

Store = tuple[str, Callable[[int], None]]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, and what removes its events beyond a position."""
    if request.param == "sqlite":
        path = tmp_path / "plans.db"

        def cut(position: int) -> None:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(
                    "DELETE FROM stored_events WHERE notification_id > ?", [position]
                )
                connection.execute("UPDATE sqlite_sequence SET seq = ?", [position])
                connection.commit()

        return str(path), cut
    server: PostgresServer = request.getfixturevalue("postgres")

    def delete(position: int) -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(
                "DELETE FROM plangate.stored_events WHERE notification_id > %s", [position]
            )

    return server.url, delete


@pytest.fixture
def registry(store: Store) -> Iterator[PlanRegistry]:
    """A registry that knows two plans, p up to version 3 and q up to version 1."""
    with connect(store[0]) as registry:
        registry.create("g", TASKS, plan_id="p")
        registry.create("g", TASKS, plan_id="q")
        registry.score_prompt("p", "a", 0.9, idempotency_key="k")
        registry.score_prompt("p", "b", 0.8)
        registry.views.plans()
        yield registry


def _refused(registry: PlanRegistry) -> None:
    with pytest.raises(PlanExists):
        registry.create("g", TASKS, plan_id="p")


ASKED: Final[dict[str, Callable[[PlanRegistry], object]]] = {
    "status": lambda r: r.get_status("p"),
    "gate": lambda r: r.gate("p"),
    "get": lambda r: r.get("p"),
    "list": lambda r: r.list_plans(),
    "command": lambda r: r.score_prompt("p", "b", 0.1),
    "retry": lambda r: r.score_prompt("p", "a", 0.9, idempotency_key="k"),
    "next task": lambda r: r.next_task("p"),
    "delete": lambda r: r.delete("p"),
    "erase": lambda r: r.erase("p"),
    "refused command": _refused,
    "command with nothing to do": lambda r: r.resume("p", "ready"),
    "next task of all plans": lambda r: r.next_task(),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_it_is_reported_once_and_work_goes_on_from_what_is_there(
    store: Store, registry: PlanRegistry, ask: Callable[[PlanRegistry], object]
) -> None:
    store[1](2)
    with pytest.raises(LogWentBack) as refusal:
        ask(registry)
    assert (refusal.value.plan_id, refusal.value.version) == ("p", 3)
    assert (refusal.value.position, refusal.value.log_end) == (4, 2)
    assert registry.history.last_position() == 2
    ask(registry)
    _is_sound(registry)


def test_other_events_at_the_same_positions_are_noticed(
    store: Store, registry: PlanRegistry
) -> None:
    store[1](2)
    with connect(store[0]) as other:
        other.score_prompt("p", "a", 0.2)
        other.score_prompt("p", "b", 0.3)
        other.score_prompt("q", "a", 0.4)
    assert [row.version for row in registry.views.plans().plans] == [3, 2]
    went_back = registry.views.report().went_back
    assert went_back is not None
    assert "behind position 4" in went_back
    with pytest.raises(LogWentBack):
        registry.score_prompt("p", "a", 0.9)
    assert registry.get_status("p").tasks[0].prompt_score == 0.2
    assert registry.score_prompt("q", "a", 0.5).version == 3
    _is_sound(registry)


def test_no_command_is_acknowledged_on_events_that_are_gone(
    store: Store, registry: PlanRegistry
) -> None:
    store[1](3)
    with connect(store[0]) as other:
        other.score_prompt("p", "b", 0.7)
    with pytest.raises(LogWentBack):
        registry.score_prompt("p", "b", 0.1)
    assert [entry.event_id for entry in registry._store.read_all_stored(limit=9)] == [
        *("p@1", "q@1", "p@2", "p@3"),
    ]
    assert registry.get_status("p").tasks[1].prompt_score == 0.7
    _is_sound(registry)


def test_a_plan_that_is_gone_is_reported_and_then_not_found(
    store: Store, registry: PlanRegistry
) -> None:
    store[1](1)
    with pytest.raises(LogWentBack, match="event q@1 at position 2 is gone"):
        registry.get_status("q")
    with pytest.raises(PlanNotFound):
        registry.get_status("q")
    assert registry.get_status("p").version == 1


def test_views_of_a_process_that_never_knew_the_events_are_built_again(
    store: Store, registry: PlanRegistry
) -> None:
    registry.close()
    store[1](3)
    with connect(store[0]) as fresh:
        assert [row.version for row in fresh.views.plans().plans] == [2, 1]
    store[1](2)
    with connect(store[0]) as other:
        other.score_output("q", "b", 0.3, mark_done=False)
        other.score_output("q", "a", 0.3, mark_done=False)
    with connect(store[0]) as fresh:
        fresh.views.rebuild("board")
        assert fresh.views.plans().plans[0].version == 1
        _is_sound(fresh)


def test_the_follower_survives_it(store: Store, registry: PlanRegistry) -> None:
    registry.views.follow()
    registry.views.plans(at_least=4)
    store[1](2)
    with connect(store[0]) as other:
        other.score_prompt("q", "a", 0.4)
        other.score_prompt("q", "b", 0.4)
        other.score_prompt("q", "b", 0.5)
    assert [row.version for row in registry.views.plans(at_least=5).plans] == [1, 4]
    assert registry.views.report().failure is None


def test_no_import_leaves_a_hole(registry: PlanRegistry, tmp_path: Path) -> None:
    with connect(tmp_path / "other.db") as other:
        registry.bundles.copy_to(other)
        entries = other._store.read_stored("p")
        with pytest.raises(Exception, match="it is missing, so no later event can be recorded"):
            registry._store.append_stored(
                [type(e)("new", e.version, None, e.name, e.state) for e in entries[1:]]
            )
    assert registry.history.last_position() == 4


def _is_sound(registry: PlanRegistry) -> None:
    found = check_log(registry._store, lambda _done, _total: None)
    assert [one for one in found if one.health is Health.PROBLEM] == []
    rows = {row.plan_id: row.version for row in registry.views.plans().plans}
    assert rows == {plan.plan_id: plan.version for plan in registry.list_plans().plans}


def test_a_forked_child_goes_on_following(tmp_path: Path) -> None:
    with connect(tmp_path / "plans.db") as registry:
        registry.views.follow()
        registry.create("g", TASKS, plan_id="p")
        child = os.fork()
        if not child:
            try:
                registry.create("g", TASKS, plan_id="child")
                asked = registry.views.plans(at_least=registry.history.last_position())
                os._exit(0 if len(asked.plans) == 2 else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
