"""What recorded plans show: under other policies, about the judging, and against the rules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field, Strict
from starlette.responses import Response

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibration import Calibration, Confidence
from plangate.application.evidence.cases import Grouping
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.gate_worth import Cost
from plangate.application.json_pointers import steps_of
from plangate.application.replay.check import CheckReport
from plangate.application.replay.folds import By
from plangate.application.replay.policy_grid import MAX_POLICIES
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.tune import MAX_FOLDS, Tuning
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.assumptions import states_assumptions
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.presets import GivenPolicy, Preset
from plangate.infrastructure.http.bodies import as_given, valid
from plangate.infrastructure.http.exchange import Given
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import Amount, NoneAllowed, PlanId, Whole
from plangate.infrastructure.http.problems import GIVEN_UP

group = Group("analysis", GIVEN_UP)


_Policy = Annotated[Any, as_given(GivenPolicy)]
_Grid = Annotated[Any, as_given(dict[str, list[float | int | str]])]
_PlanIds = Annotated[tuple[str, ...], Field(min_length=1, max_length=1_000)] | None
_GivenSeed = Annotated[int, Strict(), Field(ge=0)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """What is given; what may be left out is not given where it is null."""
        fields = type(self).model_fields
        found = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value
            for name, value in found.items()
            if value is not None or fields[name].is_required()
        }


class WhatIfBody(_Body):
    """The policy to try: a whole one, a preset's name, or the fields to change in each plan's.

    With a `ladder` each changed field is also tried alone, and with those before it.
    """

    policy: _Policy
    ladder: Annotated[bool, Strict()] = False


class SweepBody(_Body):
    """The values to try for fields of a policy; other fields are `policy`'s or each plan's."""

    grid: _Grid
    policy: _Policy | None = None
    plan_ids: _PlanIds = None


class AgreementBody(_Body):
    """Policies to try beside the usual ones, by their names; all plans unless some are named."""

    policies: Annotated[dict[str, _Policy], Field(max_length=20)] | None = None
    plan_ids: _PlanIds = None
    seed: _GivenSeed = 0


class TuneBody(_Body):
    """What is bad, the values to try and the policy for other fields, and how folds are made."""

    truth: Annotated[str, Field(description="`outcomes`, or `repeats:CUT`.")] = "outcomes"
    grid: _Grid | None = None
    tries: Annotated[int, Strict(), Field(ge=1, le=MAX_POLICIES)] | None = None
    policy: _Policy | None = None
    by: By = By.GOAL
    folds: Annotated[int, Strict(), Field(ge=2, le=MAX_FOLDS)] = 5
    cost: Cost | None = None
    seed: _GivenSeed = 0
    plan_ids: _PlanIds = None


_WhatIf = Annotated[
    WhatIfBody,
    valid(WhatIfBody),
    Body(examples=[{"policy": "steady"}, {"policy": {"confidence_threshold": 0.6}}]),
]
_Sweep = Annotated[
    SweepBody,
    valid(SweepBody),
    Body(examples=[{"grid": {"confidence_threshold": [0.5, 0.6, 0.7]}, "policy": "steady"}]),
]
_Agreement = Annotated[
    AgreementBody,
    valid(AgreementBody),
    Body(examples=[{"policies": {"strict": {"preset": "steady", "confidence_threshold": 0.7}}}]),
]
_Tune = Annotated[
    TuneBody,
    valid(TuneBody),
    Body(examples=[{"truth": "repeats:0.5"}, {"cost": {"missed": 5, "stopped": 1}}]),
]
_Cost = Annotated[Amount | NoneAllowed, Query(description="A cost, in any unit; both or neither.")]
_Seed = Annotated[Whole, Query(description="The seed of random draws.")]


@group.query("/plans/{plan_id}/what-if", WhatIf, method="POST", refuses=[PlanNotFound])
@states_assumptions
async def try_policy_on_plan(plan_id: PlanId, body: _WhatIf, given: Given) -> Response:
    """Decide the plan's recorded commands again under another policy; nothing is recorded."""
    with _located(body):
        return await given.computed(given.registry.replay.what_if(plan_id, **body.given()))


@group.query("/what-if", WhatIf, method="POST")
@states_assumptions
async def try_policy(body: _WhatIf, given: Given) -> Response:
    """Decide the recorded commands of all plans again under another policy."""
    with _located(body):
        return await given.computed(given.registry.replay.what_if(**body.given()))


@group.query("/sweep", Sweep, method="POST", refuses=[PlanNotFound])
@states_assumptions
async def sweep_policies(body: _Sweep, given: Given) -> Response:
    """Compare the totals of plans under every policy of a grid; nothing is recorded."""
    with _located(body):
        return await given.computed(given.registry.replay.sweep(**{"policy": {}, **body.given()}))


@group.query("/tune", Tuning, method="POST", refuses=[PlanNotFound, AnalysisMissing])
@states_assumptions
async def tune_policy(body: _Tune, given: Given) -> Response:
    """Choose a policy by what it does on plans that it was not chosen by; nothing is recorded."""
    with _located(body):
        return await given.computed(given.registry.replay.tune(**body.given()))


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
@states_assumptions
async def compare_judges(body: _Agreement, given: Given) -> Response:
    """Find out how far judges agree, and how often the gate's verdict would differ."""
    return await given.computed(given.registry.evidence.agreement(**body.given()))


@contextmanager
def _located(body: _Body) -> Iterator[None]:
    """Say of the fields of a policy where in the body they are."""
    try:
        yield
    except InvalidInput as refused:
        known = {*type(body).model_fields, "plan_id"}
        given = getattr(body, "grid", None)
        grid = given if isinstance(given, Mapping) else {}

        def located(one: Problem) -> Problem:
            field = one.field.removeprefix("policy").lstrip(".")
            name = next(iter(steps_of(field)), "")
            if name in known:
                return one
            within = "grid" if name in grid else "policy"
            return Problem(f"{within}.{field}".rstrip("."), one.message)

        raise InvalidInput(list(map(located, refused.problems))) from None
