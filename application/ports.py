"""What the registry needs from outside: a store for events, the time, and new ids.

Every adapter of `EventStore` passes one suite, `tests/contracts/`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from plangate.application.records import RecordedEvent

Clock = Callable[[], datetime]
"""The time now, with its zone. Nothing is ever ordered by it."""

NewId = Callable[[int], str]
"""A fresh random id of so many hex digits."""


class EventStore(Protocol):
    """An append-only log of events, by plan and as a whole.

    Every method may raise a `StoreError`; reading raises `CorruptEvent` for an
    event that cannot be read.
    """

    def append(self, events: Sequence[RecordedEvent]) -> None:
        """Record consecutive events of one plan, all or none, durably.

        Raises `ConcurrentChange` when the plan already has one of their versions.
        """
        ...

    def read(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[RecordedEvent]:
        """A plan's events with versions in (after, until], in order; empty if there are none."""
        ...

    def read_all(self, *, after: int = 0, limit: int) -> Sequence[RecordedEvent]:
        """The first `limit` events with positions beyond `after`, in commit order.

        An event that cannot be read ends the answer early, and raises
        `CorruptEvent` with its position when it is the first.
        """
        ...

    def plan_ids(self, *, after: int = 0, limit: int) -> Sequence[tuple[int, str]]:
        """The first `limit` plans created beyond the position `after`: (position, plan id)."""
        ...

    def turn(self, plan_id: str) -> AbstractContextManager[None]:
        """Have others who ask for a turn on the plan wait, while the block reads and appends.

        It saves work where many crowd on one plan, and promises nothing: a store may
        let everybody in, and `append` refuses a taken version all the same.
        """
        ...

    def close(self) -> None:
        """Let go of everything held; closing twice is harmless."""
        ...
