"""A process whose signal handlers raise exceptions in the middle of its use of PostgreSQL.

python -m tests.support.reliability.interrupting_postgres URL NUMBER
"""

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from time import perf_counter
from types import FrameType

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.postgres import connections
from plangate.infrastructure.postgres.connections import OwnConnections
from plangate.infrastructure.postgres.views import PostgresViewStore


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


def own_connections(registry: PlanRegistry) -> OwnConnections:
    """The connections of a registry in PostgreSQL."""
    views = registry._view_store
    assert isinstance(views, PostgresViewStore)
    found = views._database.connections
    assert isinstance(found, OwnConnections)
    return found


def run(url: str, number: int) -> dict[str, int]:
    """Go on until so many calls were interrupted; what was counted."""
    chance, interruptions = Random(1), Interruptions(2)
    acknowledged: list[str] = []
    with connect(url) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        key = ""

        def score() -> None:
            registry.score_prompt("p", "a", 0.5, idempotency_key=key)
            acknowledged.append(key)

        calls: list[Callable[[], object]] = [
            *(score, score),
            lambda: registry.next_task("p"),
            lambda: registry.history.events(limit=9),
        ]
        with interruptions.handled():
            while len(interruptions.kept) < number:
                key = f"k{len(acknowledged)}-{interruptions.raised}"
                interruptions.interrupt(chance.choice(calls))
                interruptions.interrupt(registry.views.plans)
        ours = own_connections(registry)
        registry.score_prompt("p", "a", 0.5)
        events = registry.history.of("p")
        keys = [one.envelope.idempotency_key for one in events if one.envelope.idempotency_key]
        versions = [one.envelope.version for one in events]
        return {
            "interrupted": len(interruptions.kept),
            "acknowledged": len(acknowledged),
            "swallowed": interruptions.raised - len(interruptions.kept),
            "slots_lost": connections.CONNECTIONS - ours._free.qsize(),
            "not_at_rest": sum(not connections._is_at_rest(one) for one in ours._idle),
            "stale": sum(plan.stale for plan in registry.views.plans().plans),
            "lost": len(set(acknowledged) - set(keys)),
            "doubled": len(keys) - len(set(keys)),
            "gaps": int(versions != list(range(1, len(versions) + 1))),
        }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
