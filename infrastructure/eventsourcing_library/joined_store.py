"""An event store inside a transaction of the caller: it appends and reads, and commits nothing."""

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Final, Never

from typing_extensions import override

from plangate.application.errors import TransactionRefused
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.eventsourcing_library.recorder_store import (
    RecorderEventStore,
)


class JoinedTransactions:
    """The transactions of callers that a store has joined, each in one thread."""

    def __init__(self) -> None:
        self._joined: Final[list[tuple[int, Callable[[], bool]]]] = []

    def join(self, is_open: Callable[[], bool]) -> Callable[[], None]:
        """Note a transaction of this thread; the answer is what ends that."""
        joined = (get_ident(), is_open)
        self._joined.append(joined)

        def leave() -> None:
            if joined in self._joined:
                self._joined.remove(joined)

        return leave

    def refuse_to_wait(self) -> None:
        """Raise `TransactionRefused` in a thread that would wait for its own transaction."""
        for thread, is_open in self._joined.copy():
            if thread == get_ident() and is_open():
                raise TransactionRefused(
                    "this thread is inside in_transaction(): what it recorded here would wait for"
                    " its own transaction; use the registry that the block was given"
                )


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
    def within(self, connection: object) -> EventStore:
        _refuse("another transaction")


def _refuse(what: str) -> Never:
    raise TransactionRefused(f"inside in_transaction() it is not possible: {what}")
