"""The tool that answers the gate: revise, retry, approve; and that holds a plan."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.domain.vocabulary import Accept, Identifier, Reason, TaskStatus
from plangate.infrastructure.mcp.answers import (
    LISTED,
    RecordedAnswer,
    TaskLine,
    recorded_fields,
)
from plangate.infrastructure.mcp.arguments import Recording, given, shown_as
from plangate.infrastructure.mcp.tool import CallContext, Tool

_TEXT: Final = {"type": "string"}
_TASK: Final = {"type": ["string", "object"]}
_CHANGE: Final = {
    "type": "object",
    "properties": {
        "op": {"enum": ["add", "change", "move", "drop", "split", "replace"]},
        "task_id": _TEXT,
        "task": {**_TASK, "description": "add: as in plan_register"},
        "into": {"type": "array", "items": _TASK, "description": "split"},
        "by": {**_TASK, "description": "replace"},
        "before": {**_TEXT, "description": "add, move: a task id; or after"},
        "after": _TEXT,
    },
    "required": ["op"],
    "description": "op change has task_id and what of a task's fields is new",
}
_CHANGES = shown_as("array", "for op revise; all or none", items=_CHANGE)
_ACCEPT = shown_as(
    ["string", "array"],
    "for op approve: passing, or ids of failed or replanning tasks to accept",
    items=_TEXT,
)

Op = Literal["revise", "retry", "approve", "pause", "resume", "archive", "restore"]

_FIELDS: Final = {"revise": "changes", "retry": "task_id", "approve": "accept"}
"""The argument that an op takes besides the reason; it is required but for an approval."""


class ReviseArguments(Recording):
    """How to go on with a plan."""

    plan_id: Identifier
    op: Op
    reason: Reason
    changes: Annotated[tuple[Any, ...] | None, _CHANGES] = None
    task_id: Annotated[Identifier | None, Field(description="for op retry")] = None
    accept: Annotated[Accept | None, _ACCEPT] = None

    @model_validator(mode="after")
    def _fits_the_op(self) -> Self:
        own = _FIELDS.get(self.op)
        for op, field in _FIELDS.items():
            is_given = getattr(self, field) is not None
            if field != own and is_given:
                raise ValueError(f"{field} belongs to op {op}, not to {self.op}")
            if field == own and not is_given and op != "approve":
                raise ValueError(f"op {op} needs {field}")
        return self


class Revised(RecordedAnswer):
    """The plan after the change, and the first tasks that are pending now."""

    tasks: tuple[TaskLine, ...]


async def run(call: CallContext, arguments: ReviseArguments) -> Revised:
    """Carry out the op."""
    command = given(arguments, "op", "reason", "changes", "task_id", "accept")
    status: PlanStatus = await call.execute(arguments.plan_id, command)
    decision = await call.registry.gate(arguments.plan_id)
    pending = [task for task in status.tasks if task.status is TaskStatus.PENDING]
    return Revised(
        **recorded_fields(status, decision),
        tasks=tuple(map(TaskLine.of, pending[:LISTED])),
    )


TOOL = Tool(
    name="plan_revise",
    description=(
        "Answer the gate, for a reason: revise the plan, retry a task, or approve going on. Or "
        "hold the plan: pause, resume, archive, restore."
    ),
    arguments=ReviseArguments,
    answer=Revised,
    run=run,
    scope=Scope.PLANS_WRITE,
    overrides=True,
)
