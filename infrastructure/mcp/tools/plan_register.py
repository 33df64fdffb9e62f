"""The tool that registers a plan, from tasks or from a Markdown checklist."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.domain.json_objects import JsonObject
from plangate.domain.presets import GivenPolicy, Preset
from plangate.domain.vocabulary import Goal, Identifier, Labels, Number, Priority
from plangate.infrastructure.mcp.answers import (
    LISTED,
    RecordedAnswer,
    TaskLine,
    recorded_fields,
)
from plangate.infrastructure.mcp.arguments import Recording, given, shown_as
from plangate.infrastructure.mcp.checklist import tasks_of
from plangate.infrastructure.mcp.tool import CallContext, Tool

_TASK = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "id": {"type": "string"},
        "description": {"type": "string"},
        "depends_on": {"type": "array", "items": {"type": "string"}, "description": "task ids"},
        "priority": {"type": "integer"},
        "labels": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title"],
}
_TASKS = shown_as(
    "array",
    "in order; a title alone will do",
    items={"anyOf": [{"type": "string"}, _TASK]},
)
_POLICY = shown_as(
    ["string", "object"], f"preset {' or '.join(Preset)}, or fields, as {{'gate': 'hold'}}"
)


class RegisterArguments(Recording):
    """A plan to register."""

    goal: Goal
    tasks: Annotated[tuple[Any, ...] | None, _TASKS] = None
    checklist: Annotated[
        str | None,
        StringConstraints(strict=True, max_length=200_000),
        Field(description="Markdown list (- [ ] task) in place of tasks"),
    ] = None
    confidence_threshold: Annotated[Number, Field(ge=0, le=1)] | None = None
    policy: Annotated[GivenPolicy | None, _POLICY] = None
    plan_id: Annotated[Identifier | None, Field(description="made if left out")] = None
    priority: Priority | None = None
    labels: Labels = ()
    metadata: JsonObject | None = None

    @model_validator(mode="after")
    def _holds_tasks_once(self) -> Self:
        if (self.tasks is None) is (self.checklist is None):
            raise ValueError("give tasks, or a checklist in their place")
        return self


class Registered(RecordedAnswer):
    """The new plan, and its first tasks with their ids."""

    task_count: int
    tasks: tuple[TaskLine, ...]


async def run(call: CallContext, arguments: RegisterArguments) -> Registered:
    """Register the plan."""
    names = ("goal", "tasks", "confidence_threshold", "policy", "plan_id", "priority", "labels")
    command = {"op": "create", **given(arguments, *names, "metadata")}
    if arguments.checklist is not None:
        command["tasks"] = tasks_of(arguments.checklist)
    status: PlanStatus = await call.execute(None, command)
    decision = await call.registry.gate(status.plan_id)
    return Registered(
        **recorded_fields(status, decision),
        task_count=status.task_count,
        tasks=tuple(map(TaskLine.of, status.tasks[:LISTED])),
    )


TOOL = Tool(
    name="plan_register",
    description="Register a plan of tasks before working on it.",
    arguments=RegisterArguments,
    answer=Registered,
    run=run,
    scope=Scope.PLANS_WRITE,
)
