"""Event streams of many clients that disconnect at random: nothing missed, nothing twice."""

import asyncio
from pathlib import Path
from random import Random

import plangate
import plangate.aio
from tests.support.event_clients import Client
from tests.support.servers.http import application, serving
from tests.support.soak import Say, short_and_long


@short_and_long("clients", 6, 200)
def test_each_client_has_each_event_once_and_in_order(
    tmp_path: Path, clients: int, say: Say
) -> None:
    """Clients that disconnect at random, while other registries record."""
    store, events = tmp_path / "plans.db", 50 * clients
    app = application(lambda: plangate.aio.connect(store))
    random = Random(clients)

    def write() -> None:
        with plangate.connect(store) as registry:
            for number in range(5):
                registry.create("g", [{"id": "a", "title": "A"}], plan_id=f"p{number}")
            for number in range(events - 5):
                registry.score_prompt(f"p{number % 5}", "a", number % 100 / 100)

    async def test(address: str) -> None:
        url = f"{address}/v1/events"
        all_of_them = [
            Client(url, Random(random.random()), max(events // 5, 20)) for _ in range(clients)
        ]
        expected = list(range(1, events + 1))
        await asyncio.gather(
            asyncio.to_thread(write), *(client.run(events) for client in all_of_them)
        )
        missed = sum(len(set(expected) - set(client.ids)) for client in all_of_them)
        doubled = sum(len(client.ids) - len(set(client.ids)) for client in all_of_them)
        say(
            "event streams",
            clients=clients,
            events=events,
            connections=sum(client.connections for client in all_of_them),
            received=sum(len(client.ids) for client in all_of_them),
            missed=missed,
            doubled=doubled,
        )
        assert (missed, doubled) == (0, 0)
        assert all(client.ids == expected for client in all_of_them)

    with plangate.connect(store), serving(app) as address:
        asyncio.run(test(address))
