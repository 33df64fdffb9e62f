"""The tool that reports scores, or that a judge failed to give one."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.domain.json_objects import JsonObject
from plangate.domain.vocabulary import (
    Flag,
    GivenScore,
    GivenScorer,
    Identifier,
    Prose,
    Reason,
    Scale,
    ScoreKind,
    Token,
)
from plangate.infrastructure.mcp.answers import TaskAnswer, task_fields
from plangate.infrastructure.mcp.arguments import Recording, given, shown_as
from plangate.infrastructure.mcp.tool import CallContext, Tool

_SCORER = shown_as(["string", "object"], "who judged: [human:|code:]name[@version]")
_SCALE = shown_as(
    "array",
    "[worst, best] if not [0, 1]",
    items={"type": "number"},
    minItems=2,
    maxItems=2,
)
_OF_SCORES = ("prompt_score", "output_score", "mark_done", "scale", "rationale", "evidence")
_OF_A_FAILURE = ("kind", "reason")


class UpdateArguments(Recording):
    """Scores of a task, or a scoring failure."""

    plan_id: Identifier
    task_id: Identifier
    prompt_score: Annotated[
        GivenScore | None, Field(description="clarity of the instruction, 0 to 1")
    ] = None
    output_score: Annotated[
        GivenScore | None, Field(description="quality of the result, 0 to 1")
    ] = None
    mark_done: Annotated[Flag | None, Field(description="false: the task goes on")] = None
    scale: Annotated[Scale | None, _SCALE] = None
    scorer: Annotated[GivenScorer | None, _SCORER] = None
    rationale: Prose | None = None
    evidence: JsonObject | None = None
    token: Annotated[Token | None, Field(description="of your claim")] = None
    kind: Annotated[ScoreKind | None, Field(description="which judge failed, with reason")] = None
    reason: Annotated[Reason | None, Field(description="why there is no score")] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        has_scores = any(getattr(self, name) is not None for name in _OF_SCORES)
        has_failure = any(getattr(self, name) is not None for name in _OF_A_FAILURE)
        if has_scores and has_failure:
            raise ValueError("give scores, or kind and reason of a scoring failure; not both")
        if has_failure and (self.kind is None or self.reason is None):
            raise ValueError("a scoring failure has a kind and a reason")
        if has_failure and self.token is not None:
            raise ValueError("a scoring failure takes no token")
        if not has_failure and self.prompt_score is None and self.output_score is None:
            raise ValueError("give prompt_score, output_score or both")
        return self


async def run(call: CallContext, arguments: UpdateArguments) -> TaskAnswer:
    """Record the scores together, or the failure."""
    shared = given(arguments, "task_id", "scorer")
    if arguments.kind is not None:
        command = {"op": "record_scoring_failure", **shared, **given(arguments, *_OF_A_FAILURE)}
    else:
        command = {"op": "update", **shared, **given(arguments, *_OF_SCORES, "token")}
    status: PlanStatus = await call.execute(arguments.plan_id, command)
    decision = await call.registry.gate(arguments.plan_id)
    return TaskAnswer(**task_fields(status, decision, arguments.task_id))


TOOL = Tool(
    name="plan_update",
    description=(
        "Record a task's prompt score, output score or both at once; the output score ends the "
        "task and the gate judges the plan. Or record that a judge failed: kind and reason; "
        "never score 0 for that."
    ),
    arguments=UpdateArguments,
    answer=TaskAnswer,
    run=run,
    scope=Scope.PLANS_SCORE,
)
