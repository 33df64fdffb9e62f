"""Reviews shared out over processes find what one process finds, failures of work included."""

import random

import pytest

from plangate.application.event_store import EventStore
from plangate.application.evidence.finding import FindingKind
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.rerun import over_plans
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.statistics import load_statistics
from tests.application.rerun.test_over_plans import Sharing
from tests.support.clocks import registry_on
from tests.support.examples import MORNING
from tests.support.gaming.player import HIGH, LOW
from tests.support.model.random_work import RandomWork
from tests.support.stores import plant


@pytest.fixture(autouse=True)
def _share_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_PLANS_AT_ONCE", 3)


def asked(store: EventStore, *, shared: bool) -> FindingsReport:
    sharing = Sharing(store) if shared else None
    report = EvidenceQueries(store, load_statistics, sharing).findings()
    assert sharing is None or len(sharing.slices) > 2
    return report


def same_work(registry: PlanRegistry, plan_id: str, score: float, **policy: float) -> None:
    tasks = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
    registry.create("The same", tasks, plan_id=plan_id, policy=policy)
    registry.score_output(plan_id, "a", score, rationale="It was read.", scorer="judge")


def test_shared_out_reviews_find_the_same() -> None:
    store = memory_event_store()
    RandomWork(registry_on(store), random.Random(3)).go_on(150)
    envelope = Envelope(plan_id="p4", version=10_000, recorded_at=MORNING)
    plant(store, [RecordedEvent(store.read("p4")[-1].event, envelope)])

    alone, shared = asked(store, shared=False), asked(store, shared=True)

    assert shared.model_dump_json() == alone.model_dump_json()
    assert shared.finding_count > 0
    assert shared.unreadable


def test_failures_are_known_across_processes() -> None:
    store = memory_event_store()
    registry = registry_on(store)
    same_work(registry, "failed", LOW, confidence_threshold=0.9, exit_threshold=0.9)
    for number in range(10):
        registry.create(f"Other {number}", [{"id": "a", "title": "A"}], plan_id=f"o{number}")
    same_work(registry, "again", 0.7, confidence_threshold=0.6, exit_threshold=0.6)
    same_work(registry, "passed", HIGH, confidence_threshold=0.9, exit_threshold=0.9)

    shared = asked(store, shared=True)

    assert shared.model_dump_json() == asked(store, shared=False).model_dump_json()
    kinds = [(one.plan_id, one.kind) for one in shared.findings]
    assert kinds == [
        ("again", FindingKind.THRESHOLD_LOWERED),
        ("passed", FindingKind.PLANNED_UNTIL_PASSED),
    ]
