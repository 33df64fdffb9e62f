"""A process that closes registries, or ends, while its threads are inside commands.

python -m tests.support.reliability.closing close TARGET ROUNDS
python -m tests.support.reliability.closing exit DATABASE LOGS
python -m tests.support.reliability.closing close-and-exit DATABASE LOGS
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Thread

from plangate.application.errors import StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog
from tests.support.reliability.errands import creating, errands

THREADS = 4
TASKS = 12


def close(target: str, rounds: int) -> None:
    """Close registries that threads use, and print what those were answered."""
    answers: Counter[str] = Counter()
    for number in range(rounds):
        registry = connect(target)
        if not registry.list_plans(limit=1):
            registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        if number % 3 == 0:
            registry.views.follow()
        busy = [Event() for _ in range(THREADS)]
        threads = [Thread(target=_use, args=(registry, one, answers)) for one in busy]
        for thread in threads:
            thread.start()
        for one in busy:
            one.wait()
        closers = [Thread(target=registry.close) for _ in range(number % 2)]
        for thread in closers:
            thread.start()
        registry.close()
        for thread in [*threads, *closers]:
            thread.join()
        _ask(partial(registry.get_status, "p"), answers)
        _ask(registry.views.plans, answers)
        registry.close()
    if target != "memory:":
        with connect(target) as registry:
            versions = [e.envelope.version for e in registry.history.of("p")]
            answers["recorded"] = len(versions) - 1
            answers["gaps"] = sum(v != n for n, v in enumerate(versions, start=1))
    print(json.dumps(answers))


def end(database: Path, logs: Path, *, closed: bool) -> None:
    """End while daemon threads are inside commands."""
    registry, busy = connect(database), [Event() for _ in range(THREADS)]
    for number, one in enumerate(busy):
        arguments = (registry, logs / f"{number}.acks", number, one)
        Thread(target=_work, args=arguments, daemon=True).start()
    for one in busy:
        one.wait()
    if closed:
        registry.close()


def _use(registry: PlanRegistry, busy: Event, answers: Counter[str]) -> None:
    while _ask(partial(registry.score_prompt, "p", "a", 0.5), answers):
        answers["acknowledged"] += 1
        busy.set()
        if not _ask(registry.views.plans, answers):
            break
    busy.set()


def _ask(question: Callable[[], object], answers: Counter[str]) -> bool:
    try:
        question()
    except StoreUnavailable as refusal:
        answers["closed" if "is closed" in str(refusal) else str(refusal)] += 1
        return False
    except BaseException as error:  # noqa: BLE001  (all of them are examined)
        answers[f"{type(error).__name__}: {error}"] += 1
        return False
    answers["answered"] += 1
    return True


def _work(registry: PlanRegistry, log: Path, seed: int, busy: Event) -> None:
    acks = AckLog(log)
    with suppress(StoreUnavailable):
        acks.handle(creating(f"p{seed}", TASKS), registry)
        for errand in errands(Random(seed), [f"p{seed}"], TASKS, f"d{seed}"):
            acks.handle(errand, registry)
            busy.set()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["close", target, rounds]:
            close(target, int(rounds))
        case [how, database, logs]:
            end(Path(database), Path(logs), closed=how == "close-and-exit")
        case _:
            sys.exit(__doc__)
