"""Subscriptions and pages of events: which, in which order, and how they end."""

from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Thread

import pytest

from plangate.application import log_watch
from plangate.application.errors import LogWentBack, StoreUnavailable, UnreadableEvent
from plangate.application.event_store import Listener
from plangate.application.history import feed
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.stores import plant

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
PATIENCE = 30.0


def positions(events: Iterator[RecordedEvent]) -> list[int | None]:
    """Where events are in the log."""
    return [one.envelope.position for one in events]


@pytest.fixture
def plans(registry: PlanRegistry) -> PlanRegistry:
    """Two plans, one of them scored: positions 1 to 5, of which 2 and 3 are p's score."""
    registry.create("g", TASKS, plan_id="p")
    registry.score_output("p", "a", 0.9)
    registry.create("g", TASKS, plan_id="q")
    registry.score_prompt("p", "b", 0.9)
    return registry


def test_without_patience_it_is_all_that_is_recorded(plans: PlanRegistry) -> None:
    everything = list(plans.subscribe(timeout=0))
    assert everything == list(plans.history.events())
    assert positions(plans.subscribe(after=3, timeout=0)) == [4, 5]
    assert not list(plans.subscribe(after=5, timeout=0))


def test_kinds_and_plans_are_chosen_together(plans: PlanRegistry) -> None:
    chosen = {
        (2, 5): {"kinds": "task-scored"},
        (1, 4): {"kinds": ["plan-created", "plan-archived"]},
        (4,): {"plan_ids": ["q", "r"]},
        (1,): {"kinds": ["plan-created"], "plan_ids": "p"},
    }
    for expected, filters in chosen.items():
        assert positions(plans.subscribe(timeout=0, **filters)) == list(expected)  # type: ignore[arg-type]


def test_pages_of_a_kind_or_plan_continue_behind_the_last_event(plans: PlanRegistry) -> None:
    def pages(**filters: str) -> list[int | None]:
        found: list[int | None] = [0]
        while page := plans.history.events(after=found[-1] or 0, limit=1, **filters):
            found += positions(iter(page))
        return found[1:]

    assert pages(kinds="task-scored") == [2, 5]
    assert pages(plan_id="p") == [1, 2, 3, 5]
    assert pages(plan_id="p", kinds="plan-created") == [1]
    assert pages(plan_id="r") == []


