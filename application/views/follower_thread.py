"""The background thread that follows the logs of registries that belong together.

It looks at each of them when it is due: at once after a command of this process, else at an
interval. One whose log cannot be followed pauses alone, and one that has much to catch up
with takes turns with the others.
"""

from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Any, Final, Protocol

from plangate.application.forks import renew_in_child

PATIENCE: Final = 30.0
"""Seconds that a query waits for the position it names, and closing for a look to end."""

TURN: Final = 1.0
"""Seconds that one follower may go on while others wait for their turn."""

_LEAST_STEPS: Final = 2
"""So many steps a turn has, however long each takes: a rebuild that continues needs two."""


class Follower(Protocol):
    """What the thread serves: it follows the log of one store, and says when it is due."""

    due: float
    """When to look, by the clock of `monotonic`."""

    def call(self) -> None:
        """Be due at once: something was recorded."""

    def look(self, may_continue: Callable[[], bool], /) -> None:
        """Catch up with the log, as long as this may continue."""

    def notify(self) -> None:
        """Let those who wait see for themselves."""


class FollowerThread:
    """One thread for any number of followers; safe to share between threads.

    It starts with the first of them, and ends with the last.
    """

    def __init__(self) -> None:
        self._followers: dict[Follower, None] = {}
        self._closed = False
        self._begin()
        renew_in_child(self._begin)

    def _begin(self) -> None:
        self._starting = Lock()
        self._thread: Thread | None = None
        self._woken: SimpleQueue[Follower | None] = SimpleQueue()

    def join(self, follower: Follower) -> None:
        """Serve a follower from now on; joining twice is harmless."""
        self._followers[follower] = None
        if self.is_running():
            self._woken.put(follower)

    def leave(self, follower: Follower) -> None:
        """Look at a follower no more; a look that is under way ends by itself."""
        if follower in self._followers:
            self._followers.pop(follower, None)
            self._woken.put(None)

    def wake(self, follower: Follower) -> None:
        """Look at a follower at once."""
        self._woken.put(follower)

    def close(self) -> None:
        """End the thread, for all followers; closing twice is harmless."""
        self._closed = True
        thread, self._thread = self._thread, None
        self._woken.put(None)
        if thread is not None and thread.is_alive():  # one that is just starting ends by itself
            thread.join(PATIENCE)
        for follower in list(self._followers):
            follower.notify()
        self._followers.clear()

    def is_running(self) -> bool:
        """Whether the thread runs, unless it was closed; it is started where there is none."""
        if self._closed:
            return False
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="plangate-views", daemon=True)
                self._thread.start()
        return True

    def _run(self) -> None:
        while self._may_continue():
            for follower in list(self._followers):
                if follower.due <= monotonic() and self._may_continue():
                    follower.look(self._turn())
            due = min((one.due for one in list(self._followers)), default=0.0)
            for woken in wait(self._woken, due - monotonic()):
                if woken is not None:
                    woken.call()

    def _turn(self) -> Callable[[], bool]:
        """Whether a follower may continue: as long as others need not wait for it."""
        steps, ends = count(1), monotonic() + TURN

        def may_continue() -> bool:
            is_first = next(steps) <= _LEAST_STEPS
            alone = len(self._followers) == 1
            return self._may_continue() and (is_first or alone or monotonic() < ends)

        return may_continue

    def _may_continue(self) -> bool:
        """Whether this is the thread, and there is a follower."""
        with self._starting:
            may_continue = self._thread is current_thread() and not self._closed
            if may_continue and not self._followers:
                self._thread = None
                return False
            return may_continue


def wait(signals: "SimpleQueue[Any]", seconds: float) -> list[Any]:
    """Wait for a signal, and take all that came."""
    taken: list[Any] = []
    try:
        taken.append(signals.get(timeout=max(seconds, 0.0)))
        while True:
            taken.append(signals.get_nowait())
    except Empty:
        return taken
