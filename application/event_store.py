"""The port to the event log; also the clock and the ids, which come from outside.

Every store passes the same suite, `tests/contracts/`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from plangate.application.recorded_event import CommandFacts, RecordedEvent, StoredEntry
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.events import PlanEvent

T = TypeVar("T")

Clock = Callable[[], datetime]
"""The time now, with its zone. Nothing is ever ordered by it."""

NewId = Callable[[int], str]
"""A fresh random id of so many hex digits."""


def zoned(clock: Clock) -> Clock:
    """The clock, which raises `InvalidInput` where it gives anything but a time with a zone."""

    def now() -> datetime:
        time: object = clock()
        if not isinstance(time, datetime) or time.utcoffset() is None:
            raise InvalidInput([Problem("clock", "must give times with a zone")])
        try:
            return time.astimezone(UTC)
        except OverflowError:
            problem = f"gives {time}, which is not in the calendar in UTC"
            raise InvalidInput([Problem("clock", problem)]) from None

    return now


class EventFormat(Protocol):
    """How events are stored: decoding entries, and the forms that proofs and copies use."""

    @property
    def kinds(self) -> Sequence[str]:
        """The stored names of all kinds of events."""

    def decode(self, entry: StoredEntry) -> RecordedEvent:
        """The event that an entry holds; raises `UnreadableEvent` where it cannot be read."""

    def read_to_fold(
        self, entries: Iterable[StoredEntry]
    ) -> Iterator[tuple[StoredEntry, PlanEvent, CommandFacts]]:
        """Entries with what a plan is folded from, made faster than events and envelopes.

        It has an event's fields, and `evolve.apply` takes it for the event. An event whose
        class a fold looks at is of that class: a `PlanCreated`, a `PlanErased`. Raises as `decode`.
        """

    def canonical_form(self, entry: StoredEntry) -> bytes:
        """The bytes that represent an entry in proofs, the same before and after an erasure.

        They leave out its position. Raises `UnreadableEvent` where it cannot be read.
        """

    def content_form(self, entry: StoredEntry) -> bytes:
        """Like `canonical_form`, but the same in every log that the entry is copied to."""

    def has_erasable_text(self, entry: StoredEntry) -> bool:
        """Whether an entry holds text that people wrote. Raises as `canonical_form`."""

    def erased(self, entry: StoredEntry) -> StoredEntry:
        """The entry without the text that people wrote; its canonical form is the same.

        Raises as `canonical_form`.
        """

    def require_bounds(self, entry: StoredEntry) -> None:
        """Raise `InvalidInput` for a readable entry with a value that no command could record."""

    def is_as_written(self, entry: StoredEntry) -> bool:
        """Whether the stored bytes are exactly those that this format writes for the event."""

    def moved(self, entry: StoredEntry) -> StoredEntry:
        """The entry for another log: its position becomes its `origin_position`."""


class KeyUsed(Exception):
    """An event of some plan has the idempotency key already; nothing was recorded."""


class Listener(Protocol):
    """Notices what is recorded, by any process; used by one thread."""

    def wait(self) -> bool:
        """Wait a fraction of a second for events; whether there may be some.

        What it misses it notices some seconds later. Raises a `StoreError`.
        """

    def close(self) -> None:
        """Release what listening needs."""


class EventStore(Protocol):
    """An append-only log of events, by plan and as a whole.

    Every method may raise a `StoreError`; reading raises `UnreadableEvent` for an
    event that cannot be read.
    """

    def append(
        self,
        events: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
        unused_key: str | None = None,
    ) -> StoredEntry:
        """Record consecutive events of one plan, all or none, durably; return the last one.

        They follow the newest event of the plan in the log. That must be `after`, if given.
        Its position is not compared where it is unknown; the answer may lack one too.
        Raises `ConcurrentChange` when the plan already has one of their versions, or another
        event than `after`; `PredecessorMissing` when the plan lacks the version before them;
        `KeyUsed` when any plan has an event with `unused_key`. Of several at once with that
        key, one records; another engine of the `eventsourcing` library promises that within
        one process only.
        """

    def plans_with_key(self, key: str) -> Sequence[str]:
        """The plans that have an event with the idempotency key, oldest event first."""

    def read(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[RecordedEvent]:
        """A plan's events with versions in (after, until], in order; empty if there are none."""

    def read_all(self, *, after: int = 0, limit: int) -> Sequence[RecordedEvent]:
        """The first `limit` events with positions beyond `after`, in commit order.

        They end before an event that cannot be read; where that is the first, it
        raises `UnreadableEvent` with its position.
        """

    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        """Like `read`, but as stored; nothing is decoded."""

    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        """Like `read_all`, but as stored; unreadable entries are included."""

    def folded(self, plan_id: str, fold: Callable[[Iterable[StoredEntry]], T]) -> T:
        """What `fold` makes of a plan's entries, in order, none of which is kept for it.

        It may be called again, from the beginning. It asks the store nothing.
        """

    def append_stored(self, entries: Sequence[StoredEntry]) -> None:
        """Record entries of any plans as they are, all or none, durably.

        Either all of them have a position or none has. Given positions are kept: they
        must lie beyond all that are taken, or else `PositionTaken` is raised; an engine
        that gives only its own raises a `StoreError`. The entries of each plan follow its
        newest one and each other, or else it raises as `append`.
        """

    def rewrite(
        self,
        erased: Sequence[StoredEntry],
        then: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
    ) -> StoredEntry | None:
        """Replace stored entries by erased ones, and `append`; all or none, durably.

        Either may be empty, but not both. `after` is compared before anything is replaced.
        Raises as `append`, and a `StoreError` on an engine that cannot change what it
        recorded.
        """

    def scrub(self) -> None:
        """Leave nothing of what was rewritten or removed in the store's free space.

        The time it takes grows with the store. Raises a `StoreError` where something
        may be left, as while other processes read an older state; try again.
        """

    @property
    def format(self) -> EventFormat:
        """How this store stores events."""

    def plan_ids(self, *, after: int = 0, limit: int) -> Sequence[tuple[int, str]]:
        """The first `limit` plans created beyond the position `after`: (position, plan id)."""

    def turn(self, plan_id: str, work: Callable[[], T]) -> T:
        """Let others who want a turn on the plan wait while `work` reads and appends.

        It saves work where many write to one plan, and guarantees nothing: a store may
        admit all of them, and `append` refuses a taken version all the same.
        """

    def within(self, connection: object) -> "EventStore":
        """The store inside the transaction that is open on a connection of the caller.

        What it records is committed or undone with that transaction. Until it is closed, this
        thread may record nothing through the store outside. Raises `TransactionRefused`.
        """

    def changes(self) -> object:
        """What is equal only while nothing is recorded or rewritten, by any process.

        None where the engine cannot say that faster than by reading.
        """

    def listen(self) -> Listener:
        """Listen for what is recorded from now on."""

    def last_position(self) -> int:
        """The position of the newest event of the log; 0 while it is empty."""

    def close(self) -> None:
        """Release everything held; closing twice is harmless."""
