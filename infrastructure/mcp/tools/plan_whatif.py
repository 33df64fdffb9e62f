"""The tool that decides recorded plans again under another policy."""

from typing import Annotated, Final, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.replay.assumptions import ASSUMED, rests_on_them
from plangate.application.replay.summary import change_text
from plangate.application.replay.totals import Totals
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


_CHANGES: Final = 5
"""How many ways in which recorded policies are changed are listed."""


class WhatifArguments(Arguments):
    """Which plans to try under which policy."""

    policy: Annotated[str | dict[str, object], _POLICY]
    plan_ids: Annotated[
        tuple[Identifier, ...] | None, Field(max_length=1_000, description="without: all plans")
    ] = None
    detail: Detail = "brief"


class Side(Answer):
    """One side of the comparison: in how many plans the gate fired, and how often.

    `bells` let work go on, `stops` held it. With recorded outcomes: of the plans with a
    rejected result the gate `warned` in time or `missed` it; false alarms are in others.
    """

    replanned: int
    replans: int
    bells: int
    stops: int
    refused: int
    warned: int | None
    missed: int | None
    false_alarms: int | None

    @classmethod
    def of(cls, totals: Totals) -> Self:
        """One side's totals."""
        found = totals.rejections
        return cls(
            replanned=totals.replanned,
            replans=totals.replans,
            bells=totals.bells,
            stops=totals.stops,
            refused=totals.refused,
            warned=None if found is None else found.warned,
            missed=None if found is None else found.missed,
            false_alarms=None if found is None else found.false_alarms,
        )


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

    What is replayed rests on the assumptions.
    """

    why: str
    assumed: str
    changes: tuple[str, ...]
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
        assumed=f"{ASSUMED} {rests_on_them(replayed.assumed, replayed.commands)}",
        changes=tuple(map(change_text, found.changes[:_CHANGES])),
        changed=len(changed),
        plans=len(found.plans),
        recorded=Side.of(recorded),
        replayed=Side.of(replayed),
        compared=fitting(map(Compared.of, changed or found.plans)) if few else (),
        unfit=len(found.unfit) + len(found.unreadable),
    )


TOOL = Tool(
    name="plan_whatif",
    description=(
        f"What the gate would have decided under another policy. Records nothing. {ASSUMED}"
    ),
    arguments=WhatifArguments,
    answer=WhatIf,
    run=run,
    scope=Scope.PLANS_READ,
)
