"""A worker: takes the next task of all tickets, works, and reports result and score.

DATABASE_URL=postgresql://… python examples/backend/worker.py NAME
"""

import logging
import sys
from functools import partial
from hashlib import sha256
from time import sleep
from uuid import uuid4

from database import Pool, open_pool, persistently

import plangate

LEASE = 60.0
LOG = logging.getLogger("worker")
JUDGE = {"kind": "model", "name": "judge"}


def work_on(task: plangate.TaskView) -> tuple[str, float]:
    """The result of a task, and how good it is. Here your models would work and judge."""
    luck = sha256(f"{task.plan_id}/{task.id}/{task.attempt}".encode()).digest()[0] / 255
    return f"{task.title}: done", round(min(1.0, 0.4 + 0.5 * luck + 0.1 * task.attempt), 2)


def report(pool: Pool, registry: plangate.PlanRegistry, name: str, task: plangate.TaskView) -> None:
    """Save the result of a task and its score in one transaction; safe to repeat."""
    text, score = work_on(task)
    token = task.claim.token if task.claim else None
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO results VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (task.plan_id, task.id, token, text),
        )
        with registry.in_transaction(connection) as plans:
            plans.score_output(
                task.plan_id,
                task.id,
                score,
                scorer=JUDGE,
                token=token,
                actor=name,
                idempotency_key=f"report-{task.id}-{token}",
            )


def work_once(pool: Pool, registry: plangate.PlanRegistry, name: str) -> bool:
    """Take a task and report its result; whether there was one to take."""
    # Where the answer is lost, the same key claims the same task again.
    key = uuid4().hex
    task = persistently(partial(registry.next_task, actor=name, lease=LEASE, idempotency_key=key))
    if task is None or task.claim is None:
        return False
    LOG.info("claimed %s %s %s", task.plan_id, task.id, task.claim.token)
    try:
        persistently(partial(report, pool, registry, name, task))
    except plangate.ClaimLost:
        LOG.warning("the claim of %s %s was lost", task.plan_id, task.id)
    return True


def main(name: str) -> None:
    """Work until the process is ended."""
    with open_pool() as pool, plangate.connect(pool) as registry:
        while True:
            if not work_once(pool, registry, name):
                sleep(0.1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(sys.argv[1])
