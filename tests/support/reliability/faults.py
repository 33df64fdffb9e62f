"""Runs errands while the operating system's calls fail now and then.

To be started under `fiu-run -x`, which puts libfiu between Python and the C
library. Faults are on during a command and off while its outcome is noted, so
that what was promised is known for certain.

    python -m tests.support.reliability.faults DATABASE LOG POINT PROBABILITY COMMANDS REOPEN
"""

import ctypes
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from plangate.application.errors import StoreError
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog
from tests.support.reliability.errands import Errand, creating, errands

PLANS = ["p0", "p1", "p2"]
TASKS = 12
AFTERWARDS = 50
"""Commands that must all succeed once the faults are over."""


class Faults:
    """Makes one kind of call fail at random."""

    def __init__(self, point: str, probability: float) -> None:
        self._fiu = ctypes.CDLL("libfiu.so.0")
        self._point = point.encode()
        self._probability = ctypes.c_float(probability)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Let calls fail inside the block."""
        switched = self._fiu.fiu_enable_random(self._point, 1, None, 0, self._probability)
        assert switched == 0
        try:
            yield
        finally:
            self._fiu.fiu_disable(self._point)


def run(
    database: Path, log: Path, point: str, probability: float, commands: int, reopen: int
) -> Counter[str]:
    """Run so many errands under faults, on a new registry every `reopen` of them.

    Counts the outcomes by the class of what was raised. Then, on the very
    registry that had suffered last, everything that is open is sent again.
    """
    faults, acks, outcomes = Faults(point, probability), AckLog(log), Counter[str]()
    todo = errands(Random(7), PLANS, TASKS, "f")
    failed: list[Errand] = []
    with connect(database) as undisturbed:
        for plan_id in PLANS:
            acks.handle(creating(plan_id, TASKS), undisturbed)
    registry: PlanRegistry | None = None
    for number in range(1, commands + 1):
        errand = next(todo)
        acks.note(errand.key)
        try:
            with faults.on():
                registry = registry or connect(database)
                answer = errand.send(registry)
        except StoreError as error:
            outcomes[type(error).__name__] += 1
            failed.append(errand)
        else:
            acks.note(errand.key, answer)
            outcomes["acknowledged"] += 1
        if number % reopen == 0 and number < commands and registry:
            with faults.on():
                registry.close()
            registry = None
    with registry or connect(database) as survivor:
        for errand in failed:
            acks.handle(errand, survivor)
        for _ in range(AFTERWARDS):
            acks.handle(next(todo), survivor)
    acks.close()
    return outcomes


if __name__ == "__main__":
    database, log, point, probability, commands, reopen = sys.argv[1:]
    outcomes = run(Path(database), Path(log), point, float(probability), int(commands), int(reopen))
    print(json.dumps(outcomes))
