"""A process that forks while its threads write to the store that it opened before.

python -m tests.support.reliability.forking DATABASE LOGS CHILDREN
"""

import os
import sys
from pathlib import Path
from random import Random
from threading import Event, Thread

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog
from tests.support.reliability.errands import creating, errands

PLANS = ["p0", "p1"]
TASKS = 12
_THREADS = 2
_AT_A_TIME = 3
_EACH = 5


def run(database: Path, logs: Path, children: int) -> None:
    """Write in threads, and fork children that write too; some of them outlive `close`."""
    registry, stop, running = connect(database), Event(), list[int]()
    acks = AckLog(logs / "parent.acks")
    for plan_id in PLANS:
        acks.handle(creating(plan_id, TASKS), registry)
    threads = [Thread(target=_write, args=(registry, logs, n, stop)) for n in range(_THREADS)]
    for thread in threads:
        thread.start()
    for number in range(children):
        pid = os.fork()
        if not pid:
            work_in_child(registry, logs / f"child-{number}.acks", f"c{number}")
            if number % 2:
                os._exit(0)
            sys.exit(0)
        running.append(pid)
        if len(running) == _AT_A_TIME:
            _join(running.pop(0))
    stop.set()
    for thread in threads:
        thread.join()
    registry.close()
    for pid in running:
        _join(pid)


def work_in_child(registry: PlanRegistry, log: Path, author: str) -> None:
    """Run a few errands, on plans that others write to and on one that they do not."""
    acks = AckLog(log)
    acks.handle(creating(author, TASKS, author), registry)
    work = errands(Random(author), [*PLANS, author], TASKS, author)
    for _ in range(_EACH):
        acks.handle(next(work), registry)


def _write(registry: PlanRegistry, logs: Path, number: int, stop: Event) -> None:
    acks = AckLog(logs / f"thread-{number}.acks")
    for errand in errands(Random(number), PLANS, TASKS, f"t{number}"):
        if stop.is_set():
            return
        acks.handle(errand, registry)


def _join(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"a child failed: {status}")


if __name__ == "__main__":
    database, logs, children = sys.argv[1:]
    run(Path(database), Path(logs), int(children))
