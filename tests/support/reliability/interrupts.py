"""Exceptions from signal handlers, at random moments inside commands."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from time import perf_counter
from types import FrameType


class Late(Exception):
    """What a handler raises; an ordinary exception, as job queues raise it for a time limit."""


class Gone(BaseException):
    """The same, as what ends programs."""


class Interruptions:
    """Interrupts calls, and keeps every exception with its traceback and all that holds."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self.kept: list[BaseException] = []
        self.raised = 0
        self._next: type[BaseException] = Late
        self._within = 0.001

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Raise one of the exceptions whenever the timer ends."""

        def handler(_signal: int, _frame: FrameType | None) -> None:
            self.raised += 1
            raise self._next

        before = signal.signal(signal.SIGALRM, handler)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def interrupt(
        self,
        call: Callable[[], object],
        kinds: Sequence[type[BaseException]] = (Late, Gone, KeyboardInterrupt, SystemExit),
    ) -> bool:
        """Make a call that is interrupted once, unless it ends before; whether it ended."""
        self._next = self._chance.choice(kinds)
        self._within *= 1.1  # what was interrupted would have taken longer
        begin = perf_counter()
        try:
            try:
                moment = self._chance.uniform(1e-5, self._within)
                signal.setitimer(signal.ITIMER_REAL, moment)
                call()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (Late, Gone, KeyboardInterrupt, SystemExit) as interruption:
            self.kept.append(interruption)
            return False
        self._within = perf_counter() - begin
        return True
