"""The views of a server are kept in the background; a caller sees what was just recorded."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

import plangate.aio
from plangate.application.views import follower
from plangate.infrastructure.http.app import create_app
from tests.support.servers.http import serving

NEVER = 3_600.0
PLAN = {"goal": "Move billing", "tasks": [{"id": "a", "title": "A"}], "plan_id": "billing"}
JSON = {"accept": "application/json, text/event-stream"}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A client of a server whose views move only where a question waits."""
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    monkeypatch.setattr(follower, "TOGETHER", NEVER)
    app = create_app(lambda: plangate.aio.connect("memory:"))
    with serving(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        assert client.get("/v1/plans").json()["plans"] == []
        yield client


def test_a_client_sees_its_own_command_in_every_list(client: httpx.Client) -> None:
    client.post("/v1/plans", json=PLAN)
    assert len(client.get("/v1/plans").json()["plans"]) == 1
    assert client.get("/v1/plans", params={"at_least": 0}).status_code == 200

    client.post("/v1/plans/billing/tasks/a/scores", json={"output_score": 0.1})
    assert len(client.get("/v1/plans/billing/timeline").json()["scores"]) == 1
    assert len(client.get("/v1/replans").json()["replans"]) == 1
    assert len(client.get("/v1/board", params={"status": "replanning"}).json()["tasks"]) == 1


def test_an_agent_sees_its_own_command_in_every_answer(client: httpx.Client) -> None:
    def call(tool: str, **arguments: object) -> object:
        params = {"name": tool, "arguments": arguments}
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        (data,) = re.findall(
            "^data: (.+)$", client.post("/mcp", json=request, headers=JSON).text, re.MULTILINE
        )
        return json.loads(data)["result"]["structuredContent"]

    client.post("/v1/plans", json=PLAN)
    client.post("/v1/plans/billing/tasks/a/scores", json={"output_score": 0.1})
    status = call("plan_status", plan_id="billing")
    assert isinstance(status, dict)
    assert status["verdict"] == "replan"
    assert [task["status"] for task in status["tasks"]] == ["replanning"]
