"""Plans and logs to measure on: real decisions, recorded through plangate's own interface.

A long log is made of plans that were really worked on, and of copies of them under other ids.
"""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import plangate

JUDGE: Final = {"kind": "model", "name": "judge", "version": "3"}
_WORKED_ON: Final = 20
"""Different histories in a long log."""
_SIDE_BY_SIDE: Final = 100
"""Plans that are worked on at the same time in a long log."""


def tasks(number: int) -> list[dict[str, Any]]:
    """Tasks without dependencies."""
    return [{"id": f"t{n}", "title": f"Migrate part {n}"} for n in range(number)]


def score_next(registry: plangate.PlanRegistry, plan_id: str, size: int, turn: int) -> None:
    """Score the output of a task; every second turn round the plan fails it."""
    score = 0.9 if turn // size % 2 == 0 else 0.1
    registry.score_output(plan_id, f"t{turn * 7 % size}", score, scorer=JUDGE)


def write_history(path: Path, sizes: tuple[int, ...], copies: dict[int, int]) -> None:
    """A file with plans of so many events each, named `plan-SIZE-COPY`."""
    largest = max(sizes)
    with plangate.connect("memory:") as memory, plangate.connect(path) as file:
        memory.create("Move billing", tasks(20), plan_id="plan")
        turn = 0
        while memory.history.last_position() < largest:
            score_next(memory, "plan", 20, turn)
            turn += 1
        memory.bundles.copy_to(file)
    for size in sizes:
        copy_plan(path, "plan", [f"plan-{size}-{copy}" for copy in range(copies[size])], size)


def copy_plan(path: Path, plan_id: str, copies: Sequence[str], events: int = 1_000_000) -> None:
    """Copy the first events of a plan to plans with other ids."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " SELECT :copy, originator_version, topic,"
            " replace(state, '\"' || :plan || '@', '\"' || :copy || '@')"
            " FROM stored_events WHERE originator_id = :plan AND originator_version <= :events"
            " ORDER BY originator_version",
            [{"copy": copy, "plan": plan_id, "events": events} for copy in copies],
        )


def write_log(path: Path, events: int, size: int = 12, *, outcomes: bool = False) -> int:
    """A file with at least so many events of plans that were worked on; how many there are.

    With `outcomes` each judged task was accepted or rejected later, and plans have goals of
    their own, but for copies.
    """
    with plangate.connect("memory:") as memory, plangate.connect(path) as file:
        for number in range(_WORKED_ON):
            _work(memory, f"work-{number}", size, outcomes=outcomes)
            if memory.history.last_position() >= events:
                break
        memory.bundles.copy_to(file)
        return _multiply(path, events, memory.history.last_position())


def write_plans(path: Path, plans: int) -> None:
    """A file with so many plans of two pending tasks each."""
    with plangate.connect(path) as registry:
        registry.create("Move billing", tasks(2), plan_id="work-0")
    _multiply(path, plans, 1)


def _multiply(path: Path, events: int, written: int) -> int:
    """Copy all plans until there are enough events, a hundred plans side by side."""
    copies = -(-events // written) - 1
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "WITH RECURSIVE copies (n) AS"
            " (SELECT 1 WHERE :copies > 0 UNION ALL SELECT n + 1 FROM copies WHERE n < :copies)"
            " INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " SELECT originator_id || '-' || n, originator_version, topic,"
            " replace(state, '\"' || originator_id || '@',"
            " '\"' || originator_id || '-' || n || '@')"
            " FROM copies, stored_events"
            " ORDER BY n * (SELECT count(DISTINCT originator_id) FROM stored_events) / :beside,"
            " originator_version, n",
            {"copies": copies, "beside": _SIDE_BY_SIDE},
        )
        return int(connection.execute("SELECT count(*) FROM stored_events").fetchone()[0])


def _work(
    registry: plangate.PlanRegistry, plan_id: str, size: int, *, outcomes: bool = False
) -> None:
    """Claim and score every task, and retry once what did not pass."""
    chance = random.Random(plan_id)  # noqa: S311  (the same at every run)
    policy = {"confidence_threshold": chance.choice([0.5, 0.6, 0.72])}
    goal = f"Move billing, {plan_id}" if outcomes else "Move billing"
    registry.create(goal, tasks(size), plan_id=plan_id, policy=policy)
    while task := registry.next_task(plan_id, worker="agent-7", lease=3600.0):
        status = registry.update(
            plan_id,
            task.id,
            prompt_score=chance.random(),
            output_score=chance.betavariate(4, 2),
            scorer=JUDGE,
            rationale="Every region matches the old report.",
        )
        judged = next(one for one in status.tasks if one.id == task.id)
        if judged.status is not plangate.TaskStatus.DONE and judged.attempt == 1:
            registry.retry(plan_id, task.id, "The rates are now named.")
        elif outcomes:
            outcome = "accepted" if chance.random() < (judged.confidence or 0.0) else "rejected"
            registry.record_outcome(plan_id, task.id, outcome, source="review")
