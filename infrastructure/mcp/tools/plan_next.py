"""The tool that hands out work: the next task, a given one, or more time for a claim."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from plangate.application.access.scopes import Scope
from plangate.application.results import TaskView
from plangate.domain.errors import PlanGone, PlanHeld
from plangate.domain.vocabulary import Identifier, Labels, LeaseSeconds, Token, Verdict
from plangate.infrastructure.mcp.answers import Answer, GateAnswer, clipped, gate_fields
from plangate.infrastructure.mcp.arguments import Recording, given
from plangate.infrastructure.mcp.tool import CallContext, Tool

_DESCRIPTION = 6_000


class NextArguments(Recording):
    """Which work to hand out, and to whom."""

    plan_id: Annotated[Identifier | None, Field(description="without: of all plans")] = None
    task_id: Annotated[Identifier | None, Field(description="this very task")] = None
    token: Annotated[Token | None, Field(description="renew the claim on task_id")] = None
    worker: Annotated[Identifier | None, Field(description="your name")] = None
    lease: Annotated[
        LeaseSeconds | None, Field(description="seconds after which others may take the task")
    ] = None
    labels: Labels = ()

    @model_validator(mode="after")
    def _names_what_is_needed(self) -> Self:
        if self.task_id is not None and self.plan_id is None:
            raise ValueError("a task_id needs its plan_id")
        if self.token is not None and self.task_id is None:
            raise ValueError("a token needs its task_id")
        if self.labels and self.plan_id is not None:
            raise ValueError("labels choose among all plans: give no plan_id")
        return self


class TakenTask(Answer):
    """A task to work on; `token` goes with its score."""

    task_id: str
    title: str | None
    description: str | None
    token: int | None
    lease_until: datetime | None
    attempt: int
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, task: TaskView) -> Self:
        """A claimed task."""
        return cls(
            task_id=task.id,
            title=task.title,
            description=clipped(task.description, _DESCRIPTION),
            token=task.claim.token if task.claim else None,
            lease_until=task.claim.until if task.claim else None,
            attempt=task.attempt,
            depends_on=task.depends_on[:20],
            labels=task.labels,
            metadata=task.metadata if len(str(task.metadata)) <= _DESCRIPTION else {},
        )


class OfferedTask(GateAnswer):
    """The verdict, and the task; without one the verdict says why there is none."""

    plan_id: str | None = None  # type: ignore[assignment]  # none without a task of any plan
    version: int | None = None  # type: ignore[assignment]
    rolling_confidence: float | None = None  # type: ignore[assignment]
    threshold: float | None = None  # type: ignore[assignment]
    evidence: str | None = None  # type: ignore[assignment]
    task: TakenTask | None = None


async def run(call: CallContext, arguments: NextArguments) -> OfferedTask:
    """Hand out the task."""
    try:
        task = await _taken(call, arguments)
    except (PlanHeld, PlanGone):
        if arguments.task_id is not None:
            raise
        task = None  # the verdict says why
    plan_id = arguments.plan_id if task is None else task.plan_id
    if plan_id is None:
        return _none_in_any_plan(arguments)
    fields = gate_fields(await call.registry.gate(plan_id))
    return OfferedTask(**fields) if task is None else _handed_out(fields, TakenTask.of(task))


def _handed_out(fields: dict[str, Any], task: TakenTask) -> OfferedTask:
    """The answer with a task. The gate, asked since, spoke of the tasks that are left."""
    then = f"do the task, then give plan_update its output_score and the token {task.token}"
    why = f"The task {task.task_id!r} is yours."
    if fields["verdict"] is Verdict.REPLAN:
        then = f"{then}; {fields['next'][0]}"
        why = f"{why} {fields['why']}"
    else:
        fields["verdict"] = Verdict.GO
    return OfferedTask(**{**fields, "why": why, "next": (then,)}, task=task)


async def _taken(call: CallContext, arguments: NextArguments) -> TaskView | None:
    if arguments.token is not None:
        command = {"op": "heartbeat", **given(arguments, "task_id", "token", "lease")}
    elif arguments.task_id is not None:
        command = {"op": "claim_task", **given(arguments, "task_id", "worker", "lease")}
    else:
        command = {"op": "next_task", **given(arguments, "worker", "lease", "labels")}
    task: TaskView | None = await call.execute(arguments.plan_id, command)
    return task


def _none_in_any_plan(arguments: NextArguments) -> OfferedTask:
    labelled = f" with {', '.join(map(repr, arguments.labels))}" if arguments.labels else ""
    return OfferedTask(
        verdict=Verdict.WAIT,
        why=f"No plan has a task{labelled} that can be taken now.",
        next=("look with plan_list which plans wait, are blocked or need a replan",),
    )


TOOL = Tool(
    name="plan_next",
    description=(
        "Claim the next task. Without one, verdict and why say whether all is done (complete), "
        "others hold the rest (wait), failed or replanning tasks block it (blocked, replan)."
    ),
    arguments=NextArguments,
    answer=OfferedTask,
    run=run,
    scope=Scope.PLANS_WRITE,
)
