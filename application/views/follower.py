"""When the views are brought up to date: at each question, or by one thread in the background.

Nobody polls: a reader is woken by every command of this process, and looks after
the commands of other processes every so often. Questions wait for a position on a
condition.
"""

from threading import Condition, Thread
from typing import Final

from plangate.application.errors import ViewBehind
from plangate.application.views.runner import ProjectionRunner

LOOK_EVERY: Final = 0.25
"""Seconds after which the background reader looks whether other processes wrote."""

PATIENCE: Final = 30.0
"""Seconds that a question waits for the position it names."""


class LogFollower:
    """Leads the views on; safe to share between threads."""

    def __init__(self, keeper: ProjectionRunner) -> None:
        self._keeper = keeper
        self._thread: Thread | None = None
        self._changed = Condition()
        self._woken = False
        self._leaving = False
        self.failure: str | None = None
        """Why the background reader could not go on when it last tried; it tries again."""

    def start(self) -> None:
        """Follow the log in the background from now on; questions no longer catch up themselves."""
        with self._changed:
            if self._thread is None:
                self._leaving = False
                self._thread = Thread(target=self._follow, name="plangate-views", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the background reader; stopping twice is harmless."""
        with self._changed:
            thread = self._thread
            self._leaving = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
            self._thread = None

    def wake(self) -> None:
        """Something was recorded."""
        if self._thread is not None:
            with self._changed:
                self._woken = True
                self._changed.notify_all()

    def reach(self, view: str, at_least: int) -> None:
        """Let a view be readable, and led up to a position.

        Raises `ViewBehind` if the log does not lead there, or not in time.
        """

        def reached() -> bool:
            return self._keeper.position(view) >= at_least

        if self._thread is None:
            self._keeper.catch_up()
        elif not reached():
            with self._changed:
                self._changed.wait_for(reached, PATIENCE)
        if not reached():
            raise ViewBehind(view, self._keeper.position(view), at_least)

    def _follow(self) -> None:
        while not self._leaving:
            try:
                self._keeper.catch_up(self._told_and_staying)
                self.failure = None
            except Exception as error:  # noqa: BLE001  (it is told, and tried again)
                self.failure = f"{type(error).__name__}: {error}"
            self._told_and_staying()
            with self._changed:
                self._changed.wait_for(lambda: self._woken or self._leaving, LOOK_EVERY)
                self._woken = False

    def _told_and_staying(self) -> bool:
        """Progress those who wait how far it has come; whether to go on."""
        with self._changed:
            self._changed.notify_all()
        return not self._leaving
