"""Others write to the same store: conflicts, what is kept, and histories with damage."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, repeat

import pytest

from plangate.application import stream_cache
from plangate.application.command_handler import ATTEMPTS
from plangate.application.errors import ConcurrentChange, CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanGone
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.stores import plant

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


class Overtaken:
    """A store in which another writer comes first, once for each of `overtakers`."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.overtakers: Iterator[Callable[[], object]] = iter(())
        self.reads = 0
        self.changes: Callable[[], object] = store.changes

    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        self.reads += 1
        return self.store.read_stored(plan_id, after=after, until=until)

    def append(
        self, events: Sequence[RecordedEvent], *, after: StoredEntry | None = None
    ) -> StoredEntry:
        for overtake in islice(self.overtakers, 1):
            overtake()
        return self.store.append(events, after=after)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
def store() -> Overtaken:
    return Overtaken(memory_event_store())


@pytest.fixture
def others(store: Overtaken) -> PlanRegistry:
    """Another registry on the same store."""
    return registry_on(store.store)


@pytest.fixture
def registry(store: Overtaken) -> PlanRegistry:
    return registry_on(store)  # type: ignore[arg-type]


def test_a_command_that_was_overtaken_is_decided_again(
    store: Overtaken, registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    store.overtakers = iter([lambda: others.next_task("p")])
    task = registry.next_task("p")
    assert task is not None
    assert task.id == "b"


def test_a_command_that_records_reads_nothing_before(
    store: Overtaken, registry: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    store.reads = 0
    registry.score_output("p", "a", 0.9, idempotency_key="k")
    registry.pause("p", "later")
    assert store.reads == 0


def test_a_question_reads_nothing_where_nothing_changed(
    store: Overtaken, registry: PlanRegistry, others: PlanRegistry
) -> None:
    store.changes = others.history.last_position
    registry.create("g", TASKS, plan_id="p")
    registry.create("g", TASKS, plan_id="q")
    asked = [registry.get_status("p"), registry.get_status("q")]
    store.reads = 0
    assert [registry.get_status("p"), registry.get_status("q")] == asked
    assert store.reads == 0
    others.score_prompt("p", "a", 0.25)
    assert registry.get_status("p").tasks[0].prompt_score == 0.25
    assert registry.get_status("q") == asked[1]
    assert store.reads == 2
    registry.score_prompt("p", "a", 0.5)
    assert registry.get_status("p").tasks[0].prompt_score == 0.5


def test_what_records_nothing_is_decided_on_what_others_recorded(
    registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    assert registry.next_task("p") is not None
    others.release("p", "a")
    assert registry.next_task("p") is not None
    others.pause("p", "later")
    assert registry.resume("p", "go").version == 6
    others.revise("p", "more", [{"op": "add", "task": {"id": "b", "title": "B"}}])
    assert registry.score_prompt("p", "b", 0.5).tasks[1].prompt_score == 0.5
    others.delete("p")
    with pytest.raises(PlanGone):
        registry.pause("p", "later")


def test_deciding_again_has_an_end(
    store: Overtaken, registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    store.overtakers = repeat(lambda: others.score_prompt("p", "a", 0.5))
    with pytest.raises(ConcurrentChange, match="try again") as refusal:
        registry.next_task("p")
    assert refusal.value.plan_id == "p"
    assert len(others.history.of("p")) == 1 + ATTEMPTS


def test_events_of_other_registries_are_seen_at_once(
    registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    others.score_prompt("p", "a", 0.25)
    assert registry.get_status("p").tasks[0].prompt_score == 0.25
    others.delete("p")
    with pytest.raises(PlanGone):
        registry.get("p")


def test_a_retry_that_meets_its_own_first_try_is_recognised(
    store: Overtaken, registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    store.overtakers = iter([lambda: others.score_output("p", "a", 0.9, idempotency_key="k")])
    registry.score_output("p", "a", 0.9, idempotency_key="k")
    assert len(others.history.of("p")) == 3


def test_more_plans_than_are_kept_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_cache, "KEPT_STREAMS", 2)
    registry = registry_on(memory_event_store())
    for plan_id in "pqrs":
        registry.create(f"plan {plan_id}", TASKS, plan_id=plan_id)
    assert [registry.get_status(plan_id).goal for plan_id in "pqrs"] == [
        "plan p",
        "plan q",
        "plan r",
        "plan s",
    ]
    assert len(registry._streams._kept) == 2


def test_an_older_stream_never_takes_the_place_of_a_newer_one(
    registry: PlanRegistry, others: PlanRegistry
) -> None:
    registry.create("g", TASKS, plan_id="p")
    older = registry._streams.current("p")
    others.score_prompt("p", "a", 0.5)
    newer = registry._streams.current("p")
    registry._streams.keep(older)
    assert registry._streams.remembered("p") == newer


def moved_to(recorded: RecordedEvent, version: int) -> RecordedEvent:
    envelope = replace(recorded.envelope, version=version, plan_id="damaged")
    return RecordedEvent(recorded.event, envelope)


@pytest.mark.parametrize(
    "versions, missing",
    [([(1, 1), (2, 3)], 2), ([(2, 2)], 1), ([(2, 1)], 1), ([(1, 1), (1, 2)], 2)],
    ids=["a gap", "no beginning", "another beginning", "two beginnings"],
)
def test_a_damaged_history_is_named_and_spares_other_plans(
    versions: list[tuple[int, int]], missing: int
) -> None:
    store = memory_event_store()
    registry = registry_on(store)
    registry.create("g", TASKS, plan_id="p")
    registry.score_prompt("p", "a", 0.5)
    history = registry.history.of("p")
    for source, version in versions:
        plant(store, [moved_to(history[source - 1], version)])
    with pytest.raises(CorruptEvent) as refusal:
        registry.get_status("damaged")
    assert (refusal.value.plan_id, refusal.value.version) == ("damaged", missing)
    listed = registry.list_plans()
    assert [plan.plan_id for plan in listed.plans] == ["p"]
    if versions[0][0] == 1:
        assert {(u.plan_id, u.version) for u in listed.unreadable} == {("damaged", missing)}
