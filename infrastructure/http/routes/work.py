"""Work: claim tasks, keep or return them, and move them by hand."""

from typing import Annotated

from fastapi import Body
from starlette.responses import Response

from plangate.application.commands import NextTask
from plangate.application.results import PlanStatus, Result, TaskView
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import (
    ClaimLost,
    PlanGone,
    PlanHeld,
    PlanNotFound,
    TaskGone,
    TaskNotFound,
    TaskNotReady,
)
from plangate.infrastructure.http.bodies import Fields, fields_of, without
from plangate.infrastructure.http.exchange import (
    Given,
    Options,
    OptionsWithoutVersion,
    answer,
    execute,
    plan_answer,
)
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId, TaskId

group = Group("work")

_PLAN = (PlanNotFound, PlanGone, PlanHeld)
_TASK = (*_PLAN, TaskNotFound, TaskGone)


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
_Claim = Annotated[
    Fields,
    fields_of(without(commands.ClaimTask, "task_id")),
    Body(default_factory=dict, examples=[_WORKER]),
]
_Renew = Annotated[
    Fields,
    fields_of(without(commands.RenewLease, "task_id")),
    Body(examples=[{"token": 2, "lease": 600}]),
]
_Release = Annotated[
    Fields,
    fields_of(without(commands.ReleaseTask, "task_id")),
    Body(default_factory=dict, examples=[{"token": 2, "reason": "the build is broken"}]),
]
_Mark = Annotated[
    Fields,
    fields_of(without(commands.MarkTask, "task_id")),
    Body(examples=[{"status": "done", "reason": "reviewed by hand"}]),
]
_Defer = Annotated[
    Fields,
    fields_of(without(commands.DeferTask, "task_id")),
    Body(examples=[{"reason": "waits for the review", "until": "2030-01-31T12:00:00Z"}]),
]
_Undefer = Annotated[
    Fields,
    fields_of(without(commands.UndeferTask, "task_id")),
    Body(default_factory=dict, examples=[{"reason": "the review is done"}]),
]


@group.command("/plans/{plan_id}/next-task", NextTaskAnswer, refuses=_PLAN)
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


@group.command("/plans/{plan_id}/tasks/{task_id}/claim", TaskView, refuses=(*_TASK, TaskNotReady))
async def claim_task(
    plan_id: PlanId, task_id: TaskId, body: _Claim, given: Given, options: Options
) -> Response:
    """Claim this very task. The claim's token goes with what the worker reports."""
    command = validate(commands.ClaimTask, {**body, "task_id": task_id})
    return answer(await execute(given, plan_id, command, options))


@group.command("/plans/{plan_id}/tasks/{task_id}/heartbeat", TaskView, refuses=(*_TASK, ClaimLost))
async def renew_claim(
    plan_id: PlanId, task_id: TaskId, body: _Renew, given: Given, options: Options
) -> Response:
    """Renew a claim for `lease` seconds from now, or for as long as it held before."""
    command = validate(commands.RenewLease, {**body, "task_id": task_id})
    return answer(await execute(given, plan_id, command, options))


@group.command("/plans/{plan_id}/tasks/{task_id}/release", PlanStatus, refuses=(*_TASK, ClaimLost))
async def release_task(
    plan_id: PlanId, task_id: TaskId, body: _Release, given: Given, options: Options
) -> Response:
    """Give a claimed task back undone."""
    command = validate(commands.ReleaseTask, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command("/plans/{plan_id}/tasks/{task_id}/mark", PlanStatus, refuses=(*_TASK, ClaimLost))
async def mark_task(
    plan_id: PlanId, task_id: TaskId, body: _Mark, given: Given, options: Options
) -> Response:
    """Set a task's status by hand."""
    command = validate(commands.MarkTask, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command("/plans/{plan_id}/tasks/{task_id}/defer", PlanStatus, refuses=_TASK)
async def defer_task(
    plan_id: PlanId, task_id: TaskId, body: _Defer, given: Given, options: Options
) -> Response:
    """Let a pending task wait: for a decision from outside, for a review, until a time."""
    command = validate(commands.DeferTask, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command("/plans/{plan_id}/tasks/{task_id}/undefer", PlanStatus, refuses=_TASK)
async def undefer_task(
    plan_id: PlanId, task_id: TaskId, body: _Undefer, given: Given, options: Options
) -> Response:
    """Let a deferred task be taken again."""
    command = validate(commands.UndeferTask, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))
