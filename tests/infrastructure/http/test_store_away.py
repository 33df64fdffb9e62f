"""The store goes away under a server, and comes back."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.support.servers.plangate import plangate_server
from tests.support.servers.postgres import postgres_server
from tests.support.servers.processes import PATIENCE

PLAN = {"plan_id": "p", "goal": "g", "tasks": [{"id": "a", "title": "A"}]}


def until(answers: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """The first answer with this status."""
    deadline = monotonic() + PATIENCE
    while (answer := answers()).status_code != status:
        assert monotonic() < deadline, answer.text
        sleep(0.02)
    return answer


def test_requests_fail_while_postgresql_is_away_and_recover_by_themselves(tmp_path: Path) -> None:
    with (
        postgres_server() as database,
        plangate_server(database.url, tmp_path) as server,
        server.client() as client,
    ):
        assert client.post("/v1/plans", json=PLAN).status_code == 201
        assert client.get("/readyz").json()["status"] == "ready"

        database.kill()
        for away in (
            client.get("/v1/plans/p"),
            client.post("/v1/plans", json=PLAN | {"plan_id": "q"}),
            client.get("/readyz"),
        ):
            assert (away.status_code, away.headers["retry-after"]) == (503, "1")
            assert away.headers["content-type"] == "application/problem+json"
            assert str(database.port) not in away.text
        assert client.get("/healthz").status_code == 200
        assert "plangate_store_reachable 0.0" in client.get("/metrics").text

        database.start()
        until(lambda: client.get("/readyz"), 200)
        until(lambda: client.post("/v1/plans", json=PLAN | {"plan_id": "q"}), 201)
        assert client.get("/v1/plans/p").json()["version"] == 1
        listed = until(lambda: client.get("/v1/plans", params={"at_least": 2}), 200).json()
        assert [plan["plan_id"] for plan in listed["plans"]] == ["p", "q"]
        assert server.stop() == 0
