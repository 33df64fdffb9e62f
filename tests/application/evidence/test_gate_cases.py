"""Which results a gate would have stopped, under each plan's own policy and under others."""

from collections.abc import Iterator

import pytest

from plangate.application.event_store import EventStore
from plangate.application.evidence.calibrating import Calibrating
from plangate.application.evidence.calibration import CalibrationOptions
from plangate.application.evidence.scored_results import TRIPPED, ScoredResults, seen_at_scores
from plangate.application.progress import no_progress
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.rerun import over_plans
from plangate.application.rerun.over_plans import add_plans
from plangate.application.rerun.policies import rules_of
from plangate.application.rerun.recorded_commands import commands_of
from plangate.application.rerun.rerun import Rules, replayed
from plangate.domain.events import TaskScored
from plangate.infrastructure.memory.events import memory_event_store
from tests.application.rerun.test_over_plans import Sharing
from tests.support.clocks import registry_on
from tests.support.examples import HAS_PAUSED, MORNING
from tests.support.stores import plant

LAST_ONLY = {
    "decay": 0.001,
    "prompt_weight": 0.0,
    "output_weight": 1.0,
    "confidence_threshold": 0.5,
}
NEVER = rules_of({"confidence_threshold": 0.0})
ALWAYS = rules_of({"confidence_threshold": 1.0})


@pytest.fixture
def store() -> EventStore:
    return memory_event_store()


@pytest.fixture
def registry(store: EventStore) -> Iterator[PlanRegistry]:
    with registry_on(store) as registry:
        registry.create(
            "Move billing",
            [{"id": name, "title": name} for name in "abc"],
            plan_id="p",
            policy=LAST_ONLY,
        )
        yield registry


def cases(store: EventStore, rules: Rules | None = None) -> list[tuple[bool, bool]]:
    history = list(commands_of(store, "p"))
    tripped = seen_at_scores(replayed(history, rules), TRIPPED)
    return [(bad, tripped[score - 1]) for score, bad in ScoredResults(history).with_outcomes()]


def test_a_result_is_stopped_where_the_gate_is_tripped_right_after_its_score(
    registry: PlanRegistry, store: EventStore
) -> None:
    registry.score_output("p", "a", 0.9)
    registry.score_output("p", "b", 0.1)
    registry.record_outcome("p", "a", "accepted", source="ci")
    registry.record_outcome("p", "b", "rejected", source="ci")

    assert cases(store) == [(False, False), (True, True)]
    assert cases(store, NEVER) == [(False, False), (True, False)]
    assert cases(store, ALWAYS) == [(False, True), (True, True)]


def test_what_the_gate_says_later_does_not_count(registry: PlanRegistry, store: EventStore) -> None:
    registry.score_output("p", "a", 0.1)
    registry.score_output("p", "b", 0.9)
    registry.record_outcome("p", "a", "rejected", source="ci")
    registry.record_outcome("p", "b", "accepted", source="ci")
    registry.score_output("p", "c", 0.1)

    assert cases(store) == [(True, True), (False, False)]


def test_a_gate_that_fired_before_stops_until_it_is_open_again(store: EventStore) -> None:
    policy = LAST_ONLY | {"exit_threshold": 0.8, "latch": True}
    registry, names = registry_on(store), "abcd"
    registry.create("G", [{"id": n, "title": n} for n in names], plan_id="p", policy=policy)
    for name, score in zip(names, (0.1, 0.7, 0.9, 0.7), strict=True):
        registry.score_output("p", name, score)
        registry.record_outcome("p", name, "accepted", source="ci")

    assert [stopped for _, stopped in cases(store)] == [True, True, False, False]


def test_the_newest_score_that_stands_counts(registry: PlanRegistry, store: EventStore) -> None:
    registry.score_output("p", "a", 0.9)
    registry.score_output("p", "a", 0.1)
    scored = [entry for entry in store.read("p") if isinstance(entry.event, TaskScored)]
    low = scored[-1].envelope.event_id
    registry.retract_score("p", low, reason="the wrong file")
    registry.record_outcome("p", "a", "accepted", source="ci")
    registry.score_output("p", "b", 0.1)
    registry.retry("p", "b", reason="again")
    registry.record_outcome("p", "b", "rejected", source="ci")
    registry.score_prompt("p", "c", 0.1)
    registry.record_outcome("p", "c", "rejected", source="ci")

    assert cases(store) == [(False, False)]


def test_each_source_has_its_newest_outcome(registry: PlanRegistry, store: EventStore) -> None:
    registry.record_outcome("p", "a", "accepted", source="ci")
    registry.score_output("p", "a", 0.1)
    registry.record_outcome("p", "a", "accepted", source="review")
    registry.record_outcome("p", "a", "rejected", source="ci")
    registry.record_outcome("p", "a", "rejected", source="review")

    assert cases(store) == [(True, True), (True, True)]


# --- many plans and policies ---


def counts(store: EventStore, sharing: Sharing | None = None) -> Calibrating:
    gates = [None, NEVER, ALWAYS, rules_of({"exit_threshold": 0.6})]
    found = Calibrating(CalibrationOptions(), None, gates)
    add_plans(found, store, sharing, None, no_progress)
    return found


@pytest.fixture
def many(store: EventStore) -> EventStore:
    """Some plans with outcomes, one without, one that an exit threshold does not fit."""
    registry = registry_on(store)
    for number in range(5):
        policy = LAST_ONLY | {"confidence_threshold": 0.9} if number == 4 else LAST_ONLY
        tasks = [{"id": name, "title": name} for name in "ab"]
        registry.create("G", tasks, plan_id=f"p{number}", policy=policy)
        registry.score_output(f"p{number}", "a", 0.2)
        registry.score_output(f"p{number}", "b", 0.8)
        if number:
            registry.record_outcome(f"p{number}", "a", "rejected", source="ci")
            registry.record_outcome(f"p{number}", "b", "accepted", source="ci")
    return store


def test_cases_are_counted_by_plan_and_policy(many: EventStore) -> None:
    found = counts(many)

    assert found.passes == 5
    gates = found.counts
    assert (list(gates.bad), list(gates.good)) == ([1, 1, 1], [1, 1, 1])
    assert [list(row) for row in gates.stopped_bad] == [[1] * 3, [0] * 3, [1] * 3, [1] * 3]
    assert [list(row) for row in gates.stopped_good] == [[0] * 3, [0] * 3, [1] * 3, [0] * 3]
    assert (found.unfit, found.unreadable) == (1, [])


def test_shared_out_over_processes_the_counts_are_the_same(
    many: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_EVENTS_AT_ONCE", 1)

    alone, shared = counts(many), counts(many, sharing := Sharing(many))

    assert len(sharing.slices) > 1
    assert alone.unfit == shared.unfit
    for name in ("bad", "good", "stopped_bad", "stopped_good"):
        assert getattr(alone.counts, name) == getattr(shared.counts, name)


def test_a_plan_that_cannot_be_read_is_named(many: EventStore) -> None:
    version = many.read("p2")[-1].envelope.version + 2  # one is missing
    envelope = Envelope(plan_id="p2", version=version, recorded_at=MORNING)
    plant(many, [RecordedEvent(HAS_PAUSED, envelope)])

    found = counts(many)

    assert [one.plan_id for one in found.unreadable] == ["p2"]
    assert list(found.counts.bad) == [1, 1]
