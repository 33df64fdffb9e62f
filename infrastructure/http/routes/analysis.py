"""What recorded plans show: under other policies, about the judging, and against the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibration import Calibration, Confidence
from plangate.application.evidence.cases import Grouping
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.gate_worth import Cost
from plangate.application.replay.assumptions import states_assumptions
from plangate.application.replay.check import CheckReport
from plangate.application.replay.folds import By
from plangate.application.replay.policy_grid import MAX_POLICIES
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.tune import MAX_FOLDS, Tuning
from plangate.application.replay.what_if import WhatIf
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy, Preset
from plangate.infrastructure.http.bodies import Fields, fields_of
from plangate.infrastructure.http.exchange import Given
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import Amount, NoneAllowed, PlanId, Whole
from plangate.infrastructure.http.problems import GIVEN_UP

group = Group("analysis", GIVEN_UP)


class WhatIfBody(BaseModel):
    """The policy to try: a whole one, a preset's name, or the fields to change in each plan's.

    With a `ladder` each changed field is also tried alone, and with those before it.
    """

    model_config = ConfigDict(extra="forbid")

    policy: GivenPolicy
    ladder: bool = False


class SweepBody(BaseModel):
    """The values to try for fields of a policy; other fields are `policy`'s or each plan's."""

    model_config = ConfigDict(extra="forbid")

    grid: dict[str, list[float | int | str]]
    policy: GivenPolicy | None = None
    plan_ids: list[str] | None = Field(default=None, min_length=1, max_length=1_000)


class AgreementBody(BaseModel):
    """Policies to try beside the usual ones, by their names; all plans unless some are named."""

    model_config = ConfigDict(extra="forbid")

    policies: dict[str, GivenPolicy] | None = Field(default=None, max_length=20)
    plan_ids: list[str] | None = Field(default=None, min_length=1, max_length=1_000)
    seed: int = Field(default=0, ge=0)


class TuneBody(BaseModel):
    """What is bad, the values to try and the policy for other fields, and how folds are made."""

    model_config = ConfigDict(extra="forbid")

    truth: Annotated[str, Field(description="`outcomes`, or `repeats:CUT`.")] = "outcomes"
    grid: dict[str, list[float | int | str]] | None = None
    tries: int | None = Field(default=None, ge=1, le=MAX_POLICIES)
    policy: GivenPolicy | None = None
    by: By = By.GOAL
    folds: int = Field(default=5, ge=2, le=MAX_FOLDS)
    cost: Cost | None = None
    seed: int = Field(default=0, ge=0)
    plan_ids: list[str] | None = Field(default=None, min_length=1, max_length=1_000)


_WhatIf = Annotated[
    Fields,
    fields_of(WhatIfBody),
    Body(examples=[{"policy": "steady"}, {"policy": {"confidence_threshold": 0.6}}]),
]
_Sweep = Annotated[
    Fields,
    fields_of(SweepBody),
    Body(examples=[{"grid": {"confidence_threshold": [0.5, 0.6, 0.7]}, "policy": "steady"}]),
]
_Agreement = Annotated[
    Fields,
    fields_of(AgreementBody),
    Body(examples=[{"policies": {"strict": {"preset": "steady", "confidence_threshold": 0.7}}}]),
]
_Tune = Annotated[
    Fields,
    fields_of(TuneBody),
    Body(examples=[{"truth": "repeats:0.5"}, {"cost": {"missed": 5, "stopped": 1}}]),
]
_Cost = Annotated[Amount | NoneAllowed, Query(description="A cost, in any unit; both or neither.")]
_Seed = Annotated[Whole, Query(description="The seed of random draws.")]


@group.query("/plans/{plan_id}/what-if", WhatIf, method="POST", refuses=[PlanNotFound])
@states_assumptions
async def try_policy_on_plan(plan_id: PlanId, body: _WhatIf, given: Given) -> Response:
    """Decide the plan's recorded commands again under another policy; nothing is recorded."""
    with _of_policy():
        policy, ladder = _required(body, "policy"), body.get("ladder", False)
        asked = given.registry.replay.what_if(plan_id, policy=policy, ladder=ladder)
        return await given.computed(asked)


