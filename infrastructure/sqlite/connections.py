"""Connections to one SQLite database, each used by one thread at a time.

An exception from a signal handler may come after any call. So a connection is taken and
given back within C, and what undoes a transaction is C too: see `Connections.use`. At a
fork no connection is open, as SQLite requires: see `Connections.settle`.
"""

import ctypes
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import repeat
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Final, TypeVar

from plangate.application.errors import StoreUnavailable
from plangate.application.forks import settle_for_forks
from plangate.infrastructure.sqlite.errors import primary_code
from plangate.infrastructure.sqlite.file_bytes import FileKey

LOCK_TIMEOUT: Final = 30.0
"""Seconds to wait for another writer, for a free connection, and for the last ones at closing."""

_SHORTEST_WAIT: Final = 0.00005
_LONGEST_WAIT: Final = 0.02
"""Seconds between two looks at a lock: an eighth of what was waited, within these."""

T = TypeVar("T")

_inherited: Final[set[FileKey]] = set()
"""The files that were open when this process was forked."""


class WriterBusy(Exception):
    """Another connection writes now; nothing was done."""


class _Slot:
    """A connection, once it is opened."""

    __slots__ = ("connection",)

    def __init__(self) -> None:
        self.connection: sqlite3.Connection | None = None

    def drop(self) -> None:
        """Close the connection; closing it undoes what was not committed."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


class Connections:
    """At most `number` connections, opened when they are needed, and kept."""

    def __init__(
        self, path: Path | None, number: int, connect: Callable[[], sqlite3.Connection]
    ) -> None:
        """Without a path the database is in memory, and its one connection holds it."""
        self._path = path
        self._connect = connect
        self._closed = False
        self._fill([_Slot() for _ in range(number)])
        settle_for_forks(self)

    def use(self, work: Callable[[sqlite3.Connection], T], patience: float | None = None) -> T:
        """Do `work` with a connection that no other thread uses meanwhile.

        Raises `StoreUnavailable` after closing, and where none is free in time.
        """
        free, slot = self._free, self._take(LOCK_TIMEOUT if patience is None else patience)
        try:
            if slot.connection is None:
                slot.connection = self._opened()
            return work(slot.connection)
        except BaseException as error:
            # Whatever signals come, the first call of a block is carried out.
            try:
                if slot.connection is not None:
                    slot.connection.rollback()
            except sqlite3.Error:  # it may not replace the first error
                slot.drop()
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                slot.drop()
            raise
        finally:
            try:
                if self._closed:
                    slot.drop()
            finally:
                free.put(slot)

    def transact(self, begin: str, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` in a transaction of which nothing remains if it raises an error."""
        return self.use(partial(_transact, begin, work))

    def transact_soon(self, begin: str, work: Callable[[sqlite3.Cursor], T]) -> T:
        """`transact` on connections whose own time-out is 0, beginning once the lock is free.

        SQLite looks at the lock ever less often, and so hardly ever finds it between two
        transactions of a busy writer.
        """
        return self.use(partial(_transact, begin, work, begun=_begin_soon))

    def transact_at_once(self, begin: str, work: Callable[[sqlite3.Cursor], T]) -> T:
        """`transact_soon`, but where it would have to wait it raises `WriterBusy`."""
        return self.use(partial(_transact, begin, work, begun=_begin_at_once), patience=0)

    def close(self, deadline: float) -> None:
        """Close every connection once it is free; one that is not in time, after its use."""
        self._closed = True
        try:
            self._gather(deadline)
            for slot in self._gathered:
                slot.drop()
        finally:
            self.resume()

    def settle(self, deadline: float) -> None:
        """Wait until no thread is inside SQLite, and close what a child may not inherit.

        SQLite counts the locks that a process has on a file. A child would count those of
        its parent too, and not lock what it seems to have locked already; once the parent
        closed the file, all that the child commits would be lost with the write-ahead log.
        """
        self._gather(deadline)
        if self._path is not None:
            for slot in self._gathered:
                slot.drop()

    def resume(self) -> None:
        """Give back what was gathered, to those who wait for it."""
        pop = map(self._gathered.pop, repeat(-1, len(self._gathered)))
        any(map(self._free.put, pop))

    def renew(self) -> None:
        """Begin anew in a forked child, which never touches what was in use at the fork."""
        in_use = [slot for slot in self._slots if slot not in self._gathered]
        for slot in in_use:
            if slot.connection is not None:
                _abandon(slot.connection, self._path)
        self._fill([*self._gathered, *(_Slot() for _ in in_use)])

    def _fill(self, slots: list[_Slot]) -> None:
        self._slots = slots
        self._gathered: list[_Slot] = []
        self._free: SimpleQueue[_Slot] = SimpleQueue()
        self._unused: SimpleQueue[_Slot] = SimpleQueue()
        any(map(self._unused.put, slots))

    def _take(self, patience: float) -> _Slot:
        """Take a slot: one that has a connection, one without, or the next that is free."""
        for slots, seconds in ((self._free, 0.0), (self._unused, 0.0), (self._free, patience)):
            try:
                # No signal handler can run between taking a slot and storing it, as it
                # could after a call: unpacking an iterator does both within C.
                (slot,) = map(slots.get, (True,), (seconds,))
            except Empty:
                continue
            return slot
        if not patience:
            raise WriterBusy
        raise StoreUnavailable(f"{self._path} is busy; no connection was free in time")

    def _gather(self, deadline: float) -> None:
        """Take every slot that is free in time, and keep it from others."""
        with suppress(Empty):
            self._gathered.extend(iter(self._unused.get_nowait, None))
        with suppress(Empty):
            while len(self._gathered) < len(self._slots):
                left = max(0.0, deadline - monotonic())
                self._gathered.extend(map(self._free.get, (True,), (left,)))

    def _opened(self) -> sqlite3.Connection:
        if self._closed:
            name = "in memory" if self._path is None else self._path
            raise StoreUnavailable(f"the store {name} is closed")
        if self._path is not None and _inherited and _key(self._path) in _inherited:
            raise StoreUnavailable(
                f"{self._path} was in use when this process was forked, and SQLite cannot open it"
                " here; open it after the fork"
            )
        return self._connect()


