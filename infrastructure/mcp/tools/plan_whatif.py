"""The tool that decides recorded plans again under another policy."""

from typing import Annotated, Any, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.replay.summary import change_text
from plangate.application.replay.totals import Rejections, Totals
from plangate.application.replay.what_if import FinalState, PlanReplay
from plangate.application.replay.what_if import WhatIf as Replayed
from plangate.application.rerun.assumptions import ASSUMED, IN_SHORT, rests_on_them
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import Identifier
from plangate.infrastructure.mcp.answers import Answer, clipped, judged
from plangate.infrastructure.mcp.arguments import Arguments, Detail, shown_as
from plangate.infrastructure.mcp.fitting import fitting
from plangate.infrastructure.mcp.tool import CallContext, Tool

_POLICY = shown_as(
    ["string", "object"],
    f"preset {' or '.join(Preset)}, or fields to change, as {{'confidence_threshold': 0.8}}",
)


class WhatifArguments(Arguments):
    """Which plans to try under which policy."""

    policy: Annotated[Any, _POLICY]
    plan_ids: Annotated[
        tuple[Identifier, ...] | None, Field(max_length=1_000, description="without: all plans")
    ] = None
    detail: Detail = "brief"


class Side(Answer):
    """One side of the comparison: in how many plans the gate fired, and how often.

    `bells` let work go on, `stops` held it. `outcomes` say whether it was right.
    """

    replanned: int
    replans: int
    bells: int
    stops: int
    refused: int
    outcomes: str | None

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
            outcomes=None if found is None else _outcomes(found),
        )


def _outcomes(found: Rejections) -> str:
    return (
        f"of {found.plans} plans with a rejected result: warned {found.warned},"
        f" late {found.late}, missed {found.missed};"
        f" fired in {found.false_alarms} of {found.others} others"
    )


class Ended(Answer):
    """A plan at the end of one history."""

    state: str
    rolling_confidence: float | None
    replans: int

    @classmethod
    def of(cls, end: FinalState) -> Self:
        """The end of a history."""
        confidence = judged(end.rolling_confidence, end.scored)
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
            f"{replayed.replans} replans instead of {recorded.replans}.{_changes(found)}"
        ),
        assumed=f"{ASSUMED} {rests_on_them(replayed.assumed, replayed.commands)}",
        changed=len(changed),
        plans=len(found.plans),
        recorded=Side.of(recorded),
        replayed=Side.of(replayed),
        compared=fitting(map(Compared.of, changed or found.plans)) if few else (),
        unfit=len(found.unfit) + len(found.unreadable),
    )


def _changes(found: Replayed) -> str:
    """What is changed in the policies of the most plans."""
    most = next(iter(found.changes), None)
    return f" Changed: {change_text(most)}." if most and most.fields else ""


TOOL = Tool(
    name="plan_whatif",
    description=f"The gate under another policy. {IN_SHORT}",
    arguments=WhatifArguments,
    answer=WhatIf,
    run=run,
    scope=Scope.PLANS_READ,
)
