"""What the logger `plangate` gets: slow commands, conflicts, failures of the background thread."""

import logging
import subprocess
import sys
from pathlib import Path
from threading import Event

import opentelemetry.trace
import pytest

import plangate
from plangate.application import telemetry
from plangate.application.command_handler import ATTEMPTS
from plangate.application.errors import ConcurrentChange, StoreUnavailable
from plangate.application.registry import PlanRegistry

TASKS = [{"id": "a", "title": "A"}]


def test_a_slow_command_is_named(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry.create("g", TASKS)
    assert not caplog.text
    monkeypatch.setattr(telemetry, "SLOW", 0.0)
    registry.list_plans()
    assert not caplog.text
    registry.create("g", TASKS)
    assert "the command create took 0.0 s" in caplog.text


@pytest.mark.parametrize("imported", [False, True])
def test_conflicts_are_reported_whether_or_not_opentelemetry_is_imported(
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    imported: bool,
) -> None:
    assert opentelemetry.trace.__name__ in sys.modules
    if not imported:
        monkeypatch.setattr(telemetry, "_OTEL", "opentelemetry.missing")
    registry.create("g", TASKS, plan_id="q")
    assert registry.gate("q").may_continue

    def refuse(*_: object, **__: object) -> None:
        raise ConcurrentChange("p")

    monkeypatch.setattr(registry._store, "append", refuse)
    with caplog.at_level(logging.DEBUG, "plangate"), pytest.raises(ConcurrentChange):
        registry.create("g", TASKS, plan_id="p")
    levels = [record.levelname for record in caplog.records]
    assert levels == ["DEBUG"] * ATTEMPTS + ["WARNING"]
    assert "the plan 'p' kept changing under a command" in caplog.text


def test_a_background_thread_that_fails_says_so_once(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter(["gone", "gone", "full"])
    follower, ended = registry._follower, Event()

    def fail(*_: object, **__: object) -> None:
        why = next(failures, None)
        if why is None:
            ended.set()
        raise StoreUnavailable(why or "full")

    monkeypatch.setattr("plangate.application.views.follower.LOOK_EVERY", 0.0)
    monkeypatch.setattr(follower._runner, "catch_up", fail)
    registry.views.follow()
    assert ended.wait(30)
    follower.stop()
    found = [record.getMessage() for record in caplog.records]
    assert found == [
        f"the views cannot follow the log: StoreUnavailable: {why}" for why in ("gone", "full")
    ]
    health = registry.health()
    assert (health.ok, health.reachable) == (False, True)
    assert health.failure == "StoreUnavailable: full"


def test_making_the_tables_and_views_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "plangate"), plangate.connect(tmp_path / "p.db") as registry:
        registry.views.plans()
    assert "p.db: the tables go from layout 0 to" in caplog.text
    assert "building the views plans, board" in caplog.text


def test_without_a_handler_nothing_is_printed(tmp_path: Path) -> None:
    program = (
        "import plangate, plangate.application.telemetry as t; t.SLOW = 0.0\n"
        f"plangate.connect({str(tmp_path / 'p.db')!r}).create('g', [{{'title': 'A'}}])"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", "")


def test_health_says_how_far_views_are_behind_and_whether_the_store_answers(
    registry: PlanRegistry,
) -> None:
    registry.create("g", TASKS)
    health = registry.health()
    assert (health.ok, health.reachable, health.position, health.problem) == (True, True, 1, None)
    assert {view.lag for view in health.views} == {1}
    registry.views.plans()
    assert {(view.lag, view.stuck) for view in registry.health().views} == {(0, 0)}
    registry.close()
    health = registry.health()
    assert (health.ok, health.reachable, health.views) == (False, False, ())
    assert health.problem
    assert "is closed" in health.problem
