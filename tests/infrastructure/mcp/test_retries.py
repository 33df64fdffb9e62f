"""The same call sent again records once: by its idempotency key, or as the same request."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mcp.server import ServerRequestContext

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.tools.plan_register import TOOL, RegisterArguments
from tests.support.agents.agent import Agent, with_agent

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


@pytest.mark.parametrize("tool, arguments", CALLS)
def test_a_call_with_the_key_of_an_earlier_one_records_nothing(
    tool: str, arguments: dict[str, Any]
) -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("g", [{"id": one, "title": one} for one in "ab"], plan_id="p")
        first = await agent(tool, **arguments, idempotency_key="k")
        position = await registry.history.last_position()
        assert position > 1
        again = await agent(tool, **arguments, idempotency_key="k")
        assert await registry.history.last_position() == position
        assert again["plan_id"] == first["plan_id"]
        assert again.get("task", {}).get("token") == first.get("task", {}).get("token")

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

    callers, session = Callers(), SimpleNamespace(client_params=None)

    def key(connection: str, request_id: int | str, request: object = None) -> str | None:
        context = ServerRequestContext[str, Any](
            session=cast("Any", session),
            lifespan_context=connection,
            protocol_version="2026-07-28",
            method="tools/call",
            request_id=request_id,
            request=request,
        )
        arguments = RegisterArguments(goal="g", tasks=("A",))
        return callers.options(context, TOOL.scope, arguments)["idempotency_key"]

    assert key("c1", 7) == key("c1", 7) is not None
    assert len({key("c1", 7), key("c2", 7), key("c1", 8), key("c1", "7")}) == 4
    assert key("c1", 7, request="an HTTP request") is None
