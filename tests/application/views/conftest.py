"""A registry in memory whose log and views a test can look into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.views.follower_thread import FollowerThread
from plangate.application.views.view_store import ViewStore
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.support.clocks import counted_ids, ticking
from tests.support.ledgers import some_ledger

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@dataclass
class SharedStores:
    """One log and one set of views; registries come and go."""

    log: RecorderEventStore
    views: ViewStore
    new_id: Callable[[int], str] = field(default_factory=counted_ids)

    def open(self, thread: FollowerThread | None = None) -> PlanRegistry:
        """Another process, so to speak, or a registry whose views another one's thread keeps."""
        return PlanRegistry(
            self.log,
            views=self.views,
            ledger=lambda: some_ledger(self.log),
            keys=MemoryKeyStore,
            clock=ticking(),
            new_id=self.new_id,
            follower_thread=thread,
        )

    def spoil(self, plan_id: str, version: int, state: bytes = b"{}") -> bytes:
        """Damage an event behind everybody's back; what it was."""
        for row in self.log._recorder._stored_events:  # type: ignore[attr-defined]
            if (row.originator_id, row.originator_version) == (plan_id, version):
                whole: bytes = row.state
                object.__setattr__(row, "state", state)
                return whole
        raise KeyError(version)


@pytest.fixture
def stores() -> Iterator[SharedStores]:
    stores = SharedStores(memory_event_store(), memory_view_store())
    yield stores
    stores.views.close()


@pytest.fixture
def registry(stores: SharedStores) -> PlanRegistry:
    return stores.open()
