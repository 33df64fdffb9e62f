"""A process whose signal handlers raise exceptions in the middle of its use of PostgreSQL.

python -m tests.support.reliability.interrupting_postgres URL NUMBER
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from typing import Final

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.postgres.own_connections import (
    CONNECTIONS,
    OwnConnections,
    _is_at_rest,
)
from plangate.infrastructure.postgres.views import PostgresViewStore
from tests.support.reliability.interrupts import Interruptions

THREADS: Final = 2
"""They record beside the one that is interrupted, which often records for them too."""


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
        beside: list[str] = []
        done = Event()

        def score_beside(plan_id: str) -> None:
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id)
            while not done.is_set():
                key = f"{plan_id}-{len(beside)}"
                registry.score_prompt(plan_id, "a", 0.5, idempotency_key=key)
                beside.append(key)

        threads = ThreadPoolExecutor(THREADS)
        besides = [threads.submit(score_beside, f"beside-{n}") for n in range(THREADS)]
        registry.history.last_position()  # Python may lose what interrupts it as it compiles
        with interruptions.handled():
            while len(interruptions.kept) < number:
                key = f"k{len(acknowledged)}-{interruptions.raised}"
                interruptions.interrupt(chance.choice(calls))
                interruptions.interrupt(registry.views.plans)
        done.set()
        threads.shutdown()
        others = [one for n in range(THREADS) for one in registry.history.of(f"beside-{n}")]
        others_keys = [one.envelope.idempotency_key for one in others]
        ours = own_connections(registry)
        registry.score_prompt("p", "a", 0.5)
        events = registry.history.of("p")
        keys = [one.envelope.idempotency_key for one in events if one.envelope.idempotency_key]
        versions = [one.envelope.version for one in events]
        return {
            "interrupted": len(interruptions.kept),
            "acknowledged": len(acknowledged),
            "acknowledged_beside": len(beside),
            "failed_beside": sum(one.exception() is not None for one in besides),
            "lost_beside": len(set(beside) - set(others_keys)),
            "doubled_beside": len(others) - THREADS - len(beside),
            "swallowed": interruptions.raised - len(interruptions.kept),
            "slots_lost": CONNECTIONS - ours._free.qsize(),
            "not_at_rest": sum(not _is_at_rest(one) for one in ours._idle),
            "stale": sum(plan.stale for plan in registry.views.plans().plans),
            "lost": len(set(acknowledged) - set(keys)),
            "doubled": len(keys) - len(set(keys)),
            "gaps": int(versions != list(range(1, len(versions) + 1))),
        }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
