"""What the registry needs from outside: stores for events and views, the time, and new ids.

Every adapter of a store passes one suite, `tests/contracts/`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from plangate.application.ledger.leaves import Leaf, Reach
from plangate.application.records import RecordedEvent, StoredEntry
from plangate.application.views.queries import (
    After,
    BoardWanted,
    PlansWanted,
    ReplansWanted,
    TimelineWanted,
)
from plangate.application.views.rows import BoardTask, PlanSummary, ReplanEntry, TimelineEntry
from plangate.application.views.updates import Mark, Target, ViewUpdate

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

    def holds_words(self, entry: StoredEntry) -> bool:
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


class ViewStore(Protocol):
    """The rows of the views, and how far each has come; both always change together.

    A view being rebuilt has tables of its own beside those that are read. Every
    method may raise a `StoreError`; none leaves anything half written.
    """

    def marks(self) -> Mapping[Target, Mark]:
        """How far every view and every rebuild has come; absent is what was never begun."""
        ...

    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        """Begin to rebuild a view: empty tables, at position 0.

        Unless it is to be done `afresh`, a rebuild by the same version of the fold
        is gone on with, and none is begun where the view itself is of that version.
        """
        ...

    def save(self, updates: Sequence[ViewUpdate]) -> bool:
        """Write all the updates in one transaction.

        False, and nothing is written, when one of them does not follow on from
        where its view stands: somebody else was faster.
        """
        ...

    def swap(self, view: str) -> bool:
        """Let the rebuilt tables of a view take the place of those that are read, all at once.

        False, and nothing is changed, while they are behind those, or not there.
        """
        ...

    def scrub(self) -> None:
        """Leave nothing of removed rows in what was made of them, such as a text index."""
        ...

    def sizes(self) -> Mapping[str, int]:
        """How many rows each view has."""
        ...

    def plans(self, wanted: PlansWanted, after: After | None, limit: int) -> Sequence[PlanSummary]:
        """The first `limit` matching plans beyond `after`, in the order that is wanted."""
        ...

    def board(self, wanted: BoardWanted, after: After | None, limit: int) -> Sequence[BoardTask]:
        """The first `limit` matching tasks, by plan position and place.

        `after` is the plan position, place, plan id and task id of the last one told;
        if that task has another place by now, the answer goes on from there.
        """
        ...

    def timeline(
        self, wanted: TimelineWanted, after: After | None, limit: int
    ) -> Sequence[TimelineEntry]:
        """The first `limit` scores of a plan beyond a version."""
        ...

    def replans(
        self, wanted: ReplansWanted, after: After | None, limit: int
    ) -> Sequence[ReplanEntry]:
        """The first `limit` replans beyond a position, in the direction that is wanted."""
        ...

    def close(self) -> None:
        """Let go of everything held; closing twice is harmless."""
        ...


class LedgerStore(Protocol):
    """The leaves of the ledger, and how far it has come; both always change together.

    It lies beside the events and is closed along with them. Every method may raise a
    `StoreError`; none leaves anything half written.
    """

    def reach(self) -> Reach:
        """How far the ledger has come."""
        ...

    def extend(self, after: Reach, leaves: Sequence[Leaf], reach: Reach) -> bool:
        """Save the leaves that follow on from `after`, and how far they lead.

        False, and nothing is written, where the ledger stands elsewhere: somebody else
        was faster. Raises `NotAStore` where there are such leaves already.
        """
        ...

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on; one that is damaged is left out."""
        ...

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event; None if it has none."""
        ...


class LedgerKey(Protocol):
    """The Ed25519 key that signs checkpoints; kept where the database is not.

    Every method raises `NoLedgerKey` where there is none, or none can be made.
    """

    def public_key(self) -> bytes:
        """The public key, 32 bytes; the private one is made when it is first needed."""
        ...

    def known_public_key(self) -> bytes:
        """The public key that is there already, or was given in the place of a private one."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        ...

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the key signed the message."""
        ...