def _begin(cursor: sqlite3.Cursor, begin: str) -> None:
    cursor.execute(begin)


def _begin_at_once(cursor: sqlite3.Cursor, begin: str) -> None:
    try:
        cursor.execute(begin)
    except sqlite3.OperationalError as error:
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            raise WriterBusy from error
        raise


def _begin_soon(cursor: sqlite3.Cursor, begin: str) -> None:
    started = monotonic()
    while True:
        try:
            cursor.execute(begin)
        except sqlite3.OperationalError as error:
            waited = monotonic() - started
            if primary_code(error) != sqlite3.SQLITE_BUSY or waited > LOCK_TIMEOUT:
                raise
        else:
            return
        sleep(min(max(waited / 8, _SHORTEST_WAIT), _LONGEST_WAIT))


def _transact(
    begin: str,
    work: Callable[[sqlite3.Cursor], T],
    connection: sqlite3.Connection,
    *,
    begun: Callable[[sqlite3.Cursor, str], None] = _begin,
) -> T:
    cursor = connection.cursor()
    try:
        begun(cursor, begin)
        answer = work(cursor)
        # The same cursor: a question that was not read to its end is over before.
        cursor.execute("COMMIT")
    except BaseException:
        # A traceback may keep the cursor, and a question that is not over would go on reading.
        try:  # noqa: SIM105  (entering `suppress` can be interrupted)
            cursor.close()
        except sqlite3.Error:
            pass
        raise
    return answer


def _abandon(connection: sqlite3.Connection, path: Path | None) -> None:
    """Keep a connection of the parent from ever being closed, even as this process ends."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
    if path is not None:
        _inherited.add(_key(path))


def _key(path: Path) -> FileKey:
    """What SQLite knows a file by."""
    try:
        return FileKey.of(path.stat())
    except OSError:  # a file that is gone cannot be opened anyway
        return FileKey(0, 0)
