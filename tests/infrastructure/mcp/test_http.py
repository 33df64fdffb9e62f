"""Over HTTP: pages of other sites are refused, callers do what they may, hosts mount it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from threading import Thread
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.http.agents import Agents
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.keys import KeyCheck, holder_of
from plangate.infrastructure.mcp.mounting import McpApp
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.agents.agent import Agent
from tests.support.clocks import registry_on

LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"accept": "application/json, text/event-stream"}


KEYS = {
    "reader": Caller("ana", frozenset({Scope.PLANS_READ})),
    "judge": Caller("judge", frozenset({Scope.PLANS_SCORE})),
    "writer": Caller("agent-7", frozenset({Scope.PLANS_WRITE})),
}


async def _of_key(request: Request) -> Caller:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if given not in KEYS:
        raise Unauthenticated("send an API key")
    return KEYS[given]


def _host(mcp: Callable[[Callable[[], AsyncPlanRegistry]], McpApp | Agents]) -> Starlette:
    """An application that has the server at its path, on a store in memory."""
    registry = AsyncPlanRegistry(lambda: registry_on(memory_event_store()))
    served = mcp(lambda: registry)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with registry, served.lifespan():
            yield

    return Starlette(routes=[Route("/mcp", served)], lifespan=lifespan)


@pytest.fixture(scope="module")
def open_server() -> Iterator[str]:
    """The address of a server without access control."""
    yield from _served(_host(McpApp))


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[str]:
    """The address of one that knows keys."""
    yield from _served(_host(partial(Agents, caller_of=_of_key)))


def _served(app: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="critical"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost:1.evil.example", "localhost:"),
        *("127.0.0.1@evil.example", "", "[::1", "127.0.0.1:80:80", "localhost\t.evil.example"),
    ],
)
def test_a_foreign_host_is_refused(open_server: str, host: str) -> None:
    """As of a site whose name was pointed at this machine."""
    answer = httpx.post(open_server, json=LISTING, headers={**JSON, "host": host})
    assert answer.status_code in {400, 421}
    assert "tools" not in answer.text


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "https://localhost.evil.example", "null", "file://", "localhost"),
        *("http://127.0.0.1:9.evil.example", "http://localhost@evil.example", "http://"),
        *("http://localhost:3000", "https://127.0.0.1:1"),  # another program of this machine
    ],
)
def test_a_foreign_origin_is_refused(open_server: str, origin: str) -> None:
    answer = httpx.post(open_server, json=LISTING, headers={**JSON, "origin": origin})
    assert answer.status_code == 403
    assert "tools" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "LOCALHOST", "[::1]:8811"])
@pytest.mark.parametrize("origin", [None, "http://{}", "https://{}"])
def test_this_machine_is_let_in_by_any_of_its_names(
    open_server: str, host: str, origin: str | None
) -> None:
    more = {} if origin is None else {"origin": origin.format(host)}
    answer = httpx.post(open_server, json=LISTING, headers={**JSON, "host": host, **more})
    assert answer.status_code == 200
    assert "plan_register" in answer.text


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "POST"])
def test_the_check_comes_before_any_method(open_server: str, method: str) -> None:
    answer = httpx.request(method, open_server, headers={"host": "evil.example"})
    assert answer.status_code == 421


def test_a_form_of_another_page_is_refused(open_server: str) -> None:
    """A browser sends these without asking first; here it has no Origin, as in old browsers."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = httpx.post(open_server, content=b"{}", headers={**JSON, "content-type": kind})
        assert answer.status_code in {400, 415}


def test_a_body_that_is_too_large_is_refused(open_server: str) -> None:
    answer = httpx.post(open_server, content=b" " * (2 * 1024 * 1024), headers=JSON)
    assert answer.status_code == 413


