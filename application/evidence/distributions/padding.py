"""Watch for tasks that lift a plan because they are easy.

They are tasks that a revision added while the rolling confidence was below the threshold, or
hardly above it. Their first output scores are compared with those of the tasks planned before,
but for the one at which the gate fired last: without it, these might not have been added.
"""

from typing import Final

from plangate.application.evidence.distributions.plan_sample import AddedTasks
from plangate.application.evidence.finding import EventList
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import reaches, rolling_confidence
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScoreKind

_NEAR: Final = 0.1
"""So little above the threshold, the gate may fire at the next score."""


class Padding:
    """The tasks of one plan: added when it was low, and planned before."""

    def __init__(self) -> None:
        self._added: dict[str, str] = {}
        self._planned: set[str] = set()
        self._scores: dict[str, float] = {}
        self._fired_at: str | None = None
        self._because_of: set[str | None] = set()
        self._events = EventList()
        self._is_low = False
        self._lifted = False
        self._plan: Plan | None = None

    def created(self, event: events.PlanCreated) -> None:
        """The tasks planned from the start."""
        self._planned = {task.id for task in event.tasks}

    def revised(self, step: Step) -> None:
        """Remember how low the plan is when its revision begins."""
        limit = step.after.policy.confidence_threshold + _NEAR
        self._is_low = not reaches(step.after.rolling_confidence, limit)

    def added(self, step: Step, event: events.TaskAdded) -> None:
        """A task of this revision."""
        if self._is_low:
            self._added[event.task.id] = step.event_id
            self._because_of.add(self._fired_at)
        else:
            self._planned.add(event.task.id)

    def fired(self, event: events.ReplanTriggered) -> None:
        """A score was low enough for the gate to fire."""
        self._fired_at = event.task_id

    def scored(self, step: Step, event: events.TaskScored) -> None:
        """Keep the first output score of a task; see whether an added one lifted the plan."""
        self._plan = step.after
        if event.kind is not ScoreKind.OUTPUT:
            return
        addition = self._added.get(event.task_id)
        if addition is not None and event.task_id not in self._scores:
            self._events.add(addition, event.task_id)
        self._scores.setdefault(event.task_id, event.score)
        if addition is not None:
            self._events.add(step.event_id, event.task_id)
            self._lifted = self._lifted or self._is_lifted(step.after)

    def finish(self) -> AddedTasks | None:
        """What was added, if anything was and is scored."""
        added = tuple(self._scores[task] for task in self._added if task in self._scores)
        if not added:
            return None
        planned = tuple(
            score
            for task, score in self._scores.items()
            if task in self._planned and task not in self._because_of
        )
        lifted = self._lifted or (self._plan is not None and self._is_lifted(self._plan))
        return AddedTasks(added, planned, lifted, self._events.sort())

    def _is_lifted(self, plan: Plan) -> bool:
        """Whether the plan is at its threshold, and without the added tasks is not."""
        if plan.needs_replan:
            return False
        others = [c for task, c in plan.scored() if task.id not in self._added]
        without = rolling_confidence(others, plan.policy.decay)
        return not reaches(without, plan.policy.confidence_threshold)
