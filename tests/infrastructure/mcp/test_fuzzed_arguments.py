"""Any arguments that a schema allows, and some that it does not: an answer, or a structured error.

What is refused records nothing. The arguments are drawn from the schemas that clients see.
"""

import asyncio
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.infrastructure.mcp.server import TOOLS
from tests.support.agents.agent import Agent, Refused, in_memory
from tests.support.properties import repeatable_by_few
from tests.support.soak import short_and_long

IDS = ["p", "q", "a", "b", "none", "", " ", "a\nb", "é" * 201, "../../etc/passwd", "\0"]
SURPRISES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def of_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema allows, now and then something that it does not."""
    return st.one_of(_allowed(schema), _allowed(schema), SURPRISES)


def _allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of(list(map(of_schema, schema["anyOf"])))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of([_allowed({**schema, "type": one}) for one in kind])
    match kind:
        case "string":
            return st.one_of(st.sampled_from(IDS), st.text(max_size=20))
        case "integer":
            return st.integers(-3, 10)
        case "number":
            return st.floats(0, 1) | st.floats(-10, 10)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(of_schema(schema.get("items", {"type": "string"})), max_size=3)
        case _:
            assert kind == "object", schema
            return _object(schema)


def _object(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    shown = schema.get("properties")
    if not shown:
        return st.dictionaries(st.text(max_size=5), SURPRISES, max_size=2)
    needed = {name: of_schema(shown[name]) for name in schema.get("required", ())}
    others = {name: of_schema(shown[name]) for name in shown if name not in needed}
    return st.fixed_dictionaries(needed, optional=others)


def calls(tool: str) -> st.SearchStrategy[dict[str, Any]]:
    schema = TOOLS[tool].described().input_schema
    return st.one_of(
        _object(schema),
        _object(schema),
        st.builds(
            lambda given, name, value: {**given, name: value},
            _object(schema),
            st.text(max_size=8),
            SURPRISES,
        ),
    )


async def is_answered(agent: Agent, registry: AsyncPlanRegistry, tool: str, given: Any) -> bool:
    """Whether a call was answered; a refused one has recorded nothing."""
    before = await registry.history.last_position()
    try:
        await agent(tool, **given)
    except Refused as error:
        refused = error.facts
    else:
        return True
    assert {"error", "message"} <= refused.keys()
    assert refused["error"] != "Unexpected", (tool, given)
    assert "Traceback" not in refused["message"]
    assert await registry.history.last_position() == before, (tool, given)
    return False


@short_and_long("examples", 6, 1_000)
@pytest.mark.parametrize("tool", TOOLS)
def test_any_arguments_are_answered_or_refused_with_a_structured_error(
    tool: str, examples: int
) -> None:
    answered: list[bool] = []

    @settings(repeatable_by_few, max_examples=examples)
    @given(st.lists(calls(tool), min_size=10, max_size=10))
    def fuzz(given_calls: list[dict[str, Any]]) -> None:
        async def all_calls() -> None:
            async with in_memory() as (agent, registry):
                for plan_id in "pq":
                    tasks = [{"id": one, "title": one} for one in "ab"]
                    await registry.create("g", tasks, plan_id=plan_id)
                sent = map(_sent, given_calls)
                answered.extend([await is_answered(agent, registry, tool, one) for one in sent])

        asyncio.run(all_calls())

    fuzz()
    assert False in answered


def _sent(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as they can be sent: names and texts without lone surrogates."""
    text = json.dumps(arguments, allow_nan=True)
    return cast("dict[str, Any]", json.loads(text.encode("utf-8", "replace")))
