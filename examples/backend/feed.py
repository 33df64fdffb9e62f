"""The feed: delivers each replan that is due into the table `notices`, exactly once.

DATABASE_URL=postgresql://… python examples/backend/feed.py
"""

from time import sleep

from database import UNAVAILABLE, Pool, open_pool

import plangate


def deliver(pool: Pool, registry: plangate.PlanRegistry, timeout: float | None = None) -> None:
    """Deliver what comes after the cursor, until another feed moves it, or nothing comes.

    The cursor is moved in the transaction of the notice. So a feed that is killed between
    two statements has delivered the notice and moved the cursor, or neither.
    """
    with pool.connection() as connection:
        (position,) = connection.execute("SELECT position FROM cursors").fetchone() or (0,)
    for entry in registry.subscribe(after=position, kinds="replan-triggered", timeout=timeout):
        if not isinstance(entry.event, plangate.ReplanTriggered):
            continue
        replan, position = entry.event, entry.envelope.position
        with pool.connection() as connection:
            moved = connection.execute(
                "UPDATE cursors SET position = %s WHERE name = 'notices' AND position < %s",
                (position, position),
            )
            if not moved.rowcount:
                return
            connection.execute(
                "INSERT INTO notices (position, ticket_id, task_id, confidence)"
                " VALUES (%s, %s, %s, %s)",
                (position, entry.envelope.plan_id, replan.task_id, replan.rolling_confidence),
            )


def main() -> None:
    """Deliver until the process is ended."""
    with open_pool() as pool, plangate.connect(pool) as registry:
        while True:
            try:
                deliver(pool, registry)
            except UNAVAILABLE:
                sleep(0.1)


if __name__ == "__main__":
    main()
