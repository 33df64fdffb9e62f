"""Evidence: scores, failures to score, retractions, and outcomes."""

from functools import partial
from typing import Annotated

from fastapi import Body, Path
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import ClaimLost, InvalidScore, ScoreNotFound
from plangate.infrastructure.http.bodies import Fields, fields_of, without
from plangate.infrastructure.http.exchange import Given, Options, execute, plan_answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId
from plangate.infrastructure.http.task_commands import OF_PLAN, add_task_command

group = Group("evidence")

_JUDGE = {"scorer": "model:judge@2", "rationale": "clear, but no tests"}

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


_add = partial(add_task_command, group, scope=Scope.PLANS_SCORE)

_add(
    "score_task",
    "scores",
    commands.UpdateScores,
    PlanStatus,
    "Record a prompt score, an output score or both, in one transaction; the gate judges.",
    {"prompt_score": 0.9, "output_score": 0.55, **_JUDGE},
    {"output_score": 4, "scale": [1, 5]},
    refuses=[InvalidScore, ClaimLost],
    title="ScoresBody",
)
_add(
    "record_scoring_failure",
    "scoring-failures",
    commands.RecordScoringFailure,
    PlanStatus,
    "Record that a judge crashed or abstained. Changes no confidence.",
    {"kind": "output", "reason": "the judge timed out"},
)
_add(
    "record_outcome",
    "outcomes",
    commands.RecordOutcome,
    PlanStatus,
    "Record what became of a task's result: `accepted` or `rejected`, as `source` says.",
    {"outcome": "rejected", "source": "review", "note": "it does not build"},
)


@group.command(
    "/plans/{plan_id}/scores/{event_id}/retract",
    PlanStatus,
    refuses=(*OF_PLAN, ScoreNotFound),
    scope=Scope.PLANS_SCORE,
)
async def retract_score(
    plan_id: PlanId, event_id: _EventId, body: _Retraction, given: Given, options: Options
) -> Response:
    """Withdraw a mistaken score; the one of its kind before counts again."""
    command = validate(commands.RetractScore, {**body, "event_id": event_id})
    return plan_answer(await execute(given, plan_id, command, options))
