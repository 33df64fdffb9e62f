"""What to do after the gate says `replan`, and every other command on a plan."""

from typing import Annotated, Any

from fastapi import Body
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.commands import Create, GivenCommand, Revise, validated
from plangate.application.erasure import Erasure
from plangate.application.results import PlanStatus, Result, TaskView
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import (
    ClaimLost,
    InvalidInput,
    InvalidScore,
    PlanExists,
    Problem,
    ScoreNotFound,
    TaskNotReady,
)
from plangate.infrastructure.http.bodies import Checked, Fields, fields_of, without
from plangate.infrastructure.http.conditions import etag
from plangate.infrastructure.http.exchange import Given, Options, answer, execute, plan_answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId
from plangate.infrastructure.http.task_commands import OF_TASK, add_task_command

group = Group("plans")

_SCOPES = {
    **dict.fromkeys(
        (
            commands.ScorePrompt,
            commands.ScoreOutput,
            commands.UpdateScores,
            commands.RecordScoringFailure,
            commands.RecordOutcome,
            commands.RetractScore,
        ),
        Scope.PLANS_SCORE,
    ),
    commands.ErasePlan: Scope.ADMIN,
}
"""The scopes of commands that need another one than `plans:write`."""


class CommandAnswer(Result):
    """The answer to a command of any kind: what it is about is set, the rest is null.

    `plan` is the plan's status, `task` the claimed task, `erasure` what was erased, `deleted`
    whether there was a plan to delete.
    """

    op: str
    plan: PlanStatus | None = None
    task: TaskView | None = None
    erasure: Erasure | None = None
    deleted: bool | None = None


_Command = Annotated[
    Any,
    Checked(GivenCommand, validated),
    Body(
        examples=[
            {"op": "pause", "reason": "the client is on holiday"},
            {"op": "score_output", "task_id": "schema", "score": 0.8},
        ]
    ),
]
_Revision = Annotated[
    Fields,
    fields_of(without(Revise, title="RevisionBody")),
    Body(
        examples=[
            {
                "reason": "the schema was too coarse",
                "changes": [{"op": "split", "task_id": "schema", "into": ["Tables", "Indexes"]}],
            }
        ]
    ),
]
_Approval = Annotated[
    Fields,
    fields_of(without(commands.ApproveGate, title="ApprovalBody")),
    Body(examples=[{"reason": "good enough for the demo", "accept": "passing"}]),
]


@group.command("/plans/{plan_id}/revise", PlanStatus, refuses=OF_TASK)
async def revise_plan(plan_id: PlanId, body: _Revision, given: Given, options: Options) -> Response:
    """Change the plan, as a whole or not at all. This answers a replan that was due."""
    return plan_answer(await execute(given, plan_id, validate(Revise, body), options))


add_task_command(
    group,
    "retry_task",
    "retry",
    commands.RetryTask,
    PlanStatus,
    "Give a failed or replanning task another attempt. This answers a replan that was due.",
    {"reason": "with the error message in the prompt"},
)


@group.command("/plans/{plan_id}/approve", PlanStatus, refuses=OF_TASK)
async def approve_plan(
    plan_id: PlanId, body: _Approval, given: Given, options: Options
) -> Response:
    """Let work continue although a replan is due, and accept results as they are."""
    return plan_answer(await execute(given, plan_id, validate(commands.ApproveGate, body), options))


@group.command(
    "/plans/{plan_id}/commands",
    CommandAnswer,
    refuses=(*OF_TASK, PlanExists, InvalidScore, ClaimLost, TaskNotReady, ScoreNotFound),
    scope=Scope.PLANS_SCORE,
)
async def run_command(plan_id: PlanId, body: _Command, given: Given, options: Options) -> Response:
    """Execute any command on the plan: `op` names it.

    Commands other than scores, failures to score, outcomes and retractions need the scope
    `plans:write`, and `erase` needs `admin`.
    """
    command: GivenCommand = body
    given.caller.require(_SCOPES.get(type(command), Scope.PLANS_WRITE))
    if isinstance(command, Create):
        created = await execute(given, None, _named(command, plan_id), options)
        return answer(CommandAnswer(op=command.op, plan=created), tag=etag(created.version))
    found: Any = await execute(given, plan_id, command, options)
    match found:
        case PlanStatus():
            changed = CommandAnswer(op=command.op, plan=found)
            return answer(changed, tag=etag(found.version, found.changes_at))
        case Erasure():
            return answer(CommandAnswer(op=command.op, erasure=found))
        case bool():
            return answer(CommandAnswer(op=command.op, deleted=found))
        case _:
            return answer(CommandAnswer(op=command.op, task=found))


def _named(command: Create, plan_id: str) -> Create:
    """The creation of the plan that the path names."""
    if command.plan_id not in {None, plan_id}:
        raise InvalidInput([Problem("plan_id", "must be that of the path, or left out")])
    fields = {name: getattr(command, name) for name in command.model_fields_set}
    return validate(Create, {**fields, "plan_id": plan_id})
