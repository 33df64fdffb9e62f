"""An agent: a client of the protocol, as tests use it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.server import PlanServer
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on


class Refused(Exception):
    """A tool answered with an error; `facts` is what it says."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(facts)
        self.facts = facts


class Agent:
    """Calls tools: `await agent("plan_next", plan_id="p")` is the answer, or raises `Refused`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer; its text says the same."""
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        said: dict[str, Any] = json.loads(content.text)  # type: ignore[union-attr]
        if result.is_error:
            assert result.structured_content is None
            raise Refused(said)
        assert said == result.structured_content
        return said

    async def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a call is refused with."""
        try:
            answer = await self(tool, **arguments)
        except Refused as error:
            return error.facts
        raise AssertionError(f"not refused: {answer}")

    async def work(self, plan_id: str, *scores: float, **options: Any) -> dict[str, Any]:
        """Take and score as many tasks as there are scores; the last answer."""
        answer: dict[str, Any] = {}
        for score in scores:
            task = (await self("plan_next", plan_id=plan_id))["task"]
            answer = await self(
                "plan_update",
                plan_id=plan_id,
                task_id=task["task_id"],
                output_score=score,
                token=task["token"],
                **options,
            )
        return answer


@asynccontextmanager
async def in_memory(
    callers: Callers | None = None,
) -> AsyncIterator[tuple[Agent, AsyncPlanRegistry]]:
    """An agent of a server in this process, and the registry behind it."""
    async with AsyncPlanRegistry(lambda: registry_on(memory_event_store())) as registry:
        server = PlanServer(lambda: registry, callers=callers or Callers()).server()
        async with Client(server) as client:
            yield Agent(client), registry


def with_agent(test: Callable[[Agent, AsyncPlanRegistry], Awaitable[None]]) -> None:
    """Run a test with an agent and the registry that it works on."""

    async def main() -> None:
        async with in_memory() as (agent, registry):
            await test(agent, registry)

    asyncio.run(main())


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test that makes its agents itself."""
    asyncio.run(coroutine)
