"""A plan with values that no column takes stops its own rows, and no other plan's."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import doctor
from tests.support.servers.postgres import PostgresServer

TASKS: Final = [{"id": "a", "title": "A"}]
MORNING: Final = "2026-01-01T08:00:00Z"
LAST: Final = "9999-12-31T23:59:59-12:00"


def _created(at: str = MORNING, **facts: object) -> tuple[str, dict[str, Any]]:
    return "plan-created", {"at": at, "goal": "g", "tasks": TASKS, "policy": {}, **facts}


def _claimed(until: str) -> tuple[str, dict[str, Any]]:
    claim = {"old": "pending", "new": "in_progress", "cause": "claimed"}
    return "task-status-changed", {
        "at": MORNING,
        "task_id": "a",
        **claim,
        "worker": "w",
        "lease_until": until,
    }


def _replan(confidence: object) -> tuple[str, dict[str, Any]]:
    event = {"task_id": "a", "rolling_confidence": confidence, "threshold": 0.5}
    return "replan-triggered", {"at": MORNING, **event}


BAD: Final[dict[str, list[tuple[str, dict[str, Any]]]]] = {
    "huge-priority": [_created(priority=10**25)],
    "before-year-1": [_created("0001-01-01T00:00:00+14:00")],
    "after-year-9999": [_created("9999-12-31T23:59:59-12:00")],
    "no-number": [_created(), _replan("NaN")],
    "endless": [_created(), _replan("Infinity")],
    "judged-in-year-10000": [
        _created(),
        (
            "task-scored",
            {"at": MORNING, "task_id": "a", "kind": "prompt", "score": 0.5, "occurred_at": LAST},
        ),
    ],
    "leased-to-year-10000": [_created(), _claimed(LAST)],
    "leased-to-year-0": [_created(), _claimed("0001-01-01T00:00:00+14:00")],
    "leased-to-the-end": [_created(), _claimed("9999-12-31T23:59:59Z")],
    "from-the-beginning": [_created("0001-01-01T00:00:00Z")],
    "to-the-end": [_created("9999-12-31T23:59:59Z")],
    "huge-attempt": [
        _created(),
        ("attempt-started", {"at": MORNING, "task_id": "a", "attempt": 10**30}),
    ],
}

CERTAINLY_STUCK: Final = {
    *("huge-priority@1", "before-year-1@1", "no-number@2"),
    *("judged-in-year-10000@2", "leased-to-year-10000@2", "leased-to-year-0@2"),
}
"""What no engine and no other bound on stored events lets through."""


@pytest.fixture(params=["sqlite", "postgres", "east", "west"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on each engine that keeps views, and for sessions in other time zones."""
    if request.param == "sqlite":
        return str(tmp_path / "plans.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    zone = {"east": "Asia/Tokyo", "west": "America/Los_Angeles"}.get(request.param)
    return server.url if zone is None else f"{server.url}?options=-ctimezone%3D{zone}"


def test_the_other_plans_go_on(target: str) -> None:
    """As many plans as there are on a page, and one more; few where only the time zone differs."""
    good = {f"good{number}" for number in range(9 if "timezone" in target else 101)}
    with connect(target) as registry:
        for plan_id in sorted(good):
            registry.create("good", TASKS, plan_id=plan_id)
        for plan_id, events in BAD.items():
            entries = [_entry(plan_id, n, *one) for n, one in enumerate(events, 1)]
            registry._store.append_stored(entries)
        registry.create("good", TASKS, plan_id="later")

        _the_others_work(registry, {*good, "later"})
        registry.views.rebuild()
        _the_others_work(registry, {*good, "later"})

        stuck = {
            f"{plan.plan_id}@{plan.version}"
            for view in registry.views.report().views
            for plan in view.stuck
        }
        assert {view.lag for view in registry.views.report().views} == {0}
    assert CERTAINLY_STUCK <= stuck <= {f"{one}@{v}" for one in BAD for v in (1, 2)}
    found = doctor(target).observations
    assert {one.place for one in found if "is stuck" in one.found} == stuck


def _the_others_work(registry: PlanRegistry, good: set[str]) -> None:
    assert good <= {plan.plan_id for plan in registry.views.plans(limit=200).plans} <= {*good, *BAD}
    assert len(registry.views.board("good1").tasks) == 1
    assert good <= {plan.plan_id for plan in registry.list_plans(needs_replan=False).plans}
    assert good <= {plan.plan_id for plan in registry.list_plans().plans}
    assert registry.next_task() is not None
    for plan_id in BAD:
        registry.views.board(plan_id)
        registry.views.timeline(plan_id)
    for status in TaskStatus:
        registry.views.board(status=status)
    assert registry.erase("good1").complete
    registry.views.replans()
    registry.views.timeline("good2")


def _entry(plan_id: str, version: int, name: str, event: dict[str, Any]) -> StoredEntry:
    meta = {"schema_version": 1, "recorded_at": MORNING}
    state = json.dumps({"event": event, "meta": meta}).encode()
    return StoredEntry(plan_id, version, None, name, state)
