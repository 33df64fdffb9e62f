"""The page that shows the other history: what another policy would have made of the scores."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.numbers import confidence_text
from plangate.application.replay.summary import (
    NO_OUTCOMES,
    change_text,
    contradictions,
    ladder_columns,
    ladder_results,
    ladder_rows,
    lines,
    why_no_interval,
)
from plangate.application.replay.what_if import FinalState, PlanReplay, WhatIf
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import (
    AttemptScores,
    Gate,
    Judges,
    OutOfRange,
    Recency,
    ScarceEvidence,
)
from plangate.infrastructure.asgi.caller import KnownCaller, require
from plangate.infrastructure.asgi.waiting import while_awaited
from plangate.infrastructure.charts.other_history import other_history
from plangate.infrastructure.charts.other_policy import ladder_steps, price_and_gain
from plangate.infrastructure.dashboard.answers import READ, GivenRegistry, PageRoute, opened, page
from plangate.infrastructure.dashboard.fields import PAGE


@dataclass(frozen=True, slots=True)
class PolicyField:
    """A field of a policy in the form: a number, or one of some choices."""

    name: str
    label: str
    step: str | None = None
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> Any:
        """The value that was given; raises `InvalidInput`."""
        if self.choices == ("true", "false"):
            return text == "true"
        if self.choices:
            return text
        try:
            return int(text) if self.step == "1" else float(text)
        except ValueError:
            raise InvalidInput([Problem(self.name, f"{text!r} is not a number")]) from None


FIELDS: Final = (
    PolicyField("confidence_threshold", "Threshold", "any"),
    PolicyField("exit_threshold", "Exit threshold", "any"),
    PolicyField("decay", "Decay", "any"),
    PolicyField("prompt_weight", "Prompt weight", "any"),
    PolicyField("output_weight", "Output weight", "any"),
    PolicyField("min_scored", "Least scored tasks", "1"),
    PolicyField("consecutive_lows", "Low scores in a row", "1"),
    PolicyField("max_replans", "Most replans", "1"),
    PolicyField("order", "Most recent is", choices=tuple(Recency)),
    PolicyField("latch", "Fires once a trip", choices=("true", "false")),
    PolicyField("gate", "A due replan", choices=tuple(Gate)),
    PolicyField("attempt_scores", "Scores at a new attempt", choices=tuple(AttemptScores)),
    PolicyField("scarce_evidence", "With scarce evidence", choices=tuple(ScarceEvidence)),
    PolicyField("judges", "Several judges count by", choices=tuple(Judges)),
    PolicyField("min_judges", "Least judges of a task", "1"),
    PolicyField("out_of_range", "Scores out of range", choices=tuple(OutOfRange)),
)

_Line = tuple[str, str, str]


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The route of the page."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current = opened(registry)
    turn = asyncio.Lock()

    @router.api_route("/what-if", name="plangate_what_if", methods=READ)
    async def what_if(request: Request, who: Annotated[KnownCaller, Depends(caller)]) -> Response:
        require(who, Scope.PLANS_READ)
        given = {name: text.strip() for name, text in request.query_params.items() if text.strip()}
        plan_id = given.get("id")
        plan = None if plan_id is None else await current().get_status(plan_id)
        answer: WhatIf | None = None
        problems: Sequence[Problem] = ()
        try:
            tried = _policy(given)
            if tried:
                each = plan_id is not None or "ladder" in given
                answer = await in_turn(turn, request, current(), plan_id, tried, ladder=each)
        except InvalidInput as error:
            problems = error.problems
        one = answer.plans[0] if answer and plan and answer.plans else None
        return page(
            request,
            "what_if.html",
            status=422 if problems else 200,
            here="plans" if plan else "what-if",
            plan=plan,
            given=given,
            presets=tuple(Preset),
            fields=FIELDS,
            problems=problems,
            answer=answer,
            one=one,
            assumed=ASSUMED,
            rests=_rests(answer) if answer else "",
            lines=_lines(answer, one) if answer else (),
            truth=_truth(answer) if answer else "",
            changes=[(one.plans, change_text(one)) for one in answer.changes] if answer else (),
            ladder=_ladder(answer) if answer and len(answer.ladder or ()) > 1 else None,
            changed=_changed(one.recorded_policy, one.policy) if one else (),
            chart=other_history(one) if one else price_and_gain(answer) if answer else None,
            different=[p for p in answer.plans if p.changed] if answer and not one else (),
            listed=PAGE,
        )

    return router


async def in_turn(
    turn: asyncio.Lock,
    request: Request,
    registry: AsyncPlanRegistry,
    plan_id: str | None,
    tried: dict[str, Any],
    *,
    ladder: bool,
) -> WhatIf | None:
    """The other history. Those of all plans are made one at a time, and not for those who left."""
    if plan_id is not None:
        return await registry.replay.what_if(plan_id, policy=tried, ladder=ladder)
    async with turn:
        return await while_awaited(request, registry.replay.what_if(policy=tried, ladder=ladder))


def _policy(given: dict[str, str]) -> dict[str, Any]:
    """The policy to try, as the registry takes it."""
    tried: dict[str, Any] = {f.name: f.read(given[f.name]) for f in FIELDS if f.name in given}
    return {"preset": given["preset"], **tried} if "preset" in given else tried


def _rests(answer: WhatIf) -> str:
    return rests_on_them(answer.replayed.assumed, answer.replayed.commands)


def _truth(answer: WhatIf) -> str:
    """What the lines about results rest on."""
    if answer.replayed.rejections is None:
        return NO_OUTCOMES
    why = why_no_interval(answer.replayed)
    if why is not None:
        return f"Without intervals: {why}."
    return "In brackets: 95% intervals, from draws of whole works."


def _ladder(answer: WhatIf) -> dict[str, Any]:
    """What each changed field does, as a table."""
    return {
        "columns": ladder_columns(answer),
        "rows": list(ladder_rows(answer)),
        "results": ladder_results(answer),
        "contradictions": list(contradictions(answer)),
        "chart": ladder_steps(answer),
    }


def _changed(recorded: Policy, tried: Policy) -> list[_Line]:
    """The fields in which the policies differ, and both values."""
    pairs = [(name, getattr(recorded, name), getattr(tried, name)) for name in Policy.model_fields]
    return [(name, _shown(one), _shown(other)) for name, one, other in pairs if one != other]


def _lines(answer: WhatIf, one: PlanReplay | None) -> Sequence[_Line]:
    """What happened, beside what would have."""
    if one is not None:
        return _of_plan(one.recorded, one.replayed, one)
    return list(lines(answer.recorded, answer.replayed))


def _of_plan(recorded: FinalState, replayed: FinalState, plan: PlanReplay) -> list[_Line]:
    return [
        ("state at the end", recorded.state, replayed.state),
        (
            "confidence at the end",
            confidence_text(recorded.rolling_confidence, recorded.scored),
            confidence_text(replayed.rolling_confidence, replayed.scored),
        ),
        ("times the gate fired", str(recorded.replan_count), str(replayed.replan_count)),
        ("bells: it fired, and work could go on", str(recorded.bells), str(replayed.bells)),
        ("stops: from then on it held all work", str(recorded.stops), str(replayed.stops)),
        ("changes of its verdict", str(recorded.flips), str(replayed.flips)),
        *_lead(recorded, replayed, plan),
        ("inputs without effect", "0", str(len(plan.lost))),
    ]


def _lead(recorded: FinalState, replayed: FinalState, plan: PlanReplay) -> list[_Line]:
    if plan.first_rejection is not None:
        what = "output scores before the first rejected result"
        return [(what, _shown(recorded.lead_of_rejection), _shown(replayed.lead_of_rejection))]
    if plan.first_low is not None:
        what = "output scores before the first result below the recorded threshold"
        return [(what, _shown(recorded.lead_of_low), _shown(replayed.lead_of_low))]
    return []


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
