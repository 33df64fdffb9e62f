"""Answers and schemas stay small whatever the plan's size: they are part of every prompt.

Tokens are counted by a proxy, as tokenizers are not at hand everywhere: a token for every 3.5
characters of JSON, rounded up. What tokenizers make of such JSON is fewer.
"""

import json
from math import ceil

import pytest

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain.vocabulary import MAX_GOAL, MAX_IDENTIFIER, MAX_PROSE, MAX_TITLE
from tests.support.agents.agent import Agent, with_agent

FOR_SCHEMAS = 4_000
FOR_A_STATUS = 1_500
FOR_ANY_ANSWER = 4_000
LONGEST = [
    {
        "id": f"{number:03}".ljust(MAX_IDENTIFIER, "x"),
        "title": "é" * MAX_TITLE,
        "description": "d" * MAX_PROSE,
    }
    for number in range(200)
]


def tokens(text: str) -> int:
    return ceil(len(text) / 3.5)


def test_all_tool_schemas_together() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        listed = await agent.client.list_tools()
        tools = [
            one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in listed.tools
        ]
        assert tokens(json.dumps(tools, separators=(",", ":"))) < FOR_SCHEMAS

    with_agent(test)


@pytest.mark.parametrize("score", [None, 0.9, 0.1])
def test_the_status_of_a_plan_of_200_tasks(score: float | None) -> None:
    """Both copies of the answer, for programs and for models, fit together."""

    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        tasks = [{"title": f"Move the invoices of country {n}"} for n in range(200)]
        await registry.create("Move billing to the new provider", tasks, plan_id="p")
        if score is not None:
            for task in (await registry.get_status("p")).tasks:
                await registry.score_output("p", task.id, score)
        result = await agent.client.call_tool("plan_status", {"plan_id": "p"})
        assert tokens(result.model_dump_json(by_alias=True, exclude_none=True)) < FOR_A_STATUS

    with_agent(test)


def test_no_answer_grows_with_the_plan_even_if_every_text_is_as_long_as_can_be() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        async def fits(tool: str, **arguments: object) -> None:
            answer = await agent(tool, **arguments)
            assert tokens(json.dumps(answer, ensure_ascii=False)) < FOR_ANY_ANSWER, tool

        goal = "g" * MAX_GOAL
        await fits("plan_register", goal=goal, tasks=LONGEST, plan_id="p", labels=["l" * 200])
        await fits("plan_next", plan_id="p")
        for task in LONGEST[:40]:
            await fits(
                "plan_update",
                plan_id="p",
                task_id=task["id"],
                output_score=0.1,
                rationale="r" * MAX_PROSE,
                evidence={"log": "e" * 60_000},
            )
        for detail in ("brief", "full"):
            for tool in ("plan_status", "plan_history", "plan_explain"):
                paged = {} if tool == "plan_explain" else {"limit": 100}
                await fits(tool, plan_id="p", detail=detail, **paged)
            await fits("plan_whatif", policy="steady", detail=detail)
        await fits("plan_explain", plan_id="p", since=1)
        await fits("plan_revise", plan_id="p", op="approve", reason="r", accept="passing")
        for number in range(30):
            await registry.create(goal, ["A"], plan_id=str(number).ljust(MAX_IDENTIFIER, "x"))
        await fits("plan_list", limit=100)

    with_agent(test)


def test_a_page_that_does_not_fit_goes_on_where_it_was_cut() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("g", LONGEST, plan_id="p")
        found = list[str]()
        after: str | None = None
        while after or not found:
            more = {"after": after} if after else {}
            page = await agent("plan_status", plan_id="p", detail="full", limit=100, **more)
            found += [task["task_id"] for task in page["tasks"]]
            after = page.get("next_after")
        assert found == [task["id"] for task in LONGEST]

    with_agent(test)
