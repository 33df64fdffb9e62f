"""Real processes that work on one store, and that do not outlive the test which started them.

They are forked from a server that has everything imported, so that a thousand
of them can be started and killed within minutes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from typing import Any

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tests.support.reliability.workers", "tests.support.reliability.view_workers"]
)

PATIENCE = 100.0
"""Seconds after which a process that should have ended is taken to hang."""


class Crowd:
    """Processes started together."""

    def __init__(self) -> None:
        self.members: list[ForkServerProcess] = []

    def start(self, work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
        """Let another process do some work."""
        process = PROCESSES.Process(target=work, args=arguments)
        process.start()
        self.members.append(process)
        return process

    def finish(self) -> None:
        """Wait until all of them are done; none may fail, or hang because another one did."""
        running = list(self.members)
        while running:
            ended = wait([process.sentinel for process in running], PATIENCE)
            assert ended, f"{len(running)} processes hang"
            assert all(process.exitcode in {0, None} for process in running)
            running = [process for process in running if process.is_alive()]

    def kill(self, *victims: ForkServerProcess) -> int:
        """Kill -9 the victims, or else all that still run. How many were running."""
        running = [process for process in victims or self.members if process.is_alive()]
        for process in running:
            process.kill()
        for process in running:
            process.join()
        return len(running)


@contextmanager
def crowd() -> Iterator[Crowd]:
    """Processes that are gone when the block is left, however it is left."""
    together = Crowd()
    try:
        yield together
    finally:
        together.kill()
        for process in together.members:
            process.close()
