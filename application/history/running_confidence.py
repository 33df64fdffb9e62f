"""A plan's rolling confidence, kept at hand while its events pass by.

Working it out anew after every event would cost a pass over all tasks each time.
"""

from dataclasses import dataclass
from typing import Final, Self

from plangate.application.plan_log import Step
from plangate.domain.confidence import UNSCORED
from plangate.domain.events import touches
from plangate.domain.plan import Plan
from plangate.domain.recency_tree import ConfidenceTree, tree_of
from plangate.domain.task import Judgements

LARGE: Final = 200
"""Plans of so many tasks have their figure kept in a tree; it differs in the last bits at most."""


@dataclass(frozen=True, slots=True)
class RunningConfidence:
    """The rolling confidence after some event of a plan. A value: the next gives another one."""

    rolling_confidence: float = UNSCORED
    tree: ConfidenceTree | None = None

    def after(self, step: Step) -> Self:
        """The figure after one more step."""
        before, plan = step.before, step.after
        about = touches(step.recorded.event).task_ids
        reordered = plan.order is not before.order
        rejudged = [one for one in about if _judged(before, one) != _judged(plan, one)]
        if reordered and (rejudged or any(any(_judged(plan, one)) for one in about)):
            return type(self)(plan.rolling_confidence)
        if reordered:
            return type(self)(self.rolling_confidence)
        if not rejudged:
            return self
        if len(plan.order) < LARGE:
            return type(self)(plan.rolling_confidence)
        tree = self.tree or tree_of(before.order, before.tasks, before.policy)
        for one in rejudged:
            tree = tree.rescored(plan.task(one), plan.task(one).confidence(plan.policy))
        return type(self)(tree.rolling_confidence, tree)


def _judged(plan: Plan, task_id: str) -> tuple[Judgements, Judgements]:
    """The standing judgements of a task; none of one that is not in the plan."""
    task = plan.tasks.get(task_id)
    return (task.prompt_judgements, task.output_judgements) if task else ((), ())
