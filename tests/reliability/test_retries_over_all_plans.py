"""`next_task` of all plans with a key: one claim a key, also when many send it at once."""

from collections import Counter
from pathlib import Path

import pytest

from plangate.domain.events import TaskStatusChanged
from plangate.domain.vocabulary import StatusCause
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.crowd import PROCESSES, crowd
from tests.support.reliability.workers import take_with_keys
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

WORKERS, THREADS = 4, 8


@short_and_long("number", 8, 400)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_one_task_is_claimed_for_each_key(
    tmp_path: Path, postgres: PostgresServer, say: Say, number: int, engine: str
) -> None:
    target = str(tmp_path / "plans.db") if engine == "sqlite" else postgres.url
    keys = [f"key-{n}" for n in range(number)]
    with connect(target) as registry:
        for n in range(2 * number):
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=f"p{n}", priority=n % 7)
    answers = [tmp_path / f"{n}.answers" for n in range(WORKERS)]
    all_here = PROCESSES.Barrier(WORKERS)
    with crowd() as workers:
        for file in answers:
            workers.start(take_with_keys, target, keys, file, THREADS, all_here)
        workers.finish()

    with connect(target) as registry:
        claims = {
            entry.envelope.plan_id: entry.envelope.idempotency_key
            for entry in registry.history.events()
            if isinstance(entry.event, TaskStatusChanged)
            and entry.event.cause is StatusCause.CLAIMED
        }
    lines = [line.split() for file in answers for line in file.read_text().splitlines()]
    recorded = Counter(claims.values())
    doubled = sum(times - 1 for times in recorded.values())
    invented = sum(claims.get(plan_id) != key for key, plan_id in lines)
    say(
        f"{WORKERS * THREADS} threads send {number} keys ({engine})",
        answers=len(lines),
        lost=len({*keys} - {*recorded}),
        doubled=doubled,
        invented=invented,
    )
    assert len(lines) == WORKERS * THREADS * number
    assert recorded == dict.fromkeys(keys, 1)
    assert invented == 0
