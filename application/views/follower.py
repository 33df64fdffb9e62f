"""When the views are brought up to date: at each query, or by one thread in the background.

The thread is woken by every command of this process, and looks for the commands of
other processes at an interval. Queries wait for the position they name. All waiting is on
`SimpleQueue`, which an exception from a signal handler cannot leave locked.
"""

from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Final, TypeVar

from plangate.application import telemetry
from plangate.application.errors import ViewBehind
from plangate.application.forks import renew_in_child
from plangate.application.views.runner import ProjectionRunner

LOOK_EVERY: Final = 0.25
"""Seconds between two looks of the background thread at what other processes wrote."""

PATIENCE: Final = 30.0
"""Seconds that a query waits for the position it names, and `stop` for the thread's end."""

_Signal = SimpleQueue[None]
T = TypeVar("T")


class LogFollower:
    """Keeps the views up to date; safe to share between threads."""

    def __init__(self, runner: ProjectionRunner) -> None:
        self._runner = runner
        self._following = False
        self._begin()
        renew_in_child(self._begin)
        self.failure: str | None = None
        """Why the background thread last failed; it keeps trying."""

    def _begin(self) -> None:
        self._starting = Lock()
        self._thread: Thread | None = None
        self._woken = _Signal()
        self._waiting = deque[_Signal]()

    def start(self) -> None:
        """Follow the log in the background from now on; queries no longer catch up themselves.

        In a forked child the thread starts again at its first use.
        """
        self._following = True
        self._is_running()

    def stop(self) -> None:
        """End the background thread; stopping twice is harmless."""
        self._following = False
        thread, self._thread = self._thread, None
        self._woken.put(None)
        if thread is not None and thread.is_alive():  # one that is just starting ends by itself
            thread.join(PATIENCE)
        self._notify_and_continue()

    def wake(self) -> None:
        """Announce that something was recorded."""
        if self._is_running():
            self._woken.put(None)

    def answer(self, view: str, position: int, read: Callable[[int], T]) -> T:
        """What `read` finds in a view that has come to a position, and is there while it reads.

        Raises as `require`.
        """
        self.require(view, position)
        while True:
            try:
                return read(self._present(view, position))
            except ViewBehind:  # another process moved it meanwhile
                self._catch_up(view, position, saved=True)

    def require(self, view: str, position: int) -> None:
        """Bring a view up to a position, or wait until it is there.

        Raises `ViewBehind` if the log ends before that position, or it takes too long, and
        what keeps the background thread from following the log.
        """
        deadline = monotonic() + PATIENCE
        while self._is_running():
            left = deadline - monotonic()
            if self._runner.position(view) >= position:
                return
            if left <= 0:
                raise ViewBehind(view, self._runner.position(view), position)
            signal = _Signal()
            self._waiting.append(signal)
            # Not where it got there in between.
            if self._following and self._runner.position(view) < position:
                _wait(signal, left)
            if self.failure is not None:  # not waited for: the caller meets it, if it is still so
                break
        self._catch_up(view, position)

    def _present(self, view: str, position: int) -> int:
        """What an answer has to reflect: all that was caught up on for it."""
        return position if self._following else max(self._runner.position(view), position)

    def _catch_up(self, view: str, position: int, *, saved: bool = False) -> None:
        self._runner.catch_up(saved=saved)
        if self._runner.position(view) < position:
            raise ViewBehind(view, self._runner.position(view), position)

    def _is_running(self) -> bool:
        """Whether the background thread runs; it is started if it should and does not."""
        if not self._following:
            return False
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._follow, name="plangate-views", daemon=True)
                self._thread.start()
        return True

    def _follow(self) -> None:
        while self._may_continue():
            try:
                self._runner.catch_up(self._notify_and_continue, saved=True)
                self.failure = None
            except Exception as error:  # noqa: BLE001  (it is reported, and tried again)
                failure = f"{type(error).__name__}: {error}"
                if failure != self.failure:
                    telemetry.log.warning("the views cannot follow the log: %s", failure)
                self.failure = failure
            if self._notify_and_continue():
                _wait(self._woken, LOOK_EVERY)

    def _may_continue(self) -> bool:
        return self._thread is current_thread()

    def _notify_and_continue(self) -> bool:
        """Let waiting queries look at the position again; whether to continue."""
        while self._waiting:
            self._waiting.popleft().put(None)
        return self._may_continue()


def _wait(signal: _Signal, seconds: float) -> None:
    """Wait for a signal, and take all that came."""
    try:
        signal.get(timeout=seconds)
        while True:
            signal.get_nowait()
    except Empty:
        return
