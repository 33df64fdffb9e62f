"""Group commit: what several threads want to record at once is one transaction.

A thread that finds no other one recording leads: it records for all that wait, so they wait
for the disk together. Where it fails, each of them does its work itself, whatever became of it.
A thread that waits is woken; it also looks by itself, as an interruption can cost a call.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from plangate.application.errors import ConcurrentChange, StoreUnavailable
from plangate.application.forks import renew_in_child

_TOGETHER: Final = 64
"""The most that one transaction commits; those that wait for it wait no longer than that."""

_PATIENCE: Final = 30.0
"""Seconds to wait for those that record before."""

_LOOK: Final = 0.1
"""Seconds after which a thread that waits looks by itself."""

C = TypeVar("C")
W = TypeVar("W")


class Waiting(Generic[W]):
    """The work of one thread."""

    __slots__ = ("_answer", "_committed", "is_in_doubt", "news", "withdrawn", "work")

    def __init__(self, work: W) -> None:
        self.work: Final = work
        self.withdrawn = False
        self.is_in_doubt = False
        """Whether another thread has begun the work, and may have committed it."""
        self.news: Final[SimpleQueue[None]] = SimpleQueue()
        """Has an item where the thread should look again."""
        self._committed: list[None] = []
        self._answer: Any = None

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.withdrawn or self.is_committed

    @property
    def is_committed(self) -> bool:
        """Whether the transaction that the work was part of is on disk."""
        return bool(self._committed)

    def done(self, answer: Any, committed: list[None]) -> None:
        """Keep the answer, or conflict, of a transaction at whose end `committed` has an item."""
        self._answer = answer
        self._committed = committed

    def answer(self) -> Any:
        """What the work returned; raises its conflict."""
        if isinstance(self._answer, ConcurrentChange):
            raise self._answer
        return self._answer


class GroupCommit(Generic[C, W]):
    """The work of all threads, each answered when it is committed."""

    def __init__(
        self,
        use: Callable[[Callable[[C], None]], None],
        commit: Callable[[C, Sequence[Waiting[W]]], None],
    ) -> None:
        """`use` lends a connection; `commit` does the work of a group in a transaction."""
        self._use = use
        self._commit = commit
        self._renew()
        renew_in_child(self._renew)

    def _renew(self) -> None:
        # A child does not do what threads of its parent wait for.
        self._waiting: deque[Waiting[W]] = deque()
        self._lead: SimpleQueue[str] = SimpleQueue()
        self._lead.put("free")

    def execute(self, work: W) -> Any:
        """Do `work`; answer when it is on disk."""
        own, deadline = Waiting(work), monotonic() + _PATIENCE
        try:
            self._waiting.append(own)
            self._lead_if_free(own)
            while not own.is_committed:
                _require_time(deadline)
                with suppress(Empty):
                    own.news.get(timeout=_LOOK)
                if not own.is_committed:
                    self._lead_if_free(own)
        except StoreUnavailable:
            if not own.is_committed:  # by another thread, just before the store was closed
                raise
        finally:
            own.withdrawn = True
            if not own.is_committed:
                with suppress(ValueError):
                    self._waiting.remove(own)
        return own.answer()

    def _lead_if_free(self, own: Waiting[W]) -> None:
        """Commit for all that wait now, unless another thread does."""
        taken: list[str] = []
        give_back = map(self._lead.put, taken)
        try:
            # No signal handler can come between taking the lead and storing that.
            taken.extend(islice(iter(partial(self._lead.get, block=False), None), 1))
            self._use(partial(self._commit_all, own))
        except Empty:
            pass
        finally:
            any(give_back)
            if taken:
                self._wake_next()

    def _commit_all(self, own: Waiting[W], connection: C) -> None:
        if own.is_committed:
            return
        group = [own]
        others = () if own.is_in_doubt else self._others(own)
        for other in others:
            other.is_in_doubt = True
            group.append(other)
        try:
            self._commit(connection, group)
        finally:
            self._waiting.extendleft(one for one in group[:0:-1] if not one.is_over)
            for one in group[1:]:
                one.news.put(None)

    def _others(self, own: Waiting[W]) -> Iterator[Waiting[W]]:
        """Take those that wait out of the queue, up to one that must do its work itself."""
        for _ in range(_TOGETHER - 1):
            while self._waiting and (self._waiting[0] is own or self._waiting[0].is_over):
                self._waiting.popleft()
            if not self._waiting or self._waiting[0].is_in_doubt:
                return
            yield self._waiting.popleft()

    def _wake_next(self) -> None:
        for one in self._waiting.copy():
            if not one.is_over:
                one.news.put(None)
                return


def _require_time(deadline: float) -> None:
    if monotonic() > deadline:
        raise StoreUnavailable("the store is busy with other commands")
