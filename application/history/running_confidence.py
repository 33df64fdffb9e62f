"""A plan's rolling confidence, updated event by event without a pass over all tasks."""

from dataclasses import dataclass
from typing import Final, Self

from plangate.application.plan_log import Step
from plangate.domain.confidence import UNSCORED
from plangate.domain.events import touches
from plangate.domain.judging import Judgements
from plangate.domain.plan import Plan
from plangate.domain.recency_tree import ConfidenceTree, tree_of

LARGE: Final = 200
"""Plans of this size use a tree, whose result differs in the last bits at most."""


@dataclass(frozen=True, slots=True)
class RunningConfidence:
    """The rolling confidence after one event of a plan, as an immutable value."""

    rolling_confidence: float = UNSCORED
    tree: ConfidenceTree | None = None

    def after(self, step: Step) -> Self:
        """The rolling confidence after one more step."""
        before, plan = step.before, step.after
        touched = touches(step.recorded.event).task_ids
        reordered = plan.order is not before.order
        rejudged = [
            task for task in touched if _judgements(before, task) != _judgements(plan, task)
        ]
        if reordered and (rejudged or any(any(_judgements(plan, task)) for task in touched)):
            return type(self)(plan.rolling_confidence)
        if reordered:
            return type(self)(self.rolling_confidence)
        if not rejudged:
            return self
        if len(plan.order) < LARGE:
            return type(self)(plan.rolling_confidence)
        tree = self.tree or tree_of(before.order, before.tasks, before.policy)
        for task_id in rejudged:
            task = plan.task(task_id)
            tree = tree.rescored(task, task.confidence(plan.policy))
        return type(self)(tree.rolling_confidence, tree)


def _judgements(plan: Plan, task_id: str) -> tuple[Judgements, Judgements]:
    """The current judgements of a task; none for one that is not in the plan."""
    task = plan.tasks.get(task_id)
    return (task.prompt_judgements, task.output_judgements) if task else ((), ())