@pytest.mark.parametrize(
    "given",
    [
        {"after": -1},
        {"after": True},
        {"after": "next"},
        {"kinds": "task-blessed"},
        {"kinds": []},
        {"kinds": 7},
        {"kinds": [1]},
        {"plan_ids": []},
        {"plan_ids": [""]},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "1"},
        {"timeout": True},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    registry: PlanRegistry, given: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        registry.subscribe(**given)  # type: ignore[arg-type]
    assert next(iter(given)) in str(refusal.value)
    assert "frozenset" not in str(refusal.value)


def test_an_event_that_cannot_be_read_is_stepped_over(plans: PlanRegistry) -> None:
    plant(plans._store, [StoredEntry("r", 1, None, "task-blessed", b"{}")])
    plans.create("g", TASKS, plan_id="s")
    asks: list[Callable[[int], Iterator[RecordedEvent]]] = [
        lambda after: plans.subscribe(after=after, timeout=0),
        lambda after: iter(plans.history.events(after=after)),
    ]
    for ask in asks:
        assert positions(ask(6)) == [7]
        with pytest.raises(UnreadableEvent) as refusal:
            list(ask(5))
        assert refusal.value.position == 6
    with pytest.raises(UnreadableEvent):
        plans.history.events(plan_id="r")
    assert len(plans.history.events(plan_id="p")) == 4
    # It is none of those that are asked for.
    assert positions(plans.subscribe(after=5, kinds="plan-created", timeout=0)) == [7]


def test_a_page_ends_before_an_event_that_cannot_be_read(plans: PlanRegistry) -> None:
    plant(plans._store, [StoredEntry("q", 2, None, "task-scored", b"damage")])
    plans.score_prompt("p", "a", 0.9)
    assert positions(iter(plans.history.events(kinds=["task-scored"]))) == [2, 5]
    assert positions(iter(plans.history.events(plan_id="q"))) == [4]


def test_a_command_wakes_those_who_wait(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_watch, "_CHECK", 3_600.0)
    events = plans.subscribe(after=5, timeout=PATIENCE)
    got: list[RecordedEvent] = []
    waiting = Thread(target=lambda: got.append(next(events)))
    waiting.start()
    plans.pause("p", "lunch")
    waiting.join(PATIENCE)
    assert positions(iter(got)) == [6]


def test_nothing_that_was_not_asked_for_ends_the_silence(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(100))
    monkeypatch.setattr(feed, "monotonic", lambda: next(now))
    events = plans.subscribe(kinds="plan-paused", timeout=5)
    monkeypatch.setattr(plans._watch, "wait", lambda *_: plans.score_prompt("p", "a", 0.9))
    assert not list(events)
    assert next(now) < 10


def test_an_idle_subscription_looks_by_itself_too(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_watch, "_CHECK", 0.001)
    monkeypatch.setattr(plans._watch, "ensure_running", lambda: None)
    assert not list(plans.subscribe(after=5, timeout=0.01))


def test_closing_ends_a_subscription_and_its_thread(plans: PlanRegistry) -> None:
    events = plans.subscribe(timeout=PATIENCE)
    for _ in range(5):
        next(events)
    waiting = Thread(target=list, args=[events])
    waiting.start()
    plans.close()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    with pytest.raises(StoreUnavailable):
        plans.subscribe()
    begun_before = feed.follow(plans._store, plans._watch, feed.Feed())
    assert not list(begun_before)


def test_a_store_that_fails_is_reported_unless_it_is_closed(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(plans._store, "read_all_stored", fail)
    with pytest.raises(StoreUnavailable, match="gone"):
        next(plans.subscribe())

    def fail_and_close(**_: object) -> None:
        plans._watch.close()
        fail()

    events = plans.subscribe()
    monkeypatch.setattr(plans._store, "read_all_stored", fail_and_close)
    assert not list(events)


def test_a_log_that_went_back_is_noticed(plans: PlanRegistry) -> None:
    events = plans.subscribe()
    for _ in range(5):
        next(events)
    log = plans._store._recorder._stored_events  # type: ignore[attr-defined]
    gone = log.pop()
    with pytest.raises(LogWentBack) as refusal:
        next(events)
    assert (refusal.value.plan_id, refusal.value.version) == ("p", 4)
    assert (refusal.value.position, refusal.value.log_end) == (5, 4)
    with pytest.raises(LogWentBack, match="ends at position 4, before position 5") as refusal:
        next(plans.subscribe(after=5))
    assert refusal.value.plan_id is None
    log.append(gone)
    assert not list(plans.subscribe(after=5, timeout=0))


def test_other_events_in_place_of_those_that_were_read_are_noticed(plans: PlanRegistry) -> None:
    events = plans.subscribe(timeout=0)
    for _ in range(5):
        next(events)
    log = plans._store._recorder._stored_events  # type: ignore[attr-defined]
    log.pop()
    other = registry_on(memory_event_store())
    other.create("g", TASKS, plan_id="p")
    plant(plans._store, other.history.events())
    with pytest.raises(LogWentBack):
        next(events)


def test_an_erasure_loses_no_event(plans: PlanRegistry) -> None:
    plans.pause("p", "a reason that is erased")
    events = plans.subscribe(after=5, timeout=0)
    assert next(events).envelope.position == 6
    plans.erase("p")
    assert [type(one.event).__name__ for one in events] == ["PlanErased"]


def test_a_long_log_is_read_page_by_page(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)
    monkeypatch.setattr(feed.read_on, "__defaults__", (2,))
    assert positions(plans.subscribe(timeout=0)) == [1, 2, 3, 4, 5]


class Deaf(Listener):
    """Fails at once."""

    def wait(self) -> bool:
        """Fail."""
        raise StoreUnavailable("deaf")

    def close(self) -> None:
        """Nothing is held."""


def test_a_store_that_cannot_be_listened_to_is_reported_and_tried_again(
    plans: PlanRegistry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_watch, "PAUSE", 0.0)
    monkeypatch.setattr(plans._store, "listen", Deaf)
    with closing(plans):
        events = plans.subscribe(after=5, timeout=PATIENCE)
        waiting = Thread(target=next, args=[events, None])
        waiting.start()
        while "cannot listen to the store: deaf" not in caplog.text:
            pass
        plans.pause("p", "lunch")
        waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_the_thread_ends_with_the_last_waiter(plans: PlanRegistry) -> None:
    events = plans.subscribe(after=4, timeout=PATIENCE)
    next(events)
    thread = plans._watch._thread
    assert thread
    del events
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert plans._watch._thread is None
