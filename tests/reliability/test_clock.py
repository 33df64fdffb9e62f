"""The clock may jump by years either way: order follows from versions alone."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on, ticking
from tests.support.properties import repeatable
from tests.support.reliability.errands import Answer, creating, errands
from tests.support.soak import short_and_long
from tests.support.stores import sqlite_event_store

PLANS, TASKS = ["b", "c", "a"], 4

moments = st.datetimes(
    min_value=datetime(1980, 1, 1),  # noqa: DTZ001  (hypothesis adds the zone)
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
clocks = st.lists(moments, min_size=1, max_size=40)


def wandering(hours: list[datetime]) -> Callable[[], datetime]:
    """A clock that shows these times, one after the other, over and over."""
    shown = _for_ever(hours)
    return lambda: next(shown)


@short_and_long("examples", 25, 1_000)
def test_a_wandering_clock_changes_times_and_nothing_else(examples: int) -> None:
    @settings(repeatable, max_examples=examples)
    @given(hours=clocks, seed=st.integers(0, 2**32))
    def one_example(hours: list[datetime], seed: int) -> None:
        wandered = registry_on(memory_event_store(), wandering(hours))
        ticked = registry_on(memory_event_store(), ticking())

        assert _worked(wandered, seed) == _worked(ticked, seed)
        assert _seen(wandered) == _seen(ticked)

    one_example()


@short_and_long("examples", 10, 250)
def test_a_file_written_under_a_wandering_clock_is_read_back_in_its_order(examples: int) -> None:
    @settings(repeatable, max_examples=examples)
    @given(hours=clocks, seed=st.integers(0, 2**32))
    def one_example(hours: list[datetime], seed: int) -> None:
        _same_when_read_back(hours, seed)

    one_example()


def _same_when_read_back(hours: list[datetime], seed: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plans.db"
        with closing(sqlite_event_store(path, {"synchronous": "OFF"})) as store:
            before = _worked(registry_on(store, wandering(hours)), seed)
        with closing(sqlite_event_store(path, {"synchronous": "OFF"})) as store:
            registry = registry_on(store)
            undisturbed = registry_on(memory_event_store())
            assert before == _worked(undisturbed, seed)
            assert _seen(registry) == _seen(undisturbed)


def test_after_the_clock_was_set_back_for_years_the_later_score_counts() -> None:
    years_ago = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=10_000)
    registry = registry_on(
        memory_event_store(), wandering([datetime(2026, 1, 1, tzinfo=UTC), years_ago])
    )
    registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id="p")
    registry.score_output("p", "a", 0.9)
    registry.score_output("p", "a", 0.2)

    assert registry.get_status("p").tasks[0].output_score == 0.2
    assert registry.retract_score("p", "p@4", "mistaken").tasks[0].output_score == 0.9


def _worked(registry: PlanRegistry, seed: int) -> list[Answer]:
    """The answers to a row of errands on three plans."""
    todo = errands(Random(seed), PLANS, TASKS, "w")
    for plan_id in PLANS:
        creating(plan_id, TASKS).send(registry)
    return [next(todo).send(registry) for _ in range(25)]


def _seen(registry: PlanRegistry) -> Any:
    """All that can be asked, without the times."""
    times: Any = {
        "created_at": True,
        "updated_at": True,
        "tasks": {"__all__": {"claim": {"since"}}},
    }
    plans = [plan.model_dump(exclude=times) for plan in registry.list_plans().plans]
    log = [
        (entry.envelope.position, entry.envelope.event_id, _timeless(entry.event))
        for entry in registry.history.events()
    ]
    histories = [
        [entry.envelope.version for entry in registry.history.of(plan_id)] for plan_id in PLANS
    ]
    return plans, log, histories


def _timeless(event: Any) -> Any:
    return event.model_dump(exclude={"at"})


def _for_ever(hours: list[datetime]) -> Iterator[datetime]:
    while True:
        yield from hours
