"""Plans as resources: the plan itself, its history, its confidence timeline.

`plan://{plan_id}`, `plan://{plan_id}/history`, `plan://{plan_id}/timeline`; a plan id is
percent-encoded. Their content is that of the Python API, one page long.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from mcp.types import (
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.mcp.answers import clipped

SCHEME: Final = "plan://"
_JSON: Final = "application/json"
_LISTED: Final = 100
_EVENTS: Final = 1_000


async def _plan(registry: AsyncPlanRegistry, plan_id: str) -> Any:
    return (await registry.get_status(plan_id)).model_dump(mode="json")


async def _history(registry: AsyncPlanRegistry, plan_id: str) -> Any:
    entries = registry.history.audit(plan_id, limit=_EVENTS)
    return {"entries": [entry.model_dump(mode="json") async for entry in entries]}


async def _timeline(registry: AsyncPlanRegistry, plan_id: str) -> Any:
    return (await registry.views.timeline(plan_id, limit=_EVENTS)).model_dump(mode="json")


_PARTS: Final[Mapping[str, tuple[str, Callable[[AsyncPlanRegistry, str], Awaitable[Any]]]]] = {
    "": ("A plan with all its tasks", _plan),
    "/history": ("The first 1,000 events of a plan, with who, when and why", _history),
    "/timeline": ("The first 1,000 scores of a plan, with the confidence after each", _timeline),
}


def templates() -> list[ResourceTemplate]:
    """The resources that every plan has."""
    return [
        ResourceTemplate(
            uri_template=f"{SCHEME}{{plan_id}}{part}",
            name=f"plan{part.replace('/', '-')}",
            description=description,
            mime_type=_JSON,
        )
        for part, (description, _) in _PARTS.items()
    ]


async def listed(
    registry: AsyncPlanRegistry, cursor: str | None
) -> tuple[list[Resource], str | None]:
    """A page of the plans as resources, and the cursor behind it."""
    found = await registry.views.plans(limit=_LISTED, after=cursor)
    plans = [
        Resource(
            uri=f"{SCHEME}{quote(plan.plan_id, safe='')}",
            name=plan.plan_id,
            description=clipped(plan.goal, 200),
            mime_type=_JSON,
        )
        for plan in found.plans
    ]
    return plans, found.next


async def read(registry: AsyncPlanRegistry, uri: str) -> TextResourceContents:
    """The content of a resource; raises `PlanNotFound`, `InvalidInput` for any other URI."""
    plan_id, slash, rest = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or slash + rest not in _PARTS:
        known = ", ".join(f"{SCHEME}{{plan_id}}{part}" for part in _PARTS)
        raise InvalidInput([Problem("uri", f"must be one of {known}")])
    content = await _PARTS[slash + rest][1](registry, unquote(plan_id))
    text = json.dumps(content, ensure_ascii=False)
    return TextResourceContents(uri=uri, text=text, mime_type=_JSON)
