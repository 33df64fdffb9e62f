"""What a tool is made of, and what a call of it is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mcp.types import Tool as ToolDescription
from mcp.types import ToolAnnotations

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.command_context import ContextOptions
from plangate.application.progress import Progress
from plangate.infrastructure.mcp.answers import Answer
from plangate.infrastructure.mcp.arguments import Arguments
from plangate.infrastructure.mcp.schemas import input_schema, output_schema

_Arguments = TypeVar("_Arguments", bound=Arguments)
_Answer = TypeVar("_Answer", bound=Answer)


@dataclass(frozen=True, slots=True)
class CallContext:
    """The registry that a call works on, on whose behalf, and how it reports progress."""

    registry: AsyncPlanRegistry
    options: ContextOptions
    progress: Progress

    async def execute(self, plan_id: str | None, command: dict[str, Any]) -> Any:
        """Execute a command on behalf of the caller."""
        return await self.registry.execute(plan_id, command, **self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[_Arguments, _Answer]):
    """A tool: its arguments, its answer, and the coroutine that leads from one to the other.

    `overrides` says that a call can set aside what the gate or a judge decided.
    """

    name: str
    description: str
    arguments: type[_Arguments]
    answer: type[_Answer]
    run: Callable[[CallContext, _Arguments], Awaitable[_Answer]]
    scope: Scope
    overrides: bool = False

    @property
    def reads_only(self) -> bool:
        """Whether a call records nothing."""
        return self.scope is Scope.PLANS_READ

    def described(self) -> ToolDescription:
        """The tool as clients list it."""
        return ToolDescription(
            name=self.name,
            description=self.description,
            input_schema=input_schema(self.arguments),
            output_schema=output_schema(self.answer),
            annotations=ToolAnnotations(
                read_only_hint=self.reads_only,
                destructive_hint=None if self.reads_only else self.overrides,
                open_world_hint=False,
            ),
        )
