"""The tool that decides recorded plans again under another policy."""

from typing import Annotated, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.replay.what_if import FinalState, PlanReplay
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import Identifier
from plangate.infrastructure.mcp.answers import Answer, clipped, rounded
from plangate.infrastructure.mcp.arguments import Arguments, Detail, shown_as
from plangate.infrastructure.mcp.fitting import fitting
from plangate.infrastructure.mcp.tool import CallContext, Tool

_POLICY = shown_as(
    ["string", "object"],
    f"preset {' or '.join(Preset)}, or fields to change, as {{'confidence_threshold': 0.8}}",
)


class WhatifArguments(Arguments):
    """Which plans to try under which policy."""

    policy: Annotated[str | dict[str, object], _POLICY]
    plan_ids: Annotated[
        tuple[Identifier, ...] | None, Field(max_length=1_000, description="without: all plans")
    ] = None
    detail: Detail = "brief"


class Side(Answer):
    """One side of the comparison: in how many plans the gate fired, and how often."""

    replanned: int
    replans: int
    warned: int
    missed: int
    false_alarms: int
    refused: int


class Ended(Answer):
    """A plan at the end of one history."""

    state: str
    rolling_confidence: float | None
    replans: int

    @classmethod
    def of(cls, end: FinalState) -> Self:
        """The end of a history."""
        confidence = rounded(end.rolling_confidence)
        return cls(state=end.state, rolling_confidence=confidence, replans=end.replan_count)


class Compared(Answer):
    """One plan under both policies."""

    plan_id: str
    goal: str | None
    changed: int
    recorded: Ended
    replayed: Ended

    @classmethod
    def of(cls, plan: PlanReplay) -> Self:
        """The comparison of one plan."""
        return cls(
            plan_id=plan.plan_id,
            goal=clipped(plan.goal, 80),
            changed=plan.changed,
            recorded=Ended.of(plan.recorded),
            replayed=Ended.of(plan.replayed),
        )


class WhatIf(Answer):
    """What would have been different; `changed` of `plans` plans.

    Of plans with a failure the gate `warned` in time or `missed` it.
    """

    why: str
    changed: int
    plans: int
    recorded: Side
    replayed: Side
    compared: tuple[Compared, ...]
    unfit: int


async def run(call: CallContext, arguments: WhatifArguments) -> WhatIf:
    """Decide the plans again."""
    found = await call.registry.replay.what_if(
        arguments.plan_ids, policy=arguments.policy, progress=call.progress
    )
    changed = [plan for plan in found.plans if plan.changed]
    few = len(found.plans) == 1 or arguments.detail == "full"
    recorded, replayed = found.recorded, found.replayed
    return WhatIf(
        why=(
            f"{len(changed)} of {len(found.plans)} plans would have been decided otherwise: "
            f"{replayed.replans} replans instead of {recorded.replans}."
        ),
        changed=len(changed),
        plans=len(found.plans),
        recorded=Side.model_validate(recorded, from_attributes=True),
        replayed=Side.model_validate(replayed, from_attributes=True),
        compared=fitting(map(Compared.of, changed or found.plans)) if few else (),
        unfit=len(found.unfit) + len(found.unreadable),
    )


TOOL = Tool(
    name="plan_whatif",
    description="What the gate would have decided under another policy. Records nothing.",
    arguments=WhatifArguments,
    answer=WhatIf,
    run=run,
    scope=Scope.PLANS_READ,
)
