"""The adapters that every contract test runs against."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plangate.application.ports import EventStore
from plangate.infrastructure.event_store.memory import memory_event_store
from plangate.infrastructure.event_store.recorder_store import RecorderEventStore
from plangate.infrastructure.event_store.sqlite import sqlite_event_store


@dataclass
class Engine:
    """One kind of store: how to open it, and how to damage an event behind its back."""

    open: Callable[[], EventStore]
    spoil: Callable[[EventStore, str, int, str], None]
    lasts: bool
    opened: list[EventStore] = field(default_factory=list)

    def store(self) -> EventStore:
        """A store that is closed when the test ends."""
        self.opened.append(self.open())
        return self.opened[-1]


def _memory(_folder: Path) -> Engine:
    def spoil(store: EventStore, plan_id: str, version: int, state: str) -> None:
        assert isinstance(store, RecorderEventStore)
        log = store._recorder._stored_events  # type: ignore[attr-defined]
        for row in log:
            if (row.originator_id, row.originator_version) == (plan_id, version):
                object.__setattr__(row, "state", state.encode())

    return Engine(memory_event_store, spoil, lasts=False)


def _sqlite(folder: Path) -> Engine:
    path = folder / "plans.db"

    def spoil(_store: EventStore, plan_id: str, version: int, state: str) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE stored_events SET state = ?"
                " WHERE originator_id = ? AND originator_version = ?",
                (state, plan_id, version),
            )
        connection.close()

    return Engine(lambda: sqlite_event_store(path), spoil, lasts=True)


@pytest.fixture(params=[_memory, _sqlite], ids=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each kind of store in turn."""
    engine: Engine = request.param(tmp_path)
    yield engine
    for store in engine.opened:
        store.close()


@pytest.fixture
def store(engine: Engine) -> EventStore:
    """An empty store."""
    return engine.store()
