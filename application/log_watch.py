"""Waiting for events to be recorded, by this process or by another.

One thread listens for a store while there are waiters, however many, and ends with the last of
them. The commands of this process wake the waiters themselves. A wake-up says that something
may have been recorded: those who are woken look.
"""

import logging
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from time import sleep
from typing import Final, Protocol
from weakref import ref

from plangate.application.event_store import EventStore
from plangate.application.forks import renew_in_child

PAUSE: Final = 0.25
"""Seconds until it is tried again to listen to a store that failed."""

_CHECK: Final = 1.0
"""Seconds after which a waiter makes sure that there is a thread; a fork ends it."""

_PATIENCE: Final = 5.0
"""Seconds that closing waits for the thread."""

_log: Final = logging.getLogger("plangate.watch")


class Waiter(Protocol):
    """What can be woken from another thread, as a queue can."""

    def empty(self) -> bool:
        """Whether it has not been woken since it looked."""

    def put(self, item: None, /) -> None:
        """Wake it."""


class LogWatch:
    """Wakes those who wait for events of one store; safe to share between threads."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._waiters: list[ref[Waiter]] = []
        self._closed = False
        self._begin()
        renew_in_child(self._begin)

    def _begin(self) -> None:
        self._starting = Lock()
        self._thread: Thread | None = None

    def is_closed(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return self._closed

    def join(self, waiter: Waiter) -> None:
        """Wake a waiter, as long as it lives, whenever something may have been recorded."""
        self._waiters.append(ref(waiter))
        self.ensure_running()

    def wait(self, signal: "SimpleQueue[None]", seconds: float | None) -> None:
        """Wait until a signal that joined is woken, or for so long."""
        self.ensure_running()
        try:
            signal.get(timeout=_CHECK if seconds is None else min(seconds, _CHECK))
        except Empty:
            return

    def announce(self) -> None:
        """Wake all waiters."""
        for reference in self._waiters.copy():
            waiter = reference()
            if waiter is not None and waiter.empty():
                waiter.put(None)

    def close(self) -> None:
        """End the waiting of all; closing twice is harmless."""
        self._closed = True
        thread, self._thread = self._thread, None
        self.announce()
        if thread is not None and thread.is_alive():  # one that is just starting ends by itself
            thread.join(_PATIENCE)

    def ensure_running(self) -> None:
        """Start the thread where there is none."""
        if self._closed:
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._listen, name="plangate-watch", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while self._may_continue():
            try:
                with closing(self._store.listen()) as listener:
                    self.announce()  # what was recorded before it listened
                    while self._may_continue():
                        if listener.wait():
                            self.announce()
            except Exception as error:  # noqa: BLE001  (those who wait meet it as they look)
                _log.warning("cannot listen to the store: %s", error)
                self.announce()
                sleep(PAUSE)

    def _may_continue(self) -> bool:
        """Whether this is the thread, and there is a waiter."""
        self._waiters = [one for one in self._waiters if one() is not None]
        if self._waiters:
            return self._thread is current_thread()
        with self._starting:
            if not self._waiters and self._thread is current_thread():
                self._thread = None
            return self._thread is current_thread()


class Looking:
    """A listener that looks at the store again and again."""

    def __init__(self, store: EventStore, every: float = 0.1) -> None:
        """`every` so many seconds."""
        self._store = store
        self._every = every
        self._seen = self._look()

    def wait(self) -> bool:
        """Wait a moment; whether something may have been recorded."""
        sleep(self._every)
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> object:
        changes = self._store.changes()
        return self._store.last_position() if changes is None else changes
