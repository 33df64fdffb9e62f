"""Evidence: scores, failures to score, retractions, and outcomes."""

from typing import Annotated

from fastapi import Body, Path
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import (
    ClaimLost,
    InvalidScore,
    PlanGone,
    PlanHeld,
    PlanNotFound,
    ScoreNotFound,
    TaskGone,
    TaskNotFound,
)
from plangate.infrastructure.http.bodies import Fields, fields_of, without
from plangate.infrastructure.http.exchange import Given, Options, execute, plan_answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId, TaskId

group = Group("evidence")

_TASK = (PlanNotFound, PlanGone, PlanHeld, TaskNotFound, TaskGone)
_JUDGE = {"scorer": "model:judge@2", "rationale": "clear, but no tests"}

_Scores = Annotated[
    Fields,
    fields_of(without(commands.UpdateScores, "task_id", title="ScoresBody")),
    Body(
        examples=[
            {"prompt_score": 0.9, "output_score": 0.55, **_JUDGE},
            {"output_score": 4, "scale": [1, 5]},
        ]
    ),
]
_Failure = Annotated[
    Fields,
    fields_of(without(commands.RecordScoringFailure, "task_id")),
    Body(examples=[{"kind": "output", "reason": "the judge timed out"}]),
]
_Outcome = Annotated[
    Fields,
    fields_of(without(commands.RecordOutcome, "task_id")),
    Body(examples=[{"outcome": "rejected", "source": "review", "note": "it does not build"}]),
]
_Retraction = Annotated[
    Fields,
    fields_of(without(commands.RetractScore, "event_id")),
    Body(examples=[{"reason": "the judge saw another file"}]),
]
_EventId = Annotated[
    str,
    Path(
        description="The event id of the score, percent-encoded.",
        max_length=300,
        examples=["billing@7"],
    ),
]


@group.command(
    "/plans/{plan_id}/tasks/{task_id}/scores",
    PlanStatus,
    refuses=(*_TASK, InvalidScore, ClaimLost),
    scope=Scope.PLANS_SCORE,
)
async def score_task(
    plan_id: PlanId, task_id: TaskId, body: _Scores, given: Given, options: Options
) -> Response:
    """Record a prompt score, an output score or both, in one transaction; the gate judges."""
    command = validate(commands.UpdateScores, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command(
    "/plans/{plan_id}/tasks/{task_id}/scoring-failures",
    PlanStatus,
    refuses=_TASK,
    scope=Scope.PLANS_SCORE,
)
async def record_scoring_failure(
    plan_id: PlanId, task_id: TaskId, body: _Failure, given: Given, options: Options
) -> Response:
    """Record that a judge crashed or abstained. Changes no confidence."""
    command = validate(commands.RecordScoringFailure, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command(
    "/plans/{plan_id}/tasks/{task_id}/outcomes",
    PlanStatus,
    refuses=_TASK,
    scope=Scope.PLANS_SCORE,
)
async def record_outcome(
    plan_id: PlanId, task_id: TaskId, body: _Outcome, given: Given, options: Options
) -> Response:
    """Record what became of a task's result: `accepted` or `rejected`, as `source` says."""
    command = validate(commands.RecordOutcome, {**body, "task_id": task_id})
    return plan_answer(await execute(given, plan_id, command, options))


@group.command(
    "/plans/{plan_id}/scores/{event_id}/retract",
    PlanStatus,
    refuses=(PlanNotFound, PlanGone, PlanHeld, ScoreNotFound),
    scope=Scope.PLANS_SCORE,
)
async def retract_score(
    plan_id: PlanId, event_id: _EventId, body: _Retraction, given: Given, options: Options
) -> Response:
    """Withdraw a mistaken score; the one of its kind before counts again."""
    command = validate(commands.RetractScore, {**body, "event_id": event_id})
    return plan_answer(await execute(given, plan_id, command, options))
