"""The adapters that every contract test runs against."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from plangate.application.event_store import EventStore
from plangate.infrastructure.eventsourcing_library.other_engines import other_engine_event_store
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.umadb import umadb_server
from tests.support.stores import postgres_event_store, sqlite_event_store


@dataclass
class Engine:
    """One kind of store: how to open it, and what it does beyond the common promises."""

    open: Callable[[], RecorderEventStore]
    lasts: bool = True
    places_plans: bool = True
    """Whether reading one plan gives the positions of its events."""
    opened: list[RecorderEventStore] = field(default_factory=list)

    def store(self) -> EventStore:
        """A store that is closed when the test ends."""
        self.opened.append(self.open())
        return self.opened[-1]

    def plant(self, plan_id: str, version: int, state: str) -> None:
        """Have some bytes stored as an event, behind the codec's back."""
        event = StoredEvent(plan_id, version, "task-scored", state.encode())
        self.opened[-1]._recorder.append_events([event], None)


Engines = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Engine]]


@contextmanager
def _memory(_request: pytest.FixtureRequest, _folder: Path) -> Iterator[Engine]:
    yield Engine(memory_event_store, lasts=False)


@contextmanager
def _sqlite(_request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    yield Engine(lambda: sqlite_event_store(folder / "plans.db"))


@contextmanager
def _postgres(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Engine]:
    server: PostgresServer = request.getfixturevalue("postgres")
    yield Engine(lambda: postgres_event_store(server.url))


@contextmanager
def _umadb(_request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    with umadb_server(folder) as variables:
        yield Engine(lambda: other_engine_event_store(variables), places_plans=False)


@pytest.fixture(params=[_memory, _sqlite, _postgres, _umadb], ids=lambda engines: engines.__name__)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each kind of store in turn."""
    engines: Engines = request.param
    with engines(request, tmp_path) as engine:
        yield engine
        for store in engine.opened:
            store.close()


@pytest.fixture
def store(engine: Engine) -> EventStore:
    """An empty store."""
    return engine.store()