def test_another_host_is_served_where_it_is_named() -> None:
    for address in _served(_host(partial(McpApp, allowed_hosts=["plans.example"]))):
        named = {**JSON, "host": "plans.example", "origin": "https://plans.example"}
        assert httpx.post(address, json=LISTING, headers=named).status_code == 200
        assert httpx.post(address, json=LISTING, headers=JSON).status_code == 421


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer other"}])
def test_a_request_without_a_valid_key_is_refused(
    guarded_server: str, headers: dict[str, str]
) -> None:
    answer = httpx.post(guarded_server, json=LISTING, headers={**JSON, **headers})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "tools" not in answer.text


def test_callers_act_under_their_names_and_do_what_their_scopes_allow(guarded_server: str) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            reader, judge, writer = [
                await stack.enter_async_context(_with_key(guarded_server, key)) for key in KEYS
            ]
            await writer("plan_register", goal="g", tasks=[{"id": "a", "title": "A"}], plan_id="p")
            assert await judge.refused("plan_next", plan_id="p") == {
                "error": "MissingScope",
                "message": "this needs the scope plans:write; use a key that has it",
            }
            score = {"plan_id": "p", "task_id": "a", "output_score": 0.9}
            assert (await reader.refused("plan_update", **score))["error"] == "MissingScope"
            await judge("plan_update", **score)
            events = (await reader("plan_history", plan_id="p", detail="full"))["events"]
            assert {event["by"] for event in events} == {"agent-7", "judge"}
            assert (await reader.client.read_resource("plan://p")).contents

    asyncio.run(test())


def test_a_server_of_its_own_takes_keys_and_needs_none_from_this_machine() -> None:
    """As `plangate mcp --http` is put together."""
    registry = AsyncPlanRegistry(lambda: registry_on(memory_event_store()))
    mcp = McpApp(lambda: registry, Callers(caller_of=holder_of))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with registry, mcp.lifespan():
            yield

    async def work(address: str, tokens: dict[str, str]) -> None:
        async with (
            Client(address) as client,
            _with_key(address, tokens["reader"]) as reader,
            _with_key(address, tokens["judge"]) as judge,
        ):
            score = {"plan_id": "p", "task_id": "a", "output_score": 0.9}
            await Agent(client)("plan_register", goal="g", tasks=["A"], plan_id="p")
            assert (await reader.refused("plan_update", **score))["error"] == "MissingScope"
            task = (await reader("plan_status", plan_id="p", detail="full"))["tasks"][0]["task_id"]
            await judge("plan_update", **{**score, "task_id": task})

    keyed = Starlette(routes=[Route("/mcp", KeyCheck(mcp, lambda: registry))], lifespan=lifespan)
    for address in _served(keyed):
        issued = {
            "reader": asyncio.run(registry.keys.create("ana", ["plans:read"])),
            "judge": asyncio.run(registry.keys.create("ci", ["plans:score"])),
        }
        tokens = {name: one.token for name, one in issued.items()}
        for headers in (
            {"authorization": "Bearer plangate_x_y"},
            {"authorization": "Basic eDp5"},
            {"x-forwarded-for": "203.0.113.9"},
        ):
            refused = httpx.post(address, json=LISTING, headers={**JSON, **headers})
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert refused.json()["type"] == "urn:plangate:problem:unauthenticated"
        asyncio.run(work(address, tokens))
        events = asyncio.run(registry.history.of("p"))
        assert [one.envelope.actor for one in events][-1] == issued["judge"].key.actor
        asyncio.run(registry.close())
        away = httpx.post(address, json=LISTING, headers=_bearer(tokens["judge"]))
        assert (away.status_code, away.json()["status"]) == (503, 503)


def _bearer(token: str) -> dict[str, str]:
    return {**JSON, "authorization": f"Bearer {token}"}


@asynccontextmanager
async def _with_key(address: str, key: str) -> AsyncIterator[Agent]:
    """An agent that sends a key with every request."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(address, http_client=http)
        async with Client(transport) as client:
            yield Agent(client)
