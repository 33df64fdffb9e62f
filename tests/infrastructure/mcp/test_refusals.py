"""Errors help: they are data, name what would be accepted, and record nothing."""

import asyncio
import logging
import re
from typing import Any

import pytest
from mcp import MCPError

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.server import TOOLS
from tests.support.agents.agent import Agent, in_memory, with_agent

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("plan_register", {"goal": "g"}, "give tasks, or a checklist"),
    ("plan_register", {"goal": "g", "tasks": ["a"], "checklist": "- [ ] a"}, "give tasks, or"),
    ("plan_register", {"goal": "g", "tasks": [1]}, "tasks[0]: must be a title"),
    ("plan_register", {"goal": "g", "tasks": ["a"], "priority": 5000}, "at most 1000"),
    ("plan_register", {"goal": "g", "tasks": ["a"], "policy": "hard"}, "classic, steady"),
    ("plan_next", {"task_id": "a"}, "a task_id needs its plan_id"),
    ("plan_next", {"plan_id": "p", "token": 1}, "a token needs its task_id"),
    ("plan_next", {"plan_id": "p", "labels": ["x"]}, "give no plan_id"),
    ("plan_next", {"plan_id": "p", "lease": "60"}, "lease: must be a number"),
    ("plan_next", {"plan_id": "p", "lease": 0}, "lease: must be more than 0"),
    ("plan_update", {"plan_id": "p", "task_id": "a"}, "give prompt_score, output_score or both"),
    ("plan_update", {"plan_id": "p", "task_id": "a", "output_score": "1"}, "must be a number"),
    ("plan_update", {"plan_id": "p", "task_id": "a", "output_score": True}, "must be a number"),
    ("plan_update", {"plan_id": "p", "task_id": "a", "kind": "output"}, "a kind and a reason"),
    ("plan_revise", {"plan_id": "p", "op": "revise", "reason": "r"}, "op revise needs changes"),
    ("plan_revise", {"plan_id": "p", "op": "pause", "reason": "r", "task_id": "a"}, "op retry"),
    ("plan_revise", {"plan_id": "p", "op": "retry", "reason": " ", "task_id": "a"}, "blank"),
    ("plan_mark", {"plan_id": "p", "task_id": "a"}, "op mark_task needs status"),
    ("plan_mark", {"plan_id": "p", "task_id": "a", "op": "release", "status": "done"}, "no status"),
    ("plan_mark", {"plan_id": "p", "task_id": "a", "status": "finished"}, "'pending'"),
    ("plan_status", {"plan_id": "p", "limit": 101}, "limit: must be at most 100"),
    ("plan_status", {"plan_id": "p", "limit": "5"}, "limit: must be a whole number"),
    ("plan_history", {"plan_id": "p", "kind": "scored"}, "kind: must be one of"),
    ("plan_explain", {"plan_id": "p", "version": 99}, "ends at version 1"),
    ("plan_whatif", {"policy": {"confidence_threshold": 2}}, "at most 1"),
    ("plan_whatif", {"policy": 5}, "policy: must be a policy, its name"),
    ("plan_status", {"plan_id": "p", "detail": "all"}, "detail: must be one of 'brief' or 'full'"),
]
VALUES: tuple[Any, ...] = (None, True, 5, -1, 1.5, "x", "", [], {}, [1], ["x", 1], {"a": 1}, [{}])


@pytest.mark.parametrize("tool", TOOLS)
def test_no_refusal_speaks_of_what_the_arguments_are_made_of(tool: str) -> None:
    arguments = TOOLS[tool].arguments
    for name in arguments.model_fields:
        for value in VALUES:
            try:
                validate(arguments, {name: value})
            except InvalidInput as refused:
                for one in refused.problems:
                    assert "Input should be" not in one.message
                    assert re.split(r"[.\[]", one.field)[0] in {*arguments.model_fields, ""}
                    assert not re.search(r"\.(str|dict|list|tuple)\b", one.field)


@pytest.mark.parametrize("tool, arguments, said", WRONG)
def test_a_wrong_call_says_what_would_be_right(
    tool: str, arguments: dict[str, Any], said: str
) -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        refused = await agent.refused(tool, **arguments)
        assert said in refused["message"]
        assert refused["error"].startswith("Invalid")
        assert refused["problems"]
        assert await registry.history.last_position() == 1

    with_agent(test)


