"""Group commit: what several threads want to record at once is one transaction.

The thread that gets the writing connection records for all that wait for it, so they wait
for the disk together. Each thread still takes the connection in its turn: if its work is not
committed by then, whatever became of the one that had begun it, it does the work itself.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import starmap
from typing import Any, Final, Generic, TypeVar

from plangate.application.errors import ConcurrentChange, StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.infrastructure.sqlite.connections import Connections

_TOGETHER: Final = 64
"""The most that one transaction commits; those that wait for it wait no longer than that."""

T = TypeVar("T")


class _Waiting(Generic[T]):
    """The work of one thread: one statement, which SQLite undoes by itself if it fails."""

    __slots__ = ("_committed", "_conflict", "_result", "withdrawn", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self.work: Final = work
        self.withdrawn = False
        self._committed: list[None] = []
        self._conflict: ConcurrentChange | None = None
        self._result: T

    @property
    def is_committed(self) -> bool:
        """Whether the transaction that the work was part of is on disk."""
        return bool(self._committed)

    def execute(self, connection: sqlite3.Connection, committed: list[None]) -> None:
        """Do the work in a transaction, at whose end `committed` is no longer empty."""
        self._conflict = None
        try:
            self._result = self.work(connection)
        except ConcurrentChange as conflict:
            self._conflict = conflict
        self._committed = committed

    def answer(self) -> T:
        """What the work returned, or its conflict."""
        if self._conflict is not None:
            raise self._conflict
        return self._result


class GroupCommit:
    """The statements of all threads, each answered when it is committed."""

    def __init__(self, writer: Connections) -> None:
        self._writer = writer
        self._renew()
        renew_in_child(self._renew)

    def _renew(self) -> None:
        # A child does not do what threads of its parent wait for.
        self._waiting: deque[_Waiting[Any]] = deque()

    def execute(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which executes one statement; answer when that is on disk."""
        own = _Waiting(work)
        try:
            self._waiting.append(own)
            self._writer.use(partial(self._commit, own))
        except StoreUnavailable:  # closed meanwhile, or busy for too long
            if not own.is_committed:
                with suppress(ValueError):
                    self._waiting.remove(own)
                raise
        finally:
            own.withdrawn = True
        return own.answer()

    def _commit(self, own: _Waiting[Any], connection: sqlite3.Connection) -> None:
        """Commit the work of this thread, if no other has, and of those that wait now."""
        if own.is_committed:
            return
        group = [own]
        while self._waiting and len(group) < _TOGETHER:
            other = self._waiting.popleft()
            if other is not own and not other.withdrawn and not other.is_committed:
                group.append(other)
        committed: list[None] = []
        if len(group) == 1:
            own.execute(connection, [None])  # without BEGIN, a statement commits itself
            return
        connection.execute("BEGIN IMMEDIATE")
        for one in group:
            one.execute(connection, committed)
        # Within C, so that no signal handler can come between: else others would do again
        # what is committed.
        committed.extend(starmap(connection.commit, [()]))
