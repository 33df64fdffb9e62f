"""When the views are brought up to date: at each query, or by one thread in the background.

The thread is woken by the commands of this process, and looks for those of other processes
at an interval. Queries wait for the position they name, and hurry it. All waiting is on
`SimpleQueue`, which an exception from a signal handler cannot leave locked.
"""

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic
from typing import Final, TypeVar

from plangate.application import telemetry
from plangate.application.errors import ViewBehind
from plangate.application.forks import renew_in_child
from plangate.application.views.follower_thread import PATIENCE, FollowerThread, wait
from plangate.application.views.runner import ProjectionRunner

TOGETHER: Final = 0.05
"""Seconds from one look to the next after a command, unless a query waits: what is recorded
meanwhile is projected in one go."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks of the background thread at what other processes wrote."""

WHOLE_LOOK_EVERY: Final = 5.0
"""Seconds between two looks that also notice what others did to the views."""

LONGEST_PAUSE: Final = 10.0
"""Seconds after which a log that cannot be followed is tried again, at most."""

_Signal = SimpleQueue[None]
T = TypeVar("T")


class LogFollower:
    """Keeps the views of one store up to date; safe to share between threads."""

    def __init__(self, runner: ProjectionRunner, thread: FollowerThread) -> None:
        self._runner = runner
        self._thread = thread
        self._following = False
        self._begin()
        renew_in_child(self._begin)
        self.failure: str | None = None
        """Why the background thread last failed; it keeps trying, less and less often."""

    def _begin(self) -> None:
        self._waiting = deque[_Signal]()
        self._looking = False
        self._hurried = False
        self._pause = 0.0
        self._whole_look_at = 0.0
        self._looked_at = 0.0
        self.due = 0.0
        """When the background thread looks next, by the clock of `monotonic`."""

    def start(self) -> None:
        """Follow the log in the background from now on; queries no longer catch up themselves.

        In a forked child the thread starts again at its first use.
        """
        self._following = True
        self._thread.join(self)

    def stop(self) -> None:
        """No longer follow the log; stopping twice is harmless."""
        self._following = False
        self._thread.leave(self)
        signal, deadline = _Signal(), monotonic() + PATIENCE
        while (left := deadline - monotonic()) > 0:
            self._waiting.append(signal)
            if not self._looking:
                break
            wait(signal, left)
        self.notify()

    def wake(self) -> None:
        """Announce that something was recorded."""
        if self._is_running():
            self._thread.wake(self)

    def answer(self, view: str, position: int | None, read: Callable[[int], T]) -> T:
        """What `read` finds in a view that has come to a position, and is there while it reads.

        Without a position, the view has come to the present end of the log. Raises as `require`.
        """
        if position is None:  # one that catches up itself comes to the end in any case
            position = self._runner.log_end() if self._following else 0
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
        deadline, asked = monotonic() + PATIENCE, False
        while self._is_running():
            left = deadline - monotonic()
            if self._runner.position(view) >= position:
                return
            if left <= 0:
                raise ViewBehind(view, self._runner.position(view), position)
            signal = _Signal()
            self._waiting.append(signal)
            if not asked:
                self._hurried = asked = True
                self._thread.wake(self)
            # Not where it got there in between.
            if (
                self._is_running()
                and self.failure is None
                and self._runner.position(view) < position
            ):
                wait(signal, left)
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
        """Whether the background thread follows the log; it is started if it should and is not."""
        return self._following and self._thread.is_running()

    # --- in the background thread ---

    def call(self) -> None:
        """Be due soon, or at once if a query waits; one that fails, when its pause ends."""
        if self.failure is None:
            self._whole_look_at = 0.0
            self.due = min(self.due, 0.0 if self._hurried else self._looked_at + TOGETHER)

    def look(self, may_continue: Callable[[], bool]) -> None:
        """Catch up with the log, as long as this may continue."""
        self._looking, self._hurried = True, False
        try:
            if self._following:
                self._catch_up_if_needed(may_continue)
            else:  # an exception of a signal handler interrupted `stop`
                self.due = monotonic() + LOOK_EVERY
        finally:
            self._looked_at = monotonic()
            self._looking = False
            self.notify()

    def _catch_up_if_needed(self, may_continue: Callable[[], bool]) -> None:
        finished = True

        def proceed() -> bool:
            nonlocal finished
            self.notify()
            finished = self._following and may_continue()
            return finished

        try:
            if monotonic() >= self._whole_look_at or not self._runner.is_current():
                self._whole_look_at = 0.0
                saved = not self._waiting  # a query waits for no other writer of the store
                self._runner.catch_up(proceed, saved=saved)
                if saved and finished:
                    self._whole_look_at = monotonic() + WHOLE_LOOK_EVERY
            self.failure, self._pause = None, LOOK_EVERY if finished else 0.0
        except Exception as error:  # noqa: BLE001  (it is reported, and tried again)
            failure = f"{type(error).__name__}: {error}"
            if failure != self.failure:
                telemetry.log.warning("the views cannot follow the log: %s", failure)
            self._pause = min(max(2 * self._pause, LOOK_EVERY), LONGEST_PAUSE)
            self._whole_look_at, self.failure = 0.0, failure
        self.due = monotonic() + self._pause

    def notify(self) -> None:
        """Let waiting queries look at the position again."""
        while self._waiting:
            self._waiting.popleft().put(None)
