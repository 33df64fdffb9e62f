"""Bundles go into every engine, and what comes out again has the same content."""

import random

from plangate.application.event_store import EventStore
from plangate.infrastructure.memory.events import memory_event_store
from tests.contracts.conftest import Engine
from tests.support.bundles import exported_with_report, imported, log_of
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork


def test_plans_taken_into_any_store_have_the_same_content(engine: Engine) -> None:
    with registry_on(memory_event_store()) as source, registry_on(engine.store()) as target:
        RandomWork(source, random.Random(31)).go_on(60)
        bundle, report = exported_with_report(source)
        assert imported(target, bundle).recorded == report.events
        assert imported(target, bundle).recorded == 0
        again, report_again = exported_with_report(target)
        assert report_again.content_sha256 == report.content_sha256
        assert target.list_plans() == source.list_plans()
        assert imported(source, again).recorded == 0


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