@pytest.mark.parametrize("tool", TOOLS)
def test_unknown_arguments_are_refused_with_the_known_ones(tool: str) -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        refused = await agent.refused(tool, plan="p")
        assert "plan: is not known here; accepted: " in refused["message"]

    with_agent(test)


def test_unknown_ids_are_answered_with_near_ones() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("g", [{"id": "lexer", "title": "Lexer"}], plan_id="parser")
        plan = await agent.refused("plan_status", plan_id="prser")
        assert plan["message"] == "there is no plan 'prser'; did you mean 'parser'?"
        assert plan["near_matches"] == ["parser"]
        task = await agent.refused("plan_update", plan_id="parser", task_id="Lexr", output_score=1)
        assert task["near_matches"] == ["lexer"]
        assert "near_matches" not in await agent.refused("plan_status", plan_id="zzz")

    with_agent(test)


def test_an_unknown_tool_is_an_error_of_the_protocol() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        with pytest.raises(MCPError, match="did you mean 'plan_status'"):
            await agent.client.call_tool("plan_stats", {})
        with pytest.raises(MCPError, match="there are plan_register"):
            await agent.client.call_tool("zzz", {})

    with_agent(test)


def test_what_was_not_foreseen_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        def broken(*_args: object, **_more: object) -> None:
            raise KeyError("secret")

        monkeypatch.setattr(AsyncPlanRegistry, "execute", broken)
        refused = await agent.refused("plan_register", goal="g", tasks=["a"])
        assert refused["error"] == "Unexpected"
        assert "whether it was recorded is unknown" in refused["message"]
        assert "secret" not in str(refused)

    with caplog.at_level(logging.ERROR, "plangate.mcp"):
        with_agent(test)
    assert "secret" in caplog.text


def test_an_unknown_resource_is_an_error_of_the_protocol() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("g", ["A"], plan_id="a/b c")
        found = await agent.client.read_resource("plan://a%2Fb%20c/timeline")
        assert "scores" in found.contents[0].text  # type: ignore[union-attr]
        for uri in ("plan://none", "plan://a%2Fb%20c/board", "http://localhost/plans.db"):
            with pytest.raises(MCPError):
                await agent.client.read_resource(uri)

    with_agent(test)


def test_plans_are_resources() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await registry.create("Parse", ["A"], plan_id="a/b")
        (plan,) = (await agent.client.list_resources()).resources
        assert (plan.uri, plan.name, plan.description) == ("plan://a%2Fb", "a/b", "Parse")
        content = (await agent.client.read_resource(plan.uri)).contents[0]
        assert '"goal": "Parse"' in content.text  # type: ignore[union-attr]
        templates = (await agent.client.list_resource_templates()).resource_templates
        assert [one.uri_template for one in templates] == [
            *("plan://{plan_id}", "plan://{plan_id}/history", "plan://{plan_id}/timeline")
        ]
        history = await agent.client.read_resource("plan://a%2Fb/history")
        assert "plan-created" in history.contents[0].text  # type: ignore[union-attr]

    with_agent(test)


def test_the_client_is_the_actor_unless_another_is_named() -> None:
    async def actors(callers: Callers) -> set[str | None]:
        async with in_memory(callers) as (agent, registry):
            await agent("plan_register", goal="g", tasks=["A"])
            return {one.envelope.actor for one in await registry.history.events()}

    assert asyncio.run(actors(Callers())) == {"mcp"}
    assert asyncio.run(actors(Callers("night-shift"))) == {"night-shift"}


def test_every_verdict_can_be_answered() -> None:
    schema = TOOLS["plan_next"].described().output_schema or {}
    assert schema["properties"]["verdict"]["enum"] == list(Verdict)


def test_tools_ask_for_the_scope_of_what_they_do() -> None:
    scopes = {name: tool.scope for name, tool in TOOLS.items()}
    assert scopes["plan_update"] is Scope.PLANS_SCORE
    assert {
        scopes[name] for name in ("plan_register", "plan_next", "plan_revise", "plan_mark")
    } == {Scope.PLANS_WRITE}
