"""`plangate serve` with API keys of its store: every operation, and agents under /mcp."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

import plangate
from plangate.application.access.keys import IssuedKey
from plangate.application.access.scopes import Scope, with_included
from plangate.application.registry import PlanRegistry
from plangate.testing import FrozenClock
from tests.support.agents.agent import Agent
from tests.support.servers.plangate import PlangateServer, plangate_server

pytestmark = pytest.mark.xdist_group("plangate-serve")

SCHEMAS: Final = Path(__file__).parents[3] / "docs" / "schemas"
DOCUMENT: Final = json.loads((SCHEMAS / "openapi.v1.json").read_text("utf-8"))
DOCUMENT_OF_COMMANDS: Final = json.loads((SCHEMAS / "command.v1.schema.json").read_text("utf-8"))
TASKS: Final = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
LISTING: Final = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPTED: Final = {"accept": "application/json, text/event-stream"}
SCORES: Final = {
    *("score_prompt", "score_output", "update", "record_scoring_failure"),
    *("record_outcome", "retract_score"),
}


class Operation(NamedTuple):
    """A request, and the scope that it needs."""

    method: str
    path: str
    scope: Scope
    body: Any = None

    def __str__(self) -> str:
        op = f" {self.body['op']}" if isinstance(self.body, dict) and "op" in self.body else ""
        return f"{self.method} {self.path}{op}".replace("{", "").replace("}", "")


def operations() -> Iterator[Operation]:
    """Each of the document; of `commands`, each of its commands."""
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            (scope,) = described["security"][0]["bearer"]
            if path.endswith("/commands"):
                schema = described["requestBody"]["content"]["application/json"]["schema"]
                for op in schema["discriminator"]["mapping"]:
                    needed = Scope.PLANS_SCORE if op in SCORES else Scope.PLANS_WRITE
                    needed = Scope.ADMIN if op == "erase" else needed
                    yield Operation(method, path, needed, body_of_command(op))
            else:
                yield Operation(method, path, Scope(scope), example_of(described))


def body_of_command(op: str) -> dict[str, Any]:
    """A command whose fields are all right, so that only the key can be what is wrong."""
    fields: dict[str, dict[str, Any]] = {
        "create": {"goal": "g", "tasks": ["A"]},
        "score_prompt": {"task_id": "a", "score": 0.9},
        "score_output": {"task_id": "a", "score": 0.9},
        "update": {"task_id": "a", "output_score": 0.9},
        "record_scoring_failure": {"task_id": "a", "kind": "output", "reason": "r"},
        "retract_score": {"event_id": "p@2", "reason": "r"},
        "record_outcome": {"task_id": "a", "outcome": "held", "source": "ci"},
        "mark_task": {"task_id": "a", "status": "done", "reason": "r"},
        "claim_task": {"task_id": "a"},
        "defer_task": {"task_id": "a", "reason": "r"},
        "undefer_task": {"task_id": "a", "reason": "r"},
        "heartbeat": {"task_id": "a", "token": 1, "lease": 9.0},
        "release": {"task_id": "a", "reason": "r"},
        "revise": {"reason": "r", "changes": [{"op": "drop", "task_id": "b"}]},
        "retry": {"task_id": "a", "reason": "r"},
    }
    reasoned = {"approve", "pause", "resume", "archive", "restore"}
    return {"op": op, **fields.get(op, {"reason": "r"} if op in reasoned else {})}


def example_of(described: dict[str, Any]) -> Any:
    """The example of the body that the document gives."""
    body = described.get("requestBody")
    if body is None:
        return None
    content = body["content"]["application/json"]
    given = [*content["schema"].get("examples", []), *content.get("examples", {}).values()]
    return given[0].get("value", given[0])


OPERATIONS: Final = list(operations())


class Keyed(NamedTuple):
    """A server that requires keys, and keys of its store."""

    server: PlangateServer
    client: httpx.Client
    registry: PlanRegistry
    keys: dict[str, IssuedKey]

    def header(self, key: str | None) -> dict[str, str]:
        return {} if key is None else {"authorization": f"Bearer {self.keys[key].token}"}

    def status(self, operation: Operation, key: str | None, plan_id: str = "p") -> int:
        """The status that an operation is answered with; of a refusal, a problem comes with it."""
        path = operation.path.format(plan_id=plan_id, task_id="a", event_id="p@2")
        query = {"a": 1} if path.endswith("/diff") else {}
        request = {"params": query, "json": operation.body, "headers": self.header(key)}
        with self.client.stream(operation.method.upper(), path, **request) as answer:
            if answer.status_code in {401, 403}:
                assert answer.headers["content-type"] == "application/problem+json"
                assert json.loads(answer.read())["status"] == answer.status_code
            return answer.status_code

    def events(self) -> int:
        return self.registry.history.last_position()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("keys")
    store = folder / "plans.db"
    with plangate.connect(store) as registry:
        registry.create("g", TASKS, plan_id="p")
        keys = {scope.value: registry.keys.create(scope.value, [scope]) for scope in Scope}
        keys["revoked"] = registry.keys.create("lost", [Scope.ADMIN])
        registry.keys.revoke(keys["revoked"].key.key_id)
    with plangate.connect(store, clock=FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))) as registry:
        keys["expired"] = registry.keys.create("old", [Scope.ADMIN], expires_in=timedelta(days=1))
    looks_often = "Limits.__init__.__kwdefaults__['look'] = 0.05"
    (folder / "sitecustomize.py").write_text(
        f"from plangate.infrastructure.asgi.limits import Limits\n{looks_often}\n", "utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        yield from _serving(store, folder, keys)


def _serving(store: Path, folder: Path, keys: dict[str, IssuedKey]) -> Iterator[Keyed]:
    with (
        plangate_server(store, folder, "--allowed-host", "plans.example") as server,
        server.client() as client,
        plangate.connect(store) as registry,
    ):
        yield Keyed(server, client, registry, keys)


# --- every operation ---


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_key_without_the_scope_is_refused_by_every_operation(
    keyed: Keyed, operation: Operation
) -> None:
    before = keyed.events()
    for key in (None, "revoked", "expired"):
        assert keyed.status(operation, key) == 401
    for scope in Scope:
        if operation.scope not in with_included([scope]):
            assert keyed.status(operation, scope.value) == 403
    assert keyed.events() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_key_with_the_scope_is_let_in_by_every_operation(
    keyed: Keyed, operation: Operation
) -> None:
    """On a plan that is not there, so that nothing is changed for the other tests."""
    status = keyed.status(operation, operation.scope.value, "none")
    assert status in {200, 201, 404, 409, 410, 422, 503}, status


# --- agents ---


@asynccontextmanager
async def agent_with(keyed: Keyed, key: str) -> AsyncIterator[Agent]:
    """An agent of the official SDK that sends a key with every request."""
    async with httpx2.AsyncClient(headers=keyed.header(key)) as http:
        transport = streamable_http_client(f"{keyed.server.url}/mcp", http_client=http)
        async with Client(transport) as client:
            yield Agent(client)


def test_an_agent_does_what_its_key_allows_and_the_events_say_whose_it_was(keyed: Keyed) -> None:
    async def work() -> None:
        async with (
            agent_with(keyed, Scope.PLANS_WRITE) as writer,
            agent_with(keyed, Scope.PLANS_SCORE) as judge,
            agent_with(keyed, Scope.PLANS_READ) as reader,
        ):
            await writer("plan_register", goal="g", tasks=TASKS, plan_id="agents")
            taken = await writer("plan_next", plan_id="agents", worker="w1")
            score = {"plan_id": "agents", "task_id": "a", "output_score": 0.9}
            assert (await judge.refused("plan_next", plan_id="agents"))["error"] == "MissingScope"
            assert (await reader.refused("plan_update", **score))["error"] == "MissingScope"
            await judge("plan_update", **score, token=taken["task"]["token"])
            assert (await reader("plan_status", plan_id="agents"))["version"] >= 4

    asyncio.run(work())
    actors = [one.envelope.actor for one in keyed.registry.history.of("agents")]
    assert list(dict.fromkeys(actors)) == [
        keyed.keys[Scope.PLANS_WRITE].key.actor,
        keyed.keys[Scope.PLANS_SCORE].key.actor,
    ]


@pytest.mark.parametrize("path", ["/mcp", "/mcp?key=x"])
@pytest.mark.parametrize("key", [None, "revoked", "expired", "unknown", "basic"])
def test_an_agent_without_a_valid_key_is_refused(keyed: Keyed, path: str, key: str | None) -> None:
    other = {"unknown": "Bearer plangate_x_y", "basic": "Basic cGxhbmdhdGU6cGxhbmdhdGU="}
    headers = {"authorization": other[key]} if key in other else keyed.header(key)
    answer = keyed.client.post(path, json=LISTING, headers={**ACCEPTED, **headers})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "urn:plangate:problem:unauthenticated"


@pytest.mark.parametrize(
    "headers, status, slug",
    [
        ({"host": "evil.example"}, 421, "host-not-allowed"),
        ({"host": "localhost.evil.example"}, 421, "host-not-allowed"),
        ({"origin": "https://evil.example"}, 403, "origin-not-allowed"),
        ({"origin": "null"}, 403, "origin-not-allowed"),
        ({"sec-fetch-site": "cross-site"}, 403, "origin-not-allowed"),
    ],
)
def test_a_page_of_another_site_gets_no_tools_even_with_a_key(
    keyed: Keyed, headers: dict[str, str], status: int, slug: str
) -> None:
    given = {**ACCEPTED, **keyed.header(Scope.ADMIN), **headers}
    answer = keyed.client.post("/mcp", json=LISTING, headers=given)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, slug)


def test_a_named_host_gets_the_tools(keyed: Keyed) -> None:
    headers = {**ACCEPTED, **keyed.header(Scope.PLANS_READ), "host": "plans.example"}
    answer = keyed.client.post("/mcp", json=LISTING, headers=headers)
    assert answer.status_code == 200
    assert "plan_register" in answer.text


def test_a_key_that_is_revoked_is_refused_from_the_next_request_on(keyed: Keyed) -> None:
    issued = keyed.registry.keys.create("short", [Scope.PLANS_READ])
    headers = {**ACCEPTED, "authorization": f"Bearer {issued.token}"}
    asked = (("GET", "/v1/plans", None), ("GET", "/metrics", None), ("POST", "/mcp", LISTING))

    def statuses() -> list[int]:
        return [
            keyed.client.request(method, path, json=body, headers=headers).status_code
            for method, path, body in asked
        ]

    assert statuses() == [200, 200, 200]
    keyed.registry.keys.revoke(issued.key.key_id)
    assert statuses() == [401, 401, 401]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/plans/p/events", "/live", "/mcp"])
@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_stream_ends_once_its_key_does(keyed: Keyed, path: str, how: str) -> None:
    span = timedelta(seconds=0.3) if how == "expired" else None
    issued = keyed.registry.keys.create("short", [Scope.PLANS_READ], expires_in=span)
    headers = {"authorization": f"Bearer {issued.token}", "accept": "text/event-stream"}
    with keyed.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        if how == "revoked":
            keyed.registry.keys.revoke(issued.key.key_id)
        for _ in answer.iter_raw():  # it comes to its end
            pass
    assert keyed.client.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "path, methods",
    [
        ("/v1/plans", "GET, HEAD, POST"),
        ("/v1/plans/p", "GET, HEAD"),
        ("/v1/events", "GET"),
        ("/healthz", "GET, HEAD"),
        ("/", "GET, HEAD"),
        ("/live", "GET"),
    ],
)
def test_a_method_that_is_not_there_is_answered_with_those_that_are(
    keyed: Keyed, path: str, methods: str
) -> None:
    answer = keyed.client.delete(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["type"] == "urn:plangate:problem:method-not-allowed"


def test_every_command_is_tried() -> None:
    tried = {one.body["op"] for one in OPERATIONS if one.path.endswith("/commands")}
    assert tried == set(DOCUMENT_OF_COMMANDS["discriminator"]["mapping"]) > SCORES
