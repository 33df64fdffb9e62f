"""When the views are brought up to date: at each query, or by one thread in the background.

The thread is woken by every command of this process, and looks for the commands of
other processes at an interval. Queries wait on a condition for the position they name.
"""

from threading import Condition, Thread
from typing import Final

from plangate.application.errors import ViewBehind
from plangate.application.views.runner import ProjectionRunner

LOOK_EVERY: Final = 0.25
"""Seconds between two looks of the background thread at what other processes wrote."""

PATIENCE: Final = 30.0
"""Seconds that a query waits for the position it names."""


class LogFollower:
    """Keeps the views up to date; safe to share between threads."""

    def __init__(self, runner: ProjectionRunner) -> None:
        self._runner = runner
        self._thread: Thread | None = None
        self._changed = Condition()
        self._woken = False
        self._stopping = False
        self.failure: str | None = None
        """Why the background thread last failed; it keeps trying."""

    def start(self) -> None:
        """Follow the log in the background from now on; queries no longer catch up themselves."""
        with self._changed:
            if self._thread is None:
                self._stopping = False
                self._thread = Thread(target=self._follow, name="plangate-views", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the background thread; stopping twice is harmless."""
        with self._changed:
            thread = self._thread
            self._stopping = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
            self._thread = None

    def wake(self) -> None:
        """Announce that something was recorded."""
        if self._thread is not None:
            with self._changed:
                self._woken = True
                self._changed.notify_all()

    def require(self, view: str, position: int) -> None:
        """Bring a view up to a position, or wait until it is there.

        Raises `ViewBehind` if the log ends before that position, or it takes too long.
        """

        def is_there() -> bool:
            return self._runner.position(view) >= position

        if self._thread is None:
            self._runner.catch_up()
        elif not is_there():
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or is_there(), PATIENCE)
            if self._stopping:
                self._runner.catch_up()
        if not is_there():
            raise ViewBehind(view, self._runner.position(view), position)

    def _follow(self) -> None:
        while not self._stopping:
            try:
                self._runner.catch_up(self._notify_and_continue)
                self.failure = None
            except Exception as error:  # noqa: BLE001  (it is reported, and tried again)
                self.failure = f"{type(error).__name__}: {error}"
            self._notify_and_continue()
            with self._changed:
                self._changed.wait_for(lambda: self._woken or self._stopping, LOOK_EVERY)
                self._woken = False

    def _notify_and_continue(self) -> bool:
        """Let waiting queries look at the position again; whether to continue."""
        with self._changed:
            self._changed.notify_all()
        return not self._stopping
