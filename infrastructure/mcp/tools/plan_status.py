"""The tool that shows a plan: briefly, or with its tasks page by page."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.views.board import BoardTask
from plangate.domain.vocabulary import Identifier, TaskStatus
from plangate.infrastructure.mcp.answers import (
    GateAnswer,
    TaskLine,
    clipped,
    gate_fields,
    rounded,
)
from plangate.infrastructure.mcp.arguments import Detail, Page
from plangate.infrastructure.mcp.fitting import page
from plangate.infrastructure.mcp.tool import CallContext, Tool

_GOAL = 200
_EACH = 3
"""How many tasks of each status that needs attention a brief answer lists."""

_ATTENTION = (TaskStatus.FAILED, TaskStatus.REPLANNING, TaskStatus.IN_PROGRESS)


class StatusArguments(Page):
    """Which plan to show, and how much of it."""

    plan_id: Identifier
    detail: Detail = "brief"
    status: Annotated[TaskStatus | None, Field(description="with detail full")] = None


class TaskRow(TaskLine):
    """A task in a page."""

    prompt_score: float | None
    output_score: float | None
    attempt: int
    lease_until: datetime | None

    @classmethod
    def at(cls, row: BoardTask) -> Self:
        """A task as the board has it."""
        return cls(
            task_id=row.task_id,
            title=clipped(row.title, 120),
            status=row.status,
            confidence=rounded(row.confidence),
            worker=row.worker,
            prompt_score=rounded(row.prompt_score),
            output_score=rounded(row.output_score),
            attempt=row.attempt,
            lease_until=row.lease_until,
        )


class Status(GateAnswer):
    """A plan now.

    `tasks`: a page of them, or briefly the first that failed, are replanning or in progress.
    """

    goal: str | None
    tasks_by_status: dict[str, int]
    replan_count: int
    tasks: tuple[TaskRow, ...] = ()
    next_after: str | None = None


async def run(call: CallContext, arguments: StatusArguments) -> Status:
    """Show the plan."""
    plan_id = arguments.plan_id
    status = await call.registry.get_status(plan_id)
    decision = await call.registry.gate(plan_id)
    if arguments.detail == "full":
        tasks, following = await _tasks(call, arguments)
    else:
        tasks, following = await _attention(call, plan_id), None
    return Status(
        **gate_fields(decision),
        goal=clipped(status.goal, _GOAL),
        tasks_by_status=dict(Counter(str(task.status) for task in status.tasks)),
        replan_count=status.replan_count,
        tasks=tasks,
        next_after=following,
    )


async def _tasks(
    call: CallContext, arguments: StatusArguments
) -> tuple[tuple[TaskRow, ...], str | None]:
    async def ask(limit: int) -> tuple[Sequence[BoardTask], str | None]:
        found = await call.registry.views.board(
            arguments.plan_id, status=arguments.status, limit=limit, after=arguments.after
        )
        return found.tasks, found.next

    return await page(ask, arguments.limit, TaskRow.at)


async def _attention(call: CallContext, plan_id: str) -> tuple[TaskRow, ...]:
    """The first tasks of each status that someone has to look at."""
    found = [
        await call.registry.views.board(plan_id, status=status, limit=_EACH)
        for status in _ATTENTION
    ]
    return tuple(TaskRow.at(row) for board in found for row in board)


TOOL = Tool(
    name="plan_status",
    description="A plan's verdict, confidence and tasks that need attention; full: all tasks.",
    arguments=StatusArguments,
    answer=Status,
    run=run,
    scope=Scope.PLANS_READ,
)
