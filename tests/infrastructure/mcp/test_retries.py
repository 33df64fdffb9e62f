"""The same call sent again records once: by its idempotency key, or as the same request."""

import asyncio
from typing import Any

from mcp.client.session import ClientSession
from mcp.server import ServerRequestContext

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.mcp.callers import Callers
from tests.support.agents.agent import Agent, in_memory, with_agent

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("plan_register", {"goal": "g", "tasks": ["A", "B"]}),
    ("plan_next", {"worker": "w"}),
    ("plan_next", {"plan_id": "p", "worker": "w"}),
    ("plan_next", {"plan_id": "p", "task_id": "a"}),
    ("plan_update", {"plan_id": "p", "task_id": "a", "output_score": 0.2, "prompt_score": 0.4}),
    ("plan_update", {"plan_id": "p", "task_id": "a", "kind": "output", "reason": "crash"}),
    ("plan_revise", {"plan_id": "p", "op": "pause", "reason": "r"}),
    (
        "plan_revise",
        {"plan_id": "p", "op": "revise", "reason": "r", "changes": [{"op": "add", "task": "C"}]},
    ),
    ("plan_mark", {"plan_id": "p", "task_id": "b", "status": "failed"}),
]


def test_a_call_with_the_key_of_an_earlier_one_records_nothing() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        tasks = [{"id": one, "title": one} for one in "abc"]
        for number, (tool, arguments) in enumerate(CALLS):
            await registry.create("g", tasks, plan_id="p") if number == 0 else None
            keyed = {**arguments, "idempotency_key": f"k{number}"}
            first = await agent(tool, **keyed)
            position = await registry.history.last_position()
            again = await agent(tool, **keyed)
            assert await registry.history.last_position() == position, tool
            assert again["plan_id"] == first["plan_id"]
            assert again.get("task", {}).get("token") == first.get("task", {}).get("token")
            await registry.resume("p", "r")

    with_agent(test)


def test_a_key_with_other_arguments_is_refused() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await agent("plan_register", goal="g", tasks=["A"], plan_id="p", idempotency_key="k")
        refused = await agent.refused(
            "plan_register", goal="other", tasks=["A"], plan_id="p", idempotency_key="k"
        )
        assert refused["error"] == "IdempotencyKeyReused"

    with_agent(test)


def test_two_calls_without_keys_are_two() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        for _ in range(2):
            await agent("plan_register", goal="g", tasks=["A"])
        assert len((await registry.views.plans()).plans) == 2

    with_agent(test)


def test_the_same_request_of_one_connection_records_once() -> None:
    """A request id comes twice only where a transport repeats what it is not sure of."""

    async def test() -> None:
        async with in_memory() as (agent, registry):
            session: ClientSession = agent.client.session
            callers = Callers()
            context = _context(session, "c1", 7)
            keys = [callers.options(context, *_recording())["idempotency_key"] for _ in range(2)]
            assert keys[0] == keys[1]
            others = [_context(session, "c2", 7), _context(session, "c1", 8)]
            others += [_context(session, "c1", "7")]
            for other in others:
                assert callers.options(other, *_recording())["idempotency_key"] != keys[0]
            over_http = _context(session, "c1", 7)
            over_http.request = object()
            assert callers.options(over_http, *_recording())["idempotency_key"] is None
            assert await registry.history.last_position() == 0

    asyncio.run(test())


def _recording() -> Any:
    from plangate.infrastructure.mcp.tools.plan_register import TOOL, Arguments

    return TOOL.scope, Arguments(goal="g", tasks=("A",))


def _context(session: Any, connection: str, request_id: int | str) -> Any:
    session.client_params = None
    return ServerRequestContext(
        session=session,
        lifespan_context=connection,
        protocol_version="2026-07-28",
        method="tools/call",
        request_id=request_id,
    )
