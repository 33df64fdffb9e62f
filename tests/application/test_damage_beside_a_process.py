"""A log that is damaged, or has other events, while a process remembers what was there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eventsourcing.persistence import Notification

import plangate
from plangate.application.errors import CorruptEvent, HistoryDiffers, LogWentBack
from plangate.application.recorded_event import StoredEntry
from tests.support.stores import plant


@pytest.fixture
def registry() -> plangate.PlanRegistry:
    registry = plangate.connect("memory:")
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    return registry


def change_last(registry: plangate.PlanRegistry, change: Callable[[Notification], Any]) -> None:
    log: Any = registry._store
    events = log._recorder._stored_events
    events[-1] = change(events[-1])


def test_a_remembered_event_that_is_damaged_now_is_named(registry: plangate.PlanRegistry) -> None:
    change_last(registry, lambda e: replace(e, state=b"{"))
    with pytest.raises(CorruptEvent):
        registry.get_status("p")


def test_the_same_event_at_another_position_is_another_log(registry: plangate.PlanRegistry) -> None:
    change_last(registry, lambda e: replace(e, id=7, state=e.state + b" "))
    with pytest.raises(LogWentBack):
        registry.get_status("p")


def test_a_damaged_event_is_another_history_than_a_sound_one(
    registry: plangate.PlanRegistry,
) -> None:
    (entry,) = registry._store.read_stored("p")
    other = plangate.connect("memory:")
    damaged = StoredEntry("p", 1, None, entry.name, b"{")
    plant(other._store, [damaged])
    with pytest.raises(HistoryDiffers):
        registry.bundles.copy_to(other)
