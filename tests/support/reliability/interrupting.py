"""A process whose signal handlers raise exceptions in the middle of commands and questions.

python -m tests.support.reliability.interrupting TARGET NUMBER SEED
"""

import json
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Thread
from time import perf_counter
from typing import Final

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect


class _Late(BaseException):
    """What a time limit for jobs may raise."""


class _TooLate(Exception):
    """The same, as an ordinary exception."""


_KINDS: tuple[Callable[[], BaseException], ...] = (
    KeyboardInterrupt,
    SystemExit,
    TimeoutError,
    _Late,
    _TooLate,
)


_ASKED: Final = 5
"""How many different things are asked, one after the other."""


class Interrupted:
    """A registry that is interrupted, and what was counted."""

    def __init__(self, registry: PlanRegistry, database: Path | None, rng: Random) -> None:
        self.figures: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.first_fault = ""
        self.asked = 0
        self._seconds = [0.001] * _ASKED
        self._registry = registry
        self._database = database
        self._rng = rng
        self._raised: list[BaseException] = []
        self._kept: list[BaseException] = []
        """With their tracebacks, which keep every local variable of what was interrupted."""

    def run(self, number: int) -> None:
        """Go on until so many commands and questions were interrupted."""
        self._registry.create(
            "g", [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], plan_id="p"
        )
        for n in range(_ASKED):
            self._ask(n, f"w{n}")
        for kind in (signal.SIGALRM, signal.SIGINT):
            signal.signal(kind, self._raise)
        while self.figures["interrupted"] < number:
            self._interrupt(self.asked)
            if self.asked % 50 == 0:
                self._look_from_outside()
            self.asked += 1
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        self._look_from_outside()

    def _raise(self, *_: object) -> None:
        self._raised.append(self._rng.choice(_KINDS)())
        raise self._raised[-1]

    def _interrupt(self, number: int) -> None:
        # It would have taken longer than those before that were interrupted.
        seconds = self._seconds[number % _ASKED] = 1.1 * self._seconds[number % _ASKED]
        after = 1e-5 + self._rng.random() * seconds
        started = perf_counter()
        caught: list[BaseException] = []
        self._raised = []
        key = f"k{number}"
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, after)
                self._ask(number, key)
                self.acknowledged.add(key)
                self._seconds[number % _ASKED] = perf_counter() - started
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException as error:  # noqa: BLE001  (all of them are examined)
            caught = [error]
            self._kept.append(error)
        self.figures["interrupted" if self._raised else "undisturbed"] += 1
        if caught != self._raised:
            self.figures["turned_into_another" if caught else "swallowed"] += 1
            self.first_fault = self.first_fault or f"{self._raised} came out as {caught}"

    def _ask(self, number: int, key: str) -> None:
        match number % _ASKED:
            case 0:
                self._registry.views.plans()
            case 1:
                self._registry.get_status("p")
            case 2:
                self._registry.score_output("p", "b", 0.9, idempotency_key=key)
            case _:
                self._registry.score_prompt("p", "a", 0.5, idempotency_key=key)

    def _look_from_outside(self) -> None:
        """Whether another process could write, and whether a forgotten reader is left."""
        if self._database is None:
            return
        with closing(sqlite3.connect(self._database, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE").execute("ROLLBACK")
            except sqlite3.OperationalError:
                self.figures["barred"] += 1
            self.figures["readers_left"] += other.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            ).fetchone()[0]


def run(target: str, number: int, seed: int) -> None:
    """Interrupt a registry, use it afterwards, and print the figures."""
    database = None if target == "memory:" else Path(target)
    registry = connect(target)
    test = Interrupted(registry, database, Random(seed))
    test.run(number)
    after = [registry.score_prompt("p", "a", 0.5).version]
    thread = Thread(target=lambda: after.append(registry.score_prompt("p", "a", 0.5).version))
    thread.start()
    thread.join()
    with registry if database is None else connect(database) as fresh:
        events = fresh.history.of("p")
        rows = fresh.views.plans().plans
        keys = Counter(e.envelope.idempotency_key for e in events if e.envelope.idempotency_key)
    scored = {f"k{n}" for n in range(test.asked) if n % _ASKED > 1}
    test.figures.update(
        acknowledged=len(test.acknowledged & scored),
        lost=len((test.acknowledged & scored) - keys.keys()),
        doubled=sum(times > 1 for times in keys.values()),
        gaps=sum(e.envelope.version != n for n, e in enumerate(events, start=1)),
        commands_afterwards=len(after),
        plans_in_views=len(rows),
    )
    print(json.dumps({**test.figures, "first_fault": test.first_fault}), flush=True)


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
