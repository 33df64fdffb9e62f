"""The tool that lists plans."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.views.plan_summaries import PlanOrder, PlanSummary
from plangate.domain.vocabulary import Labels, Title, Verdict
from plangate.infrastructure.mcp.answers import Answer, clipped, judged
from plangate.infrastructure.mcp.arguments import Page, given
from plangate.infrastructure.mcp.fitting import page
from plangate.infrastructure.mcp.tool import CallContext, Tool


class ListArguments(Page):
    """Which plans to list."""

    verdict: Verdict | None = None
    text: Annotated[Title | None, Field(description="words in goal or titles")] = None
    labels: Labels = ()
    order: PlanOrder | None = None


class PlanLine(Answer):
    """A plan in one line; `done` of `tasks`."""

    plan_id: str
    goal: str | None
    verdict: str
    rolling_confidence: float | None
    threshold: float
    done: int
    tasks: int
    next_task_id: str | None

    @classmethod
    def of(cls, plan: PlanSummary) -> Self:
        """The line of a plan."""
        return cls(
            plan_id=plan.plan_id,
            goal=clipped(plan.goal, 100),
            verdict=plan.verdict,
            rolling_confidence=judged(plan.rolling_confidence, plan.scored),
            threshold=plan.confidence_threshold,
            done=plan.done,
            tasks=plan.task_count,
            next_task_id=plan.next_task_id,
        )


class Plans(Answer):
    """Plans, page by page."""

    plans: tuple[PlanLine, ...]
    next_after: str | None


async def run(call: CallContext, arguments: ListArguments) -> Plans:
    """List the plans."""
    filters = given(arguments, "verdict", "text", "labels", "order")

    async def ask(limit: int) -> tuple[Sequence[PlanSummary], str | None]:
        found = await call.registry.views.plans(**filters, limit=limit, after=arguments.after)
        return found.plans, found.next

    plans, following = await page(ask, arguments.limit, PlanLine.of)
    return Plans(plans=plans, next_after=following)


TOOL = Tool(
    name="plan_list",
    description="Plans with their verdicts, by filters.",
    arguments=ListArguments,
    answer=Plans,
    run=run,
    scope=Scope.PLANS_READ,
)
