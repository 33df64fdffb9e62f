"""The server: what it lists, and how a call leads to a tool and its answer back.

Every request stands alone. Arguments are validated here, in plangate's own terms; whatever goes
wrong is an answer that a model can read.
"""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import Any, Final

from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
)

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import StoreError
from plangate.application.near_matches import did_you_mean, near_matches
from plangate.application.validation import validate
from plangate.domain.errors import PlangateError
from plangate.infrastructure.mcp import resources
from plangate.infrastructure.mcp.callers import Callers, Context
from plangate.infrastructure.mcp.failures import failure
from plangate.infrastructure.mcp.instructions import INSTRUCTIONS
from plangate.infrastructure.mcp.progress import reporting
from plangate.infrastructure.mcp.tool import CallContext, Tool
from plangate.infrastructure.mcp.tools import (
    plan_explain,
    plan_history,
    plan_list,
    plan_mark,
    plan_next,
    plan_register,
    plan_revise,
    plan_status,
    plan_update,
    plan_whatif,
)

TOOLS: Final[Mapping[str, Tool[Any, Any]]] = {
    module.TOOL.name: module.TOOL
    for module in (
        plan_register,
        plan_next,
        plan_update,
        plan_revise,
        plan_mark,
        plan_status,
        plan_list,
        plan_history,
        plan_explain,
        plan_whatif,
    )
}


class PlanServer:
    """Answers the requests of clients from one registry."""

    def __init__(
        self,
        registry: Callable[[], AsyncPlanRegistry],
        *,
        callers: Callers = Callers(),  # noqa: B008  (it never changes)
    ) -> None:
        """`registry` gives the one that is open."""
        self._registry = registry
        self._callers = callers

    def server(self) -> Server[str]:
        """A server of the protocol, for one transport."""
        return Server(
            "plangate",
            title="plangate",
            version=version("plangate"),
            instructions=INSTRUCTIONS,
            lifespan=_connection,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
        )

    async def _list_tools(
        self, _context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[tool.described() for tool in TOOLS.values()])

    async def _call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            near = did_you_mean(near_matches(params.name, TOOLS)) or f"there are {', '.join(TOOLS)}"
            raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r:.80}; {near}")
        try:
            arguments = validate(tool.arguments, params.arguments or {})
            options = self._callers.options(context, tool.scope, arguments)
            async with reporting(context) as progress:
                call = CallContext(self._registry(), options, progress)
                answer = (await tool.run(call, arguments)).as_json()
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  (a model reads no traceback)
            facts = await failure(
                error, self._registry(), tool=tool.name, may_have_recorded=not tool.reads_only
            )
            return CallToolResult(content=[_text(facts)], is_error=True)
        return CallToolResult(content=[_text(answer)], structured_content=answer)

    async def _list_resources(
        self, context: Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        with _protocol_errors():
            self._callers.require(context, Scope.PLANS_READ)
            cursor = params.cursor if params else None
            found, following = await resources.listed(self._registry(), cursor)
        return ListResourcesResult(resources=found, next_cursor=following)

    async def _list_templates(
        self, _context: Context, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=resources.templates())

    async def _read_resource(
        self, context: Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        with _protocol_errors({"uri": str(params.uri)}):
            self._callers.require(context, Scope.PLANS_READ)
            content = await resources.read(self._registry(), str(params.uri))
        return ReadResourceResult(contents=[content])


@asynccontextmanager
async def _connection(_: Server[str]) -> AsyncIterator[str]:
    """Name a connection."""
    yield secrets.token_hex(16)


@contextmanager
def _protocol_errors(data: Mapping[str, str] | None = None) -> Iterator[None]:
    """Raise what plangate refuses as an error of the protocol: a resource has no other answer."""
    try:
        yield
    except StoreError as error:
        raise MCPError(INTERNAL_ERROR, str(error), data) from None
    except PlangateError as error:
        raise MCPError(INVALID_PARAMS, str(error), data) from None


def _text(answer: Mapping[str, Any]) -> TextContent:
    return TextContent(text=json.dumps(answer, ensure_ascii=False, separators=(",", ":")))
