"""The promises of every event store, on every engine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Semaphore

import pytest

from plangate.application.errors import (
    ConcurrentChange,
    CorruptEvent,
    PositionTaken,
    StoreError,
    StoreUnavailable,
)
from plangate.application.event_store import EventStore, KeyUsed
from plangate.application.recorded_event import Envelope, RecordedEvent, StoredEntry
from plangate.domain.events import PlanCreated, PlanEvent, PlannedTask, TaskScored
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.stored_events.kinds import STORED_KINDS
from tests.contracts.conftest import Engine
from tests.support.clocks import DAWN

CREATED = PlanCreated(
    at=DAWN,
    goal="Ship 🚢 “it”",
    tasks=(PlannedTask(id="a", title="Ä", metadata={"n": None, "big": 2**70, "x": 1e-7}),),
    policy=Policy().whole(),
)
SCORED = TaskScored(at=DAWN, task_id="a", kind=ScoreKind.PROMPT, score=0.1 + 0.2)


def entry(plan_id: str, version: int, event: PlanEvent | None = None) -> RecordedEvent:
    """An event as the registry hands it to a store."""
    event = event or (CREATED if version == 1 else SCORED)
    return RecordedEvent(
        event,
        Envelope(
            plan_id=plan_id,
            version=version,
            recorded_at=DAWN,
            actor="agent-7",
            correlation_id="run-1",
            idempotency_key=f"key-{version}",
            arguments_digest="d" * 64,
        ),
    )


def facts(recorded: RecordedEvent) -> RecordedEvent:
    """An entry without what the store itself adds."""
    envelope = replace(recorded.envelope, position=None, schema_version=None, salt=None)
    return RecordedEvent(recorded.event, envelope)


def test_an_unknown_plan_has_no_events(store: EventStore) -> None:
    assert list(store.read("nobody")) == []
    assert list(store.read_all(limit=10)) == []
    assert list(store.plan_ids(limit=10)) == []


def test_events_come_back_as_they_were_given(store: EventStore) -> None:
    given = [entry("p", 1), entry("p", 2)]
    store.append(given)
    assert [facts(recorded) for recorded in store.read("p")] == given


def test_the_store_adds_position_schema_version_and_a_salt_where_something_can_be_erased(
    engine: Engine,
) -> None:
    store = engine.store()
    second = entry("p", 2)
    plain = replace(second.envelope, version=3, idempotency_key=None, arguments_digest=None)
    store.append([entry("p", 1), second, RecordedEvent(second.event, plain)])
    created, keyed, scored = (recorded.envelope for recorded in store.read("p"))
    positions = (1, 2, 3) if engine.places_plans else (None, None, None)
    assert (created.position, keyed.position, scored.position) == positions
    assert created.schema_version == STORED_KINDS["plan-created"].schema_version
    assert scored.schema_version == STORED_KINDS["task-scored"].schema_version
    assert created.salt
    assert keyed.salt
    assert scored.salt is None


def test_a_plan_is_read_from_one_version_to_another(store: EventStore) -> None:
    store.append([entry("p", version) for version in range(1, 6)])
    read = store.read("p", after=2, until=4)
    assert [recorded.envelope.version for recorded in read] == [3, 4]


def test_a_version_that_is_taken_is_refused_and_nothing_of_the_command_stays(
    store: EventStore,
) -> None:
    store.append([entry("p", 1), entry("p", 2)])
    with pytest.raises(ConcurrentChange) as refusal:
        store.append([entry("p", 3), entry("p", 2)])
    assert refusal.value.plan_id == "p"
    assert [recorded.envelope.version for recorded in store.read("p")] == [1, 2]


def test_plans_do_not_get_in_each_others_way(store: EventStore) -> None:
    store.append([entry("p", 1)])
    store.append([entry("q", 1)])
    store.append([entry("p", 2)])
    assert [recorded.envelope.event_id for recorded in store.read("p")] == ["p@1", "p@2"]


def test_the_whole_log_is_read_in_commit_order_page_by_page(store: EventStore) -> None:
    for plan_id, version in [("p", 1), ("q", 1), ("p", 2), ("q", 2)]:
        store.append([entry(plan_id, version)])
    first = store.read_all(limit=3)
    rest = store.read_all(after=first[-1].envelope.position or 0, limit=3)
    ids = [recorded.envelope.event_id for recorded in [*first, *rest]]
    assert ids == ["p@1", "q@1", "p@2", "q@2"]


def test_the_position_of_the_newest_event_is_known(store: EventStore) -> None:
    assert store.last_position() == 0
    store.append([entry("p", 1), entry("p", 2)])
    assert store.last_position() == store.read_all(limit=9)[-1].envelope.position


def test_changes_differ_once_anything_was_recorded(store: EventStore) -> None:
    seen = [store.changes()]
    assert store.changes() == seen[0]
    store.append([entry("p", 1)])
    seen.append(store.changes())
    store.append([entry("p", 2), entry("p", 3)])
    seen.append(store.changes())
    known = [changes for changes in seen if changes is not None]
    assert len(set(known)) == len(known)


def test_plans_are_listed_in_the_order_of_their_creation(store: EventStore) -> None:
    store.append([entry("z", 1), entry("z", 2)])
    store.append([entry("a", 1)])
    assert list(store.plan_ids(limit=1)) == [(1, "z")]
    assert list(store.plan_ids(after=1, limit=9)) == [(3, "a")]


@pytest.mark.parametrize("state", ["", "{", "[]", "null", '{"event":{},"meta":{}}', "\x01"])
def test_a_corrupt_event_is_named_and_spares_other_plans(engine: Engine, state: str) -> None:
    store = engine.store()
    store.append([entry("p", 1)])
    engine.plant("p", 2, state)
    store.append([entry("q", 1)])
    with pytest.raises(CorruptEvent) as refusal:
        store.read("p")
    assert (refusal.value.plan_id, refusal.value.version) == ("p", 2)
    assert len(store.read("q")) == 1


def test_the_log_is_read_up_to_a_corrupt_event_and_then_names_its_place(engine: Engine) -> None:
    store = engine.store()
    store.append([entry("p", 1)])
    engine.plant("p", 2, "{}")
    store.append([entry("p", 3)])
    assert [recorded.envelope.version for recorded in store.read_all(limit=9)] == [1]
    with pytest.raises(CorruptEvent) as refusal:
        store.read_all(after=1, limit=9)
    assert refusal.value.position == 2
    assert [recorded.envelope.version for recorded in store.read_all(after=2, limit=9)] == [3]


def test_a_reader_beside_many_writers_skips_nothing(store: EventStore) -> None:
    written = Semaphore(0)  # a reader that asks all the time is too much for some servers

    def write(plan: int) -> None:
        for version in range(1, 26):
            store.append([entry(f"p{plan}", version)])
            written.release()

    seen: list[RecordedEvent] = []
    with ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(write, plan) for plan in range(8)]
        while len(seen) < 8 * 25 and written.acquire(timeout=60):
            seen += store.read_all(after=seen[-1].envelope.position or 0 if seen else 0, limit=7)
        for writer in writers:
            writer.result()
    assert [recorded.envelope.position for recorded in seen] == list(range(1, 201))
    assert len({recorded.envelope.event_id for recorded in seen}) == 200


def test_closing_twice_is_harmless_and_what_lasts_is_there_again(engine: Engine) -> None:
    store = engine.store()
    store.append([entry("p", 1)])
    store.close()
    store.close()
    assert len(engine.store().read("p")) == (1 if engine.lasts else 0)


def test_a_closed_file_says_so(engine: Engine) -> None:
    if not engine.lasts:
        return
    store = engine.store()
    store.close()
    with pytest.raises(StoreUnavailable, match="is closed"):
        store.read("p")


# --- entries as they are stored ---


def stored(store: EventStore) -> list[StoredEntry]:
    return list(store.read_all_stored(limit=99))


def test_entries_are_returned_as_stored_readable_or_not(engine: Engine) -> None:
    store = engine.store()
    store.append([entry("p", 1)])
    engine.plant("p", 2, "{}")
    of_plan, of_log = store.read_stored("p"), stored(store)
    assert [(e.event_id, e.name, e.state) for e in of_plan] == [
        (e.event_id, e.name, e.state) for e in of_log
    ]
    assert [e.state for e in store.read_stored("p", after=1, until=2)] == [b"{}"]
    assert [e.position for e in store.read_all_stored(after=1, limit=9)] == [2]
    assert store.format.decode(of_log[0]) == store.read_all(limit=1)[0]


def test_entries_of_several_plans_are_recorded_as_they_are(engine: Engine) -> None:
    source, target = memory_event_store(), engine.store()
    for plan_id in ("q", "p"):
        source.append([entry(plan_id, 1), entry(plan_id, 2)])
    target.append([entry("first", 1)])
    moved = [replace(e, position=None) for e in stored(source)]
    target.append_stored(moved)
    target.append_stored([])
    assert [replace(e, position=None) for e in stored(target)[1:]] == moved
    assert [e.position for e in stored(target)] == [1, 2, 3, 4, 5]


def test_positions_are_kept_or_refused_and_then_nothing_is_recorded(engine: Engine) -> None:
    source, target = memory_event_store(), engine.store()
    source.append([entry("p", 1), entry("p", 2), entry("p", 3)])
    entries = stored(source)
    if not engine.places_plans:
        with pytest.raises(PositionTaken, match="assigns its own positions"):
            target.append_stored(entries)
        return
    target.append_stored(entries[:2])
    with pytest.raises(PositionTaken, match="position 2 is taken; the log reaches 2"):
        target.append_stored([replace(entries[2], position=2)])
    with pytest.raises(ConcurrentChange):
        target.append_stored([entries[2], replace(entries[1], position=4)])
    with pytest.raises(PositionTaken):
        target.append_stored([replace(entries[2], position=p, version=p) for p in (5, 4)])
    target.append_stored(entries[2:])
    assert stored(target) == entries


def test_positions_may_have_gaps_where_the_engine_knows_such(engine: Engine) -> None:
    store = engine.store()
    there = StoredEntry("p", 1, 7, "plan-created", b"{}")
    if engine.lasts and engine.places_plans:
        store.append_stored([there])
        store.append([entry("q", 1)])
        assert [e.position for e in stored(store)] == [7, 8]
    else:
        with pytest.raises(PositionTaken):
            store.append_stored([there])


# --- erasing ---


def test_entries_are_rewritten_together_with_what_is_recorded_about_it(engine: Engine) -> None:
    store = engine.store()
    store.append([entry("p", 1)])
    store.append([entry("q", 1)])
    (before,) = store.read_stored("p")
    erased = store.format.erased(before)
    if not engine.places_plans:
        with pytest.raises(StoreError, match="cannot change recorded events"):
            store.rewrite([erased], [entry("p", 2)])
        return
    store.rewrite([erased], [entry("p", 2)])
    assert [e.event_id for e in store.read_all_stored(limit=9)] == ["p@1", "q@1", "p@2"]
    assert store.read_stored("p")[0] == erased
    goal = CREATED.goal or ""
    assert goal not in store.read_stored("p")[0].state.decode()
    assert goal in store.read_stored("q")[0].state.decode()
    store.scrub()
    store.scrub()
    assert [e.position for e in store.read_all_stored(limit=9)] == [1, 2, 3]


def test_nothing_is_rewritten_after_a_concurrent_change(engine: Engine) -> None:
    if not engine.places_plans:
        return
    store = engine.store()
    store.append([entry("p", 1)])
    before = list(store.read_stored("p"))
    store.append([entry("p", 2)])
    with pytest.raises(ConcurrentChange):
        store.rewrite([store.format.erased(before[0])], [entry("p", 2)])
    assert list(store.read_stored("p", until=1)) == before


# --- one command for a key ---


def keyed(plan_id: str, key: str, event: PlanEvent = CREATED) -> RecordedEvent:
    given = entry(plan_id, 1, event)
    return replace(given, envelope=replace(given.envelope, idempotency_key=key))


def test_under_one_key_events_are_recorded_once_over_all_plans(store: EventStore) -> None:
    key = 'a key "with\\ signs" ü 🚢'
    assert list(store.plans_with_key(key)) == []
    store.append([keyed("p", key)], unused_key=key)
    with pytest.raises(KeyUsed):
        store.append([keyed("q", key)], unused_key=key)
    store.append([keyed("q", "another")], unused_key="another")
    assert list(store.plans_with_key(key)) == ["p"]
    assert list(store.plans_with_key("another")) == ["q"]
    assert [found.envelope.plan_id for found in store.read_all(limit=9)] == ["p", "q"]
    with pytest.raises(ConcurrentChange):
        store.append([keyed("p", "new")], unused_key="new")


def test_a_key_on_several_plans_names_all_of_them_oldest_first(store: EventStore) -> None:
    for plan_id in ("q", "p"):
        store.append([keyed(plan_id, "k")])
    assert list(store.plans_with_key("k")) == ["q", "p"]


def test_a_key_is_found_in_copied_and_in_erased_events(store: EventStore) -> None:
    here = memory_event_store()
    here.append([keyed("p", "k")])
    (stored,) = here.read_all_stored(limit=1)
    erased = here.format.erased(stored)
    store.append_stored([here.format.moved(stored), replace(erased, plan_id="q", position=None)])
    assert list(store.plans_with_key("k")) == ["p", "q"]


def test_text_that_looks_like_a_key_is_none(store: EventStore) -> None:
    meta = {"schema_version": 1, "idempotency_key": "k", "salt": "00"}
    task = PlannedTask(id="a", title='"idempotency_key":"k"}}', metadata={"meta": meta})
    plan = CREATED.model_copy(update={"tasks": (task,), "metadata": {"meta": meta}})
    store.append([keyed("p", "another", plan)])
    without = replace(keyed("q", "k", plan).envelope, idempotency_key=None, arguments_digest=None)
    store.append([RecordedEvent(plan, without)])
    assert list(store.plans_with_key("k")) == []


@pytest.mark.parametrize("state", ["no JSON", "[]", '{"meta":1}', '{"event":{},"meta":{}}'])
def test_a_damaged_event_has_no_key_and_hides_no_other(engine: Engine, state: str) -> None:
    store = engine.store()
    store.append([keyed("p", "k")])
    engine.plant("p", 2, state)
    assert list(store.plans_with_key("k")) == ["p"]


def test_of_many_with_one_key_one_records(engine: Engine) -> None:
    store = engine.store()

    def records(number: int) -> bool:
        try:
            store.append([keyed(f"p{number}", "k")], unused_key="k")
        except KeyUsed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(records, range(32))) == 1
    assert len(store.read_all(limit=9)) == 1
