"""An acknowledgement got lost, and the command is sent again: recorded once, the same answer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import StoreUnavailable
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.registry import PlanRegistry
from tests.support.clocks import registry_on
from tests.support.stores import sqlite_event_store

Command = Callable[[PlanRegistry], Any]

COMMANDS: dict[str, Command] = {
    "create": lambda r: r.create("Ship it", [{"title": "Build"}], idempotency_key="k"),
    "score_prompt": lambda r: r.score_prompt("p", "a", 0.9, idempotency_key="k"),
    "score_output": lambda r: r.score_output("p", "a", 0.1, idempotency_key="k"),
    "score_output, clamped": lambda r: r.score_output("p", "a", 1.5, idempotency_key="k"),
    "update": lambda r: r.update("p", "a", prompt_score=0.2, output_score=0.1, idempotency_key="k"),
    "record_scoring_failure": lambda r: r.record_scoring_failure(
        "p", "a", "output", "the judge was down", idempotency_key="k"
    ),
    "retract_score": lambda r: r.retract_score("p", "p@2", "wrong plan", idempotency_key="k"),
    "record_outcome": lambda r: r.record_outcome(
        "p", "a", "rejected", source="ci", idempotency_key="k"
    ),
    "mark_task": lambda r: r.mark_task("p", "a", "failed", idempotency_key="k"),
    "next_task": lambda r: r.next_task("p", idempotency_key="k"),
    "delete": lambda r: r.delete("p", idempotency_key="k"),
}


class Forgetful:
    """A store whose connection breaks after recording, a given number of times."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.breaks = 0

    def append(
        self,
        events: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
        unused_key: str | None = None,
    ) -> StoredEntry:
        last = self._store.append(events, after=after, unused_key=unused_key)
        if self.breaks:
            self.breaks -= 1
            raise StoreUnavailable("the line broke before the answer came")
        return last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Forgetful]:
    with closing(sqlite_event_store(tmp_path / "plans.db")) as real:
        yield _with_a_plan(Forgetful(real))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_sent_again_it_is_recorded_once_and_answers_as_it_would_have(
    store: Forgetful, tmp_path: Path, command: Command
) -> None:
    with closing(sqlite_event_store(tmp_path / "undisturbed.db")) as other:
        undisturbed = registry_on(_with_a_plan(Forgetful(other)))
        answer, log = command(undisturbed), undisturbed.history.events()
    registry = registry_on(store)
    store.breaks = 1

    with pytest.raises(StoreUnavailable):
        command(registry)

    assert command(registry) == answer
    assert [_fact(recorded) for recorded in registry.history.events()] == [
        _fact(entry) for entry in log
    ]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_another_process_may_send_it_again_even_after_later_commands(
    store: Forgetful, command: Command
) -> None:
    store.breaks = 1
    with pytest.raises(StoreUnavailable):
        command(registry_on(store))
    registry = registry_on(store)
    registry.create("Something else", [{"title": "Wait"}], plan_id="q")
    if "p" in {plan.plan_id for plan in registry.list_plans()}:
        registry.score_prompt("p", "b", 0.5)
    recorded = len(registry.history.events())

    first, second = command(registry), command(registry_on(store))

    assert first == second
    assert len(registry.history.events()) == recorded


def test_without_a_key_a_command_sent_again_is_a_new_command(store: Forgetful) -> None:
    registry = registry_on(store)
    store.breaks = 1
    with pytest.raises(StoreUnavailable):
        registry.next_task("p")

    second = registry.next_task("p")

    assert second is not None
    assert second.id == "b"


def _with_a_plan(store: Forgetful) -> Forgetful:
    registry = registry_on(store)
    registry.create("Move", [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], plan_id="p")
    registry.score_output("p", "a", 0.8)
    registry.mark_task("p", "a", "pending")
    return store


def _fact(recorded: RecordedEvent) -> tuple[Any, ...]:
    """An entry but for the chance in it: its salt."""
    return recorded.event, recorded.envelope.event_id, recorded.envelope.idempotency_key
