"""Bundles go into every engine, and what comes out again has the same content."""

import random
from dataclasses import replace

import pytest

from plangate.application.errors import AlteredBundle, ErasesText
from plangate.application.event_store import EventStore
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from tests.contracts.conftest import Engine
from tests.support.bundles import exported_with_report, imported, log_of
from tests.support.clocks import read_late, registry_on
from tests.support.forging import TASKS, Record, created, entries, event, forged
from tests.support.model.random_work import RandomWork


def test_plans_taken_into_any_store_have_the_same_content(engine: Engine) -> None:
    with registry_on(memory_event_store()) as source, registry_on(engine.store()) as target:
        RandomWork(source, random.Random(31)).go_on(60)
        bundle, report = exported_with_report(source)
        assert imported(target, bundle).recorded == report.events
        assert imported(target, bundle).recorded == 0
        again, report_again = exported_with_report(target)
        assert report_again.content_sha256 == report.content_sha256
        read_late(source)
        read_late(target)
        assert target.list_plans() == source.list_plans()
        assert imported(source, again).recorded == 0


@pytest.mark.parametrize(
    "evil",
    [
        [created(priority=10**25)],
        [created(at="0001-01-01T00:00:00+14:00")],
        [created(at="9999-12-31T23:59:59-12:00")],
        [created(), event("replan-triggered", task_id="a", rolling_confidence="NaN", threshold=1)],
        [created(), event("plan-erased")],
    ],
    ids=["priority", "year 1", "year 9999", "not a number", "erasure"],
)
def test_no_plan_that_comes_in_stops_the_others(engine: Engine, evil: list[Record]) -> None:
    plan_id = "older" if evil[-1][0] == "plan-erased" else "evil"
    with registry_on(engine.store()) as registry:
        for number in range(3):
            registry.create("Good", TASKS, plan_id=f"good{number}")
        imported(registry, forged({"older": [created()]}))
        before = log_of(registry)
        with pytest.raises((AlteredBundle, ErasesText)):
            imported(registry, forged({plan_id: evil, "more": [created()]}))
        assert log_of(registry) == before
        assert len(registry.views.plans().plans) == 4
        assert registry.views.board("good1").tasks
        assert registry.next_task() is not None
        assert registry.get_status("older").goal == "g"
        assert registry.replay.check().mismatch_count == 0


def test_a_copy_holds_what_older_versions_let_in_out_of_other_stores(engine: Engine) -> None:
    with registry_on(memory_event_store()) as source, registry_on(engine.store()) as target:
        source.create("Good", TASKS, plan_id="good")
        evil = entries("evil", [created(priority=10**25)])
        source._store.append_stored([replace(entry, position=None) for entry in evil])
        with pytest.raises(InvalidInput, match=r"evil@1 .*priority: must be at most 1000"):
            source.bundles.copy_to(target)
        assert log_of(target) == []


def test_nothing_of_a_refused_append_is_there(store: EventStore) -> None:
    with registry_on(memory_event_store()) as source, registry_on(store) as target:
        RandomWork(source, random.Random(32)).go_on(20)
        bundle = exported_with_report(source)[0]
        imported(target, bundle)
        before = log_of(target)
        RandomWork(source, random.Random(33), "q").go_on(5)
        more = exported_with_report(source)[0]
        assert imported(target, more).recorded == len(log_of(source)) - len(before)
        assert log_of(target)[: len(before)] == before
