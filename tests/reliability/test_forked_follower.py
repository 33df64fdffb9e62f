"""A process forks while a background thread keeps its views."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from signal import SIGKILL
from threading import enumerate as threads
from typing import Final

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import PATIENCE
from tests.support.views.from_scratch import same_views

TASKS: Final = [{"id": "a", "title": "A"}]


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on each engine that several processes use."""
    if request.param == "sqlite":
        return str(tmp_path / "plans.db")
    url: str = request.getfixturevalue("postgres").url
    return url


def test_the_follower_runs_on_in_the_child_and_in_the_parent(target: str) -> None:
    with connect(target) as registry:
        registry.views.follow()
        for number in range(5):
            _record(registry, f"parent{number}")

            def in_child(number: int = number) -> None:
                assert _followers() == 0
                _record(registry, f"child{number}")
                assert _followers() == 1
                registry.close()

            def in_child_that_only_asks() -> None:
                at_least = registry.history.last_position()
                assert registry.views.plans(at_least=at_least).plans

            assert _exit_code(in_child) == 0
            assert _exit_code(in_child_that_only_asks) == 0
            _record(registry, f"again{number}")
            assert _followers() == 1
        registry.views.plans(at_least=registry.history.last_position())
        same_views(registry)
    with connect(target) as registry:
        assert len(registry.views.plans().plans) == 15


def test_one_thread_follows_many_schemas_in_the_child_too(postgres: PostgresServer) -> None:
    with connect(postgres.url) as registry:
        tenants = [registry.for_schema(f"tenant_{number}") for number in range(3)]
        for tenant in tenants:
            tenant.views.follow()
            _record(tenant, "parent")
        assert _followers() == 1

        def in_child() -> None:
            assert _followers() == 0
            _record(tenants[0], "child")
            assert _followers() == 1
            _record(tenants[1], "child")
            tenants[2].close()
            assert _followers() == 1
            registry.close()
            assert _followers() == 0

        assert _exit_code(in_child) == 0
        for tenant in tenants:
            _record(tenant, "again")
            same_views(tenant)
        assert _followers() == 1


def _record(registry: PlanRegistry, plan_id: str) -> None:
    """Record something, and see it in the views that the background thread keeps."""
    registry.create("g", TASKS, plan_id=plan_id)
    at_least = registry.history.last_position()
    found = registry.views.plans(order="newest", limit=1, at_least=at_least).plans
    assert [plan.plan_id for plan in found] == [plan_id]


def _followers() -> int:
    return sum(thread.name == "plangate-views" for thread in threads())


def _exit_code(work: Callable[[], None]) -> int:
    """Do `work` in a child, which never gets back to pytest, and wait for its end."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001  (nothing may leave the child)
            traceback.print_exc()
        finally:
            os._exit(code)
    ended = os.pidfd_open(child)
    try:
        with DefaultSelector() as selector:
            selector.register(ended, EVENT_READ)
            if not selector.select(PATIENCE):
                os.kill(child, SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)
