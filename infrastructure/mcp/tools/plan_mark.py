"""The tool that sets a task's status by hand, gives a task back, or lets it wait."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.domain.vocabulary import Identifier, Moment, Reason, TaskStatus, Token
from plangate.infrastructure.mcp.answers import TaskAnswer, task_fields
from plangate.infrastructure.mcp.arguments import Recording, given
from plangate.infrastructure.mcp.tool import CallContext, Tool

_FIELDS: Final = {
    "mark_task": {"status", "reason", "token"},
    "release": {"reason", "token"},
    "defer_task": {"reason", "until"},
    "undefer_task": {"reason"},
}
_NEEDED: Final = {"mark_task": "status", "defer_task": "reason"}


class MarkArguments(Recording):
    """What to do with a task's status."""

    plan_id: Identifier
    task_id: Identifier
    op: Literal["mark_task", "release", "defer_task", "undefer_task"] = "mark_task"
    status: Annotated[TaskStatus | None, Field(description="for mark_task")] = None
    reason: Reason | None = None
    token: Annotated[Token | None, Field(description="of your claim")] = None
    until: Annotated[Moment | None, Field(description="for defer_task")] = None

    @model_validator(mode="after")
    def _fits_the_op(self) -> Self:
        for field in ("status", "reason", "token", "until"):
            is_given = getattr(self, field) is not None
            if is_given and field not in _FIELDS[self.op]:
                raise ValueError(f"op {self.op} takes no {field}")
            if not is_given and _NEEDED.get(self.op) == field:
                raise ValueError(f"op {self.op} needs {field}")
        return self


async def run(call: CallContext, arguments: MarkArguments) -> TaskAnswer:
    """Carry out the op."""
    command = given(arguments, "op", "task_id", *sorted(_FIELDS[arguments.op]))
    status: PlanStatus = await call.execute(arguments.plan_id, command)
    decision = await call.registry.gate(arguments.plan_id)
    return TaskAnswer(**task_fields(status, decision, arguments.task_id))


TOOL = Tool(
    name="plan_mark",
    description=(
        "Set a task's status by hand, whatever its scores; release: give your task back; "
        "defer_task: let one wait for something outside. To score use plan_update."
    ),
    arguments=MarkArguments,
    answer=TaskAnswer,
    run=run,
    scope=Scope.PLANS_WRITE,
    overrides=True,
)
