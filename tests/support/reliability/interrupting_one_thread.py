"""A process with one thread that is interrupted, and others that record beside it.

python -m tests.support.reliability.interrupting_one_thread DATABASE NUMBER
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.interrupts import Interruptions

PLANS = ("p", "q", "r", "s")


def run(database: str, number: int) -> dict[str, int]:
    """Interrupt a thread's commands so many times; what was counted."""
    interruptions, over = Interruptions(5), Event()

    def record(registry: PlanRegistry, plan_id: str) -> int:
        acknowledged = 0
        while not over.is_set():
            acknowledged += bool(registry.score_prompt(plan_id, "a", 0.5).recorded)
        return acknowledged

    with connect(database) as registry, ThreadPoolExecutor(len(PLANS)) as pool:
        for plan_id in ("main", *PLANS):
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id)
        recording = [pool.submit(record, registry, plan_id) for plan_id in PLANS]
        try:
            with interruptions.handled():
                ended = sum(
                    interruptions.interrupt(lambda: registry.score_prompt("main", "a", 0.5))
                    for _ in range(number)
                )
        finally:
            over.set()
        acknowledged = [thread.result() for thread in recording]
        recorded = [registry.get_status(plan_id).version - 1 for plan_id in PLANS]
        own = registry.get_status("main").version - 1
    return {
        "acknowledged": sum(acknowledged),
        "differing": sum(a != b for a, b in zip(acknowledged, recorded, strict=True)),
        "ended": ended,
        "recorded": own,
        "swallowed": interruptions.raised - len(interruptions.kept),
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