@group.query("/what-if", WhatIf, method="POST")
@states_assumptions
async def try_policy(body: _WhatIf, given: Given) -> Response:
    """Decide the recorded commands of all plans again under another policy."""
    with _of_policy():
        policy, ladder = _required(body, "policy"), body.get("ladder", False)
        return await given.computed(given.registry.replay.what_if(policy=policy, ladder=ladder))


@group.query("/sweep", Sweep, method="POST", refuses=[PlanNotFound])
@states_assumptions
async def sweep_policies(body: _Sweep, given: Given) -> Response:
    """Compare the totals of plans under every policy of a grid; nothing is recorded."""
    base = {} if body.get("policy") is None else body["policy"]
    with _of_policy():
        grid, plan_ids = _required(body, "grid"), body.get("plan_ids")
        return await given.computed(given.registry.replay.sweep(grid, plan_ids, policy=base))


@group.query("/tune", Tuning, method="POST", refuses=[PlanNotFound, AnalysisMissing])
@states_assumptions
async def tune_policy(body: _Tune, given: Given) -> Response:
    """Choose a policy by what it does on plans that it was not chosen by; nothing is recorded."""
    asked = {name: value for name, value in body.items() if value is not None}
    with _of_policy():
        plan_ids = asked.pop("plan_ids", None)
        return await given.computed(given.registry.replay.tune(plan_ids, **asked))


@group.query("/plans/{plan_id}/check", CheckReport, refuses=[PlanNotFound])
async def check_plan(plan_id: PlanId, given: Given) -> Response:
    """Decide the plan's recorded commands again under its own policy, and report differences."""
    return await given.computed(given.registry.replay.check(plan_id))


@group.query("/check", CheckReport)
async def check_plans(given: Given) -> Response:
    """Decide every recorded command again under its own policy, and report differences."""
    return await given.computed(given.registry.replay.check())


@group.query("/plans/{plan_id}/findings", FindingsReport, refuses=[PlanNotFound])
async def review_plan(plan_id: PlanId, given: Given) -> Response:
    """Review the plan's scores, and list what to look at."""
    return await given.computed(given.registry.evidence.findings(plan_id))


@group.query("/findings", FindingsReport)
async def review_plans(given: Given) -> Response:
    """Review the scores of all plans, and list what to look at."""
    return await given.computed(given.registry.evidence.findings())


@group.query("/calibration", Calibration, refuses=[AnalysisMissing])
async def calibrate(
    given: Given,
    *,
    confidence: Confidence = Confidence.TASK,
    by: Annotated[Grouping | NoneAllowed, Query(description="What to separate.")] = None,
    policy: Annotated[
        Preset | NoneAllowed,
        Query(description="The name of a policy to try; without one, each plan's own."),
    ] = None,
    missed: _Cost = None,
    stopped: _Cost = None,
    seed: _Seed = 0,
) -> Response:
    """Find out whether low confidence predicts rejection, and what the gate stops of it.

    With `missed` and `stopped`, what it costs to miss a result that is rejected later and to
    stop a good one, it says what each threshold would have cost.
    """
    cost = {"missed": missed, "stopped": stopped}
    given_cost = {name: value for name, value in cost.items() if value is not None}
    asked = given.registry.evidence.calibrate(
        confidence=confidence,
        by=by,
        policy={} if policy is None else policy,
        cost=given_cost or None,
        seed=seed,
    )
    return await given.computed(asked)


@group.query("/agreement", Agreement, method="POST", refuses=[AnalysisMissing, PlanNotFound])
async def compare_judges(body: _Agreement, given: Given) -> Response:
    """Find out how far judges agree, and how often the gate's verdict would differ."""
    asked = given.registry.evidence.agreement(
        body.get("plan_ids"), policies=body.get("policies") or {}, seed=body.get("seed", 0)
    )
    return await given.computed(asked)


def _required(body: Fields, name: str) -> Any:
    if name not in body:
        raise InvalidInput([Problem(name, "is required")])
    return body[name]


@contextmanager
def _of_policy() -> Iterator[None]:
    """Say of a policy's fields that they are in the policy."""
    try:
        yield
    except InvalidInput as refused:
        if all(one.field in Policy.model_fields for one in refused.problems):
            problems = [Problem(f"policy.{one.field}", one.message) for one in refused.problems]
            raise InvalidInput(problems) from None
        raise
