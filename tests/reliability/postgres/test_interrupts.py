"""Signal handlers that raise exceptions inside commands, at any step, again and again."""

import gc
from collections.abc import Callable
from random import Random

import plangate
from plangate.infrastructure.postgres import connections
from plangate.infrastructure.postgres.connections import CONNECTIONS, OwnConnections
from plangate.infrastructure.postgres.views import PostgresViewStore
from tests.support.reliability.interrupts import Interruptions, time_of
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

BUSY = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plangate'"
    " AND state NOT IN ('idle', 'active')"
)


def _connections(registry: plangate.PlanRegistry) -> OwnConnections:
    views = registry._view_store
    assert isinstance(views, PostgresViewStore)
    schema = views._database
    assert isinstance(schema.connections, OwnConnections)
    return schema.connections


@short_and_long("interrupts", 600, 10_000)
def test_no_interruption_loses_a_connection_or_leaves_a_transaction_open(
    postgres: PostgresServer, say: Say, interrupts: int
) -> None:
    chance, interruptions, acknowledged = Random(1), Interruptions(2), []
    with plangate.connect(postgres.url) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        each = time_of(lambda: registry.score_prompt("p", "a", 0.5)) * 4  # time to connect, too
        number = 0

        def score() -> None:
            registry.score_prompt("p", "a", 0.5, idempotency_key=f"k{number}")
            acknowledged.append(f"k{number}")

        calls: list[Callable[[], object]] = [
            *(score, score),
            lambda: registry.next_task("p"),
            lambda: registry.history.events(limit=9),
        ]
        gc.collect()  # what is raised while Python collects garbage of other tests is only reported
        with interruptions.handled():
            while len(interruptions.kept) < interrupts:
                number += 1
                interruptions.interrupt(chance.choice(calls), each)
                interruptions.interrupt(registry.views.plans, each)
        assert interruptions.raised == len(interruptions.kept)
        ours = _connections(registry)
        assert ours._free.qsize() == CONNECTIONS
        assert all(connections._is_at_rest(one) for one in ours._idle)
        assert len(ours._idle) <= CONNECTIONS
        assert postgres.execute(BUSY) == [(0,)]
        registry.score_prompt("p", "a", 0.5)
        assert [plan.stale for plan in registry.views.plans().plans] == [False]
        events = registry.history.of("p")
    keys = [one.envelope.idempotency_key for one in events if one.envelope.idempotency_key]
    say(
        "interruptions on PostgreSQL",
        interrupts=len(interruptions.kept),
        acknowledged=len(acknowledged),
        lost=len(set(acknowledged) - set(keys)),
        doubled=len(keys) - len(set(keys)),
    )
    assert set(acknowledged) <= set(keys)
    assert len(keys) == len(set(keys))
    assert [one.envelope.version for one in events] == list(range(1, len(events) + 1))
