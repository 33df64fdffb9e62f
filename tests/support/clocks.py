"""Time and ids as tests give them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from plangate.application.event_store import EventStore
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.support.ledgers import some_ledger

DAWN = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
LATE = datetime(2100, 1, 1, tzinfo=UTC)


def ticking(
    start: datetime = DAWN, step: timedelta = timedelta(seconds=1)
) -> Callable[[], datetime]:
    """A clock that moves by one step whenever it is read."""
    ticks: Iterator[int] = count()
    return lambda: start + step * next(ticks)


def counted_ids() -> Callable[[int], str]:
    """Ids 1, 2, 3, … in so many hex digits."""
    numbers = count(1)
    return lambda digits: f"{next(numbers):0{digits}x}"


def registry_on(store: EventStore, clock: Callable[[], datetime] | None = None) -> PlanRegistry:
    """A registry whose times and ids can be foretold."""
    return PlanRegistry(
        store,
        views=memory_view_store(),
        ledger=lambda: some_ledger(store),
        keys=MemoryKeyStore,
        clock=clock or ticking(),
        new_id=counted_ids(),
    )


def read_late(registry: PlanRegistry) -> None:
    """From now on, read as at a late and fixed time, when all leases and deferrals have ended."""
    registry._clock = registry._plans.clock = registry.views._current._clock = lambda: LATE
