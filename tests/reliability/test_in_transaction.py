"""Transactions of a host, committed and rolled back at random: its rows and the events agree."""

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from plangate.application.errors import ConcurrentChange
from plangate.domain.errors import TaskNotFound
from tests.support.host import Host, postgres_host, sqlite_host
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

THREADS, PLANS = 4, 40
TASKS = [{"id": "a", "title": "A"}]


@dataclass
class Counted:
    """What one thread did, and the keys of what it committed."""

    committed: list[str] = field(default_factory=list)
    commits: int = 0
    rollbacks: int = 0
    parts_undone: int = 0
    conflicts: int = 0


@short_and_long("number", 60, 10_000)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_rows_of_the_host_and_events_agree_after_random_commits_and_rollbacks(
    tmp_path: Path, request: pytest.FixtureRequest, say: Say, number: int, engine: str
) -> None:
    if engine == "sqlite":
        host = sqlite_host(tmp_path / "plans.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        host = postgres_host(server.url)
    with host.registry as registry:
        for n in range(PLANS):
            registry.create("g", TASKS, plan_id=f"p{n}")
        with ThreadPoolExecutor(THREADS) as threads:
            shares = [(host, seed, number // THREADS) for seed in range(THREADS)]
            counted = list(threads.map(lambda share: transactions(*share), shares))

        keys: Counter[str] = Counter()
        after = 0
        while page := registry.history.events(after=after, limit=1_000):
            keys.update(e.envelope.idempotency_key for e in page if e.envelope.idempotency_key)
            after = page[-1].envelope.position or 0
        of_host = {key for key in keys if key.startswith("host-")}
        rows, committed = Counter(host.rows()), {key for one in counted for key in one.committed}
        views = {plan.plan_id: plan.version for plan in all_plans(registry)}
        now = {plan_id: registry.get_status(plan_id).version for plan_id in views}
        say(
            f"random commits and rollbacks of a host ({engine})",
            transactions=number,
            commits=sum(one.commits for one in counted),
            rollbacks=sum(one.rollbacks for one in counted),
            parts_undone=sum(one.parts_undone for one in counted),
            conflicts=sum(one.conflicts for one in counted),
            acknowledged=len(committed),
            lost=len(committed - of_host),
            invented=len(of_host - committed),
            doubled=sum(times - 1 for times in (keys + rows).values() if times > 2),
            rows_without_event=len({*rows} - of_host),
            events_without_row=len(of_host - {*rows}),
        )
        assert of_host == committed == {*rows}
        assert {*keys.values(), *rows.values()} == {1}
        assert len(views) == PLANS
        assert views == now
        assert registry.replay.check().mismatch_count == 0


def all_plans(registry: Any) -> list[Any]:
    """Every row of the view of plans."""
    return list(registry.views.plans(limit=1_000).plans)


def transactions(host: Host, seed: int, number: int) -> Counted:
    """Some transactions of one thread, and now and then a command outside of any."""
    random, counted, numbers = Random(seed), Counted(), count()
    with closing(host.connect()) as connection:
        for _ in range(number):
            try:
                keys = one_transaction(host, connection, random, numbers, seed, counted)
                if random.random() < 0.5:
                    connection.commit()
                    counted.committed += keys
                    counted.commits += 1
                else:
                    connection.rollback()
                    counted.rollbacks += 1
            except ConcurrentChange:
                connection.rollback()
                counted.conflicts += 1
            if random.random() < 0.2:
                key = f"own-{seed}-{next(numbers)}"
                plan_id = f"p{random.randrange(PLANS)}"
                host.registry.score_prompt(plan_id, "a", 0.5, idempotency_key=key)
    return counted


def one_transaction(
    host: Host, connection: Any, random: Random, numbers: "count[int]", seed: int, counted: Counted
) -> list[str]:
    """Rows and commands in pairs, of which the host undoes some; the keys of the others."""
    kept: list[str] = []
    with host.registry.in_transaction(connection) as inside:
        for _ in range(random.randint(1, 3)):
            key, plan_id = f"host-{seed}-{next(numbers)}", f"p{random.randrange(PLANS)}"
            is_part = random.random() < 0.3
            if is_part:
                connection.execute("SAVEPOINT part")
            host.insert(connection, key)
            inside.score_prompt(plan_id, "a", random.random(), idempotency_key=key)
            if random.random() < 0.1:
                with pytest.raises(TaskNotFound):
                    inside.score_prompt(plan_id, "nothing", 0.5)
            if is_part:
                connection.execute("ROLLBACK TO SAVEPOINT part")
                counted.parts_undone += 1
            else:
                kept.append(key)
    return kept


@short_and_long("number", 15, 2_000)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_an_interrupted_transaction_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, request: pytest.FixtureRequest, say: Say, number: int, engine: str
) -> None:
    target = str(tmp_path / "plans.db")
    if engine == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        target = server.url
    program = "tests.support.reliability.interrupting_host"
    command = [sys.executable, "-m", program, target, str(number)]
    counted = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    say(f"interrupted transactions of a host ({engine})", **counted)

    assert counted.pop("interrupted") == number
    del counted["acknowledged"]
    assert set(counted.values()) == {0}
