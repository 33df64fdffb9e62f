"""A registry that is closed while other threads are inside its commands."""

from collections import Counter
from threading import Barrier, Thread

import plangate
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import PATIENCE
from tests.support.soak import Say, short_and_long

THREADS = 4


@short_and_long("closes", 12, 1_000)
def test_later_callers_are_refused_and_running_commands_end(
    postgres: PostgresServer, say: Say, closes: int
) -> None:
    before = postgres.sessions()  # another test may still hold what it interrupted
    acknowledged: list[str] = []
    refusals: Counter[str] = Counter()

    def work(registry: plangate.PlanRegistry, name: str, at_work: Barrier) -> None:
        number = 0
        while True:
            key = f"{name}-{number}"
            try:
                registry.score_prompt("p", "a", 0.5, idempotency_key=key)
                acknowledged.append(key)
                registry.views.plans(limit=1)
            except BaseException as error:  # noqa: BLE001  (only the one is expected)
                refusals[type(error).__name__] += 1
                return
            if not number:
                at_work.wait(PATIENCE)
            number += 1

    with plangate.connect(postgres.url) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    for number in range(closes):
        registry, at_work = plangate.connect(postgres.url), Barrier(THREADS + 1)
        threads = [
            Thread(target=work, args=(registry, f"{number}-{n}", at_work)) for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        at_work.wait(PATIENCE)
        registry.close()
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads)
    while postgres.sessions() - before:
        pass  # the server takes a moment to end a session that was closed
    with plangate.connect(postgres.url) as registry:
        keys = [one.envelope.idempotency_key for one in registry.history.of("p")]
    counts = Counter(key for key in keys if key)
    say(
        "closing on PostgreSQL",
        closes=closes,
        acknowledged=len(acknowledged),
        lost=len(set(acknowledged) - set(counts)),
        doubled=sum(counts.values()) - len(counts),
        refusals=dict(refusals),
    )
    assert refusals == {"StoreUnavailable": closes * THREADS}
    assert set(acknowledged) <= set(counts)
    assert set(counts.values()) == {1}
