"""The port to the event log, with the clock and the ids that come from outside.

Every store passes the same suite, `tests/contracts/`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from plangate.application.recorded_event import RecordedEvent, StoredEntry

Clock = Callable[[], datetime]
"""The time now, with its zone. Nothing is ever ordered by it."""

NewId = Callable[[int], str]
"""A fresh random id of so many hex digits."""


class EventFormat(Protocol):
    """How events are written down: what can be said of stored entries, and made of them."""

    @property
    def kinds(self) -> Sequence[str]:
        """The stored names of all kinds of events."""
        ...

    def decode(self, entry: StoredEntry) -> RecordedEvent:
        """The event that was stored; raises `CorruptEvent` where it cannot be read."""
        ...

    def canonical_form(self, entry: StoredEntry) -> bytes:
        """The bytes that stand for an entry in proofs, the same before and after an erasure.

        Its position is not part of them. Raises `CorruptEvent` where it cannot be read.
        """
        ...

    def content_form(self, entry: StoredEntry) -> bytes:
        """As `canonical_form`, but the same in every log that the entry is copied to."""
        ...

    def has_erasable_text(self, entry: StoredEntry) -> bool:
        """Whether people's words stand in an entry. Raises `CorruptEvent` as `canonical_form`."""
        ...

    def erased(self, entry: StoredEntry) -> StoredEntry:
        """The entry without people's words; its canonical form is the same.

        Raises `CorruptEvent` as `canonical_form`.
        """
        ...

    def is_as_written(self, entry: StoredEntry) -> bool:
        """Whether the stored bytes are the ones that are written for what they say."""
        ...

    def moved(self, entry: StoredEntry) -> StoredEntry:
        """The entry for another log: without a position, which it keeps as `origin_position`."""
        ...


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

    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        """As `read`, but as stored; nothing is decoded."""
        ...

    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        """As `read_all`, but as stored; what cannot be read is there like everything else."""
        ...

    def append_stored(self, entries: Sequence[StoredEntry]) -> None:
        """Record entries of any plans as they are, all or none, durably.

        Those that name a position get it: it must lie beyond all that are taken, or
        else `PositionTaken` is raised; a `StoreError` too by an engine that gives
        only its own. All of them name one, or none does. Raises `ConcurrentChange`
        when a plan already has one of the versions.
        """
        ...

    def rewrite(self, erased: Sequence[StoredEntry], then: Sequence[RecordedEvent]) -> None:
        """Put erased entries in the place of those stored, and `append`; all or none, durably.

        Either may be empty, but not both. Raises what `append` does, and a `StoreError`
        on an engine that never changes what it recorded.
        """
        ...

    def scrub(self) -> None:
        """Leave nothing of what was rewritten or removed in the store's free space.

        It takes as long as the store is large. Raises a `StoreError` where something
        may have been left, as while others still read an older state; try again.
        """
        ...

    @property
    def format(self) -> EventFormat:
        """How this store writes events down."""
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

    def last_position(self) -> int:
        """The position of the newest event of the whole log; 0 while it is empty."""
        ...

    def close(self) -> None:
        """Let go of everything held; closing twice is harmless."""
        ...
