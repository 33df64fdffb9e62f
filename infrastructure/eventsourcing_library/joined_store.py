"""An event store inside a transaction of the caller: it appends and reads, and commits nothing."""

from collections.abc import Sequence
from threading import local
from typing import Never, Protocol
from weakref import ref

from typing_extensions import override

from plangate.application.errors import TransactionRefused
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore


class Joined(Protocol):
    """A transaction of a caller that a store has joined."""

    @property
    def is_open(self) -> bool:
        """Whether the transaction goes on, and the store is still part of it."""


class JoinedTransactions:
    """The transactions that a store has joined, as long as they live, by thread."""

    def __init__(self) -> None:
        self._here = local()

    def join(self, one: Joined) -> None:
        """Note a transaction of this thread."""
        others = [known for known in self._references() if known() is not None]
        self._here.joined = [*others, ref(one)]

    def refuse_to_wait(self) -> None:
        """Raise `TransactionRefused` in a thread that would wait for its own transaction."""
        for reference in self._references():
            one = reference()
            if one is not None and one.is_open:
                raise TransactionRefused(
                    "this thread is inside in_transaction(): what it recorded here would wait for"
                    " its own transaction; use the registry that the block was given"
                )

    def _references(self) -> "Sequence[ref[Joined]]":
        return getattr(self._here, "joined", ())


class JoinedEventStore(RecorderEventStore):
    """The events of a store, as a transaction of the caller sees and changes them."""

    @override
    def append_stored(self, entries: Sequence[StoredEntry]) -> Never:
        _refuse("to import or copy plans")

    @override
    def rewrite(
        self,
        erased: Sequence[StoredEntry],
        then: Sequence[RecordedEvent],
        *,
        after: StoredEntry | None = None,
    ) -> Never:
        _refuse("to erase text")

    @override
    def scrub(self) -> Never:
        _refuse("to erase text")

    @override
    def listen(self) -> Never:
        _refuse("to subscribe")

    @override
    def within(self, connection: object) -> EventStore:
        _refuse("another transaction")


def _refuse(what: str) -> Never:
    raise TransactionRefused(f"inside in_transaction() it is not possible: {what}")
