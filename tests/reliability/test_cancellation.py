"""Cancellation storms: what was acknowledged is recorded, and what was cancelled is settled."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import enumerate as threads
from typing import Any

import pytest

import plangate.aio
from plangate import PlanNotFound
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say

TASKS = [{"id": "a", "title": "A"}]
AT_ONCE = 25


async def _storm(target: str, cancellations: int, longest: float) -> Counter[str]:
    """Cancel creations within `longest` seconds; look at once what became of some of them."""
    counted: Counter[str] = Counter()
    random = Random(7)

    async with plangate.aio.connect(target) as registry:
        numbers = iter(range(100 * cancellations))

        async def create(plan_id: str) -> None:
            try:
                await registry.create("g", TASKS, plan_id=plan_id, idempotency_key=plan_id)
            except asyncio.CancelledError:
                cancelled.append(plan_id)
                raise
            acknowledged.append(plan_id)

        async def settled(plan_id: str) -> bool:
            """Whether a plan was recorded once the cancellation came out."""
            with suppress(PlanNotFound):
                await registry.get(plan_id)
                return True
            return False

        acknowledged, cancelled = list[str](), list[str]()
        recorded_then: dict[str, bool] = {}
        while len(cancelled) < cancellations:
            names = [f"p{next(numbers)}" for _ in range(AT_ONCE)]
            tasks = [asyncio.create_task(create(name)) for name in names]
            await asyncio.sleep(random.random() * longest)
            for task in tasks:
                task.cancel()
                if random.random() < 0.2:
                    await asyncio.sleep(0)
                    task.cancel()
            await asyncio.wait(tasks)
            known = set(names) & set(cancelled)
            if random.random() < 0.25:
                recorded_then |= {name: await settled(name) for name in sorted(known)}
        log = [event.envelope.plan_id for event in await registry.history.events(limit=10_000)]
        while len(log) < await registry.history.last_position():
            page = await registry.history.events(after=len(log), limit=10_000)
            log += [event.envelope.plan_id for event in page]
        recorded = Counter(log)
        counted["acknowledged"] = len(acknowledged)
        counted["cancelled"] = len(cancelled)
        counted["cancelled and recorded"] = sum(name in recorded for name in cancelled)
        counted["lost"] = sum(name not in recorded for name in acknowledged)
        counted["doubled"] = sum(number > 1 for number in recorded.values())
        counted["unknown"] = sum(
            (name in recorded) is not then for name, then in recorded_then.items()
        )
        # Again with the same key: what was recorded is found, the rest is recorded now.
        again = Random(8).sample(cancelled, min(50, len(cancelled)))
        for name in again:
            await registry.create("g", TASKS, plan_id=name, idempotency_key=name)
        end = await registry.history.last_position()
        new = sum(name not in recorded for name in again)
        counted["recorded twice"] = end - len(log) - new
        own = asyncio.current_task()
        counted["tasks left"] = sum(task is not own for task in asyncio.all_tasks())
    return counted


def _run(target: str, cancellations: int, longest: float, say: Say) -> None:
    before = {thread.name for thread in threads()}
    counted = asyncio.run(_storm(target, cancellations, longest))
    say("cancellations", **dict[str, Any](counted))
    assert counted["cancelled"] >= cancellations
    assert counted["acknowledged"]
    wrong = ("lost", "doubled", "unknown", "recorded twice", "tasks left")
    assert {name: counted[name] for name in wrong} == dict.fromkeys(wrong, 0)
    while {thread.name for thread in threads()} - before:
        pass


LONG = [pytest.mark.soak, pytest.mark.timeout(0)]


@pytest.mark.parametrize("cancellations", [200, pytest.param(10_000, marks=LONG)])
def test_cancelled_commands_are_recorded_or_not(
    tmp_path: Path, cancellations: int, say: Say
) -> None:
    _run(str(tmp_path / "plans.db"), cancellations, 0.02, say)


@pytest.mark.parametrize("cancellations", [100, pytest.param(2_000, marks=LONG)])
def test_cancelled_commands_are_recorded_or_not_in_postgresql(
    postgres: PostgresServer, cancellations: int, say: Say
) -> None:
    before = postgres.sessions()
    _run(postgres.url, cancellations, 0.15, say)
    while postgres.sessions() - before:
        pass
