"""Work: claim tasks, keep or return them, and move them by hand."""

from functools import partial
from typing import Annotated

from fastapi import Body
from starlette.responses import Response

from plangate.application.commands import NextTask
from plangate.application.results import PlanStatus, Result, TaskView
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import ClaimLost, TaskNotReady
from plangate.infrastructure.http.bodies import Fields, fields_of, without
from plangate.infrastructure.http.exchange import (
    Given,
    Options,
    OptionsWithoutVersion,
    answer,
    execute,
)
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId
from plangate.infrastructure.http.task_commands import OF_PLAN, add_task_command

group = Group("work")


class NextTaskAnswer(Result):
    """The task that was claimed; null where none is ready."""

    task: TaskView | None


_WORKER = {"worker": "agent-1", "lease": 600}
_NextOfPlan = Annotated[
    Fields,
    fields_of(without(NextTask, "labels", "if_version", title="NextTaskOfPlanBody")),
    Body(default_factory=dict, examples=[_WORKER]),
]
_NextOfAll = Annotated[
    Fields,
    fields_of(without(NextTask, "if_version")),
    Body(default_factory=dict, examples=[{**_WORKER, "labels": ["backend"]}]),
]


@group.command("/plans/{plan_id}/next-task", NextTaskAnswer, refuses=OF_PLAN)
async def claim_next_task(
    plan_id: PlanId, body: _NextOfPlan, given: Given, options: Options
) -> Response:
    """Claim the first task of the plan that is ready. None is: the gate says why."""
    task = await execute(given, plan_id, validate(NextTask, body), options)
    return answer(NextTaskAnswer(task=task))


@group.command("/next-task", NextTaskAnswer, of_plan=False)
async def claim_next_task_of_all(
    body: _NextOfAll, given: Given, options: OptionsWithoutVersion
) -> Response:
    """Claim the ready task with the highest priority of all plans."""
    task = await execute(given, None, validate(NextTask, body), options)
    return answer(NextTaskAnswer(task=task))


_add = partial(add_task_command, group)

_add(
    "claim_task",
    "claim",
    commands.ClaimTask,
    TaskView,
    "Claim this very task. The claim's token goes with what the worker reports.",
    _WORKER,
    refuses=[TaskNotReady],
    may_be_empty=True,
)
_add(
    "renew_claim",
    "heartbeat",
    commands.RenewLease,
    TaskView,
    "Renew a claim for `lease` seconds from now, or for as long as it held before.",
    {"token": 2, "lease": 600},
    refuses=[ClaimLost],
)
_add(
    "release_task",
    "release",
    commands.ReleaseTask,
    PlanStatus,
    "Give a claimed task back undone.",
    {"token": 2, "reason": "the build is broken"},
    refuses=[ClaimLost],
    may_be_empty=True,
)
_add(
    "mark_task",
    "mark",
    commands.MarkTask,
    PlanStatus,
    "Set a task's status by hand.",
    {"status": "done", "reason": "reviewed by hand"},
    refuses=[ClaimLost],
)
_add(
    "defer_task",
    "defer",
    commands.DeferTask,
    PlanStatus,
    "Let a pending task wait: for a decision from outside, for a review, until a time.",
    {"reason": "waits for the review", "until": "2030-01-31T12:00:00Z"},
)
_add(
    "undefer_task",
    "undefer",
    commands.UndeferTask,
    PlanStatus,
    "Let a deferred task be taken again.",
    {"reason": "the review is done"},
    may_be_empty=True,
)
