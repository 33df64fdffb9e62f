"""Plans shared out over processes of their own, one for each processor.

A process is not forked, as this one may have threads, and not started by `multiprocessing`,
which would run the main program of the caller again. It learns through a pipe what to do and
where, so no secret of an address is on a command line. It ends with the pipe: also when this
process is killed.
"""

import os
import pickle
import sys
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any, Final

from typing_extensions import override

from plangate.application.rerun.over_plans import PlanSlice, Work, Workers

_MOST: Final = 4
"""How many processes are started at most: each needs its own memory."""

_AHEAD: Final = 16
"""How many slices a process may be ahead of the one that is waited for."""

_PATIENCE: Final = 1.0
"""Seconds in which a process may end by itself."""

_PROGRAM: Final = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    "from plangate.infrastructure.worker import serve; serve()"
)


class WorkerProcesses(Workers):
    """Processes for the store at an address, started anew for every piece of work."""

    def __init__(self, address: str, schema: str | None) -> None:
        self._address = address
        self._schema = schema

    @override
    def __call__(
        self, work: Work, slices: Iterable[PlanSlice]
    ) -> Generator[tuple[PlanSlice, Work | None], None, None]:
        workers: list[_Worker] = []
        threads = ThreadPoolExecutor(_MOST, "plangate-worker")
        try:
            idle = self._start(work, workers)
            asked: deque[tuple[PlanSlice, Future[Any]]] = deque()
            for plans in slices:
                if not workers:
                    yield plans, None
                    continue
                asked.append((plans, threads.submit(_answer, idle, plans)))
                if len(asked) > _AHEAD * len(workers):
                    yield _first_of(asked)
            while asked:
                yield _first_of(asked)
        finally:
            try:
                _end(workers, threads)
            finally:  # an interrupt may have come meanwhile
                _end(workers, threads)

    def _start(self, work: object, workers: "list[_Worker]") -> "SimpleQueue[_Worker]":
        """Start as many processes as there are processors for them; none where one is enough."""
        idle: SimpleQueue[_Worker] = SimpleQueue()
        count = min(_processors(), _MOST)
        if count > 1 and _is_python(sys.executable):
            with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
                given = (self._address, self._schema, pickle.dumps(work))
                for _ in range(count):
                    workers.append(_Worker(given))
                    idle.put(workers[-1])
        return idle


class _Worker:
    """One process. None is its answer where it cannot give one, as it has ended."""

    def __init__(self, given: object) -> None:
        self._given = given
        safely = "-I" if sys.flags.isolated else "-P"
        self._process = Popen(  # noqa: S603  (this very Python)
            [sys.executable, safely, "-c", _PROGRAM],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            process_group=0,  # an interrupt from the keyboard is for this process alone
        )

    def ask(self, plan_ids: tuple[str, ...]) -> Any:
        try:
            if self._given is not None:
                self._send(list(map(str, sys.path)))
                self._send(self._given)
                self._given = None
            self._send(plan_ids)
            return pickle.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S301  (our own process)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):
            return None

    def _send(self, message: object) -> None:
        pickle.dump(message, self._process.stdin)  # type: ignore[arg-type]
        self._process.stdin.flush()  # type: ignore[union-attr]

    def leave(self) -> None:
        """Let it end."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]

    def end(self) -> None:
        """Wait for its end, and bring it about where it does not come."""
        try:
            self._process.wait(_PATIENCE)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        self._process.stdout.close()  # type: ignore[union-attr]


def _answer(idle: "SimpleQueue[_Worker]", plans: PlanSlice) -> Any:
    worker = idle.get()
    try:
        return worker.ask(plans.plan_ids)
    finally:
        idle.put(worker)


def _first_of(asked: "deque[tuple[PlanSlice, Future[Any]]]") -> tuple[PlanSlice, Any]:
    plans, answer = asked.popleft()
    return plans, answer.result()


def _end(workers: "list[_Worker]", threads: ThreadPoolExecutor) -> None:
    """End all of them; ending twice is harmless."""
    threads.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.leave()
    for worker in workers:
        worker.end()
    threads.shutdown()
    for worker in workers:
        worker.close()


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_python(executable: str | None) -> bool:
    """Whether another Python can be started by it: not where Python is part of a program."""
    return "python" in Path(executable or "").name.lower() and not hasattr(sys, "frozen")
