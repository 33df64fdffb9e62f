"""Outcomes beside what was thought of the work before they came.

What counts of a task is its confidence in the version before the outcome; of one
that had left the plan by then, its confidence when it left. The newest outcome of a
task from a source takes the place of those before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from plangate.application.plan_log import Step
from plangate.domain.event_ids import event_id
from plangate.domain.events import OutcomeRecorded, touches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task was thought of at one moment; the confidence is None while it is unscored.

    `scored_by` is the id of the event that brought its latest score.
    """

    confidence: float | None
    passes: bool
    scored_by: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome, and how things stood just before it.

    `rolling_confidence` is None where nothing of the plan was scored.
    """

    plan_id: str
    task_id: str
    source: str
    event_id: str
    outcome: Outcome
    standing: Standing
    rolling_confidence: float | None


class Outcomes:
    """The outcomes of one plan that count, as its events go by."""

    def __init__(self) -> None:
        self._counting: dict[tuple[str, str], Told] = {}
        self._left: dict[str, Standing] = {}

    def note(self, step: Step) -> None:
        """Take in one more event."""
        before, event = step.before, step.recorded.event
        if isinstance(event, OutcomeRecorded):
            key = (event.task_id, event.source)
            self._counting.pop(key, None)  # so that they stay in the order of the log
            self._counting[key] = self._told(before, event, step.event_id)
        elif step.after.retired is not before.retired:
            for task_id in touches(event).task_ids:
                if task_id in before.tasks and task_id not in step.after.tasks:
                    self._left[task_id] = _standing(before, task_id)

    def counting(self) -> Iterable[Told]:
        """The newest outcome of each task and source, in the order in which they came."""
        return self._counting.values()

    def _told(self, before: Plan, event: OutcomeRecorded, name: str) -> Told:
        task_id = event.task_id
        return Told(
            plan_id=before.plan_id,
            task_id=task_id,
            source=event.source,
            event_id=name,
            outcome=event.outcome,
            standing=self._left.get(task_id) or _standing(before, task_id),
            rolling_confidence=before.rolling_confidence if any(before.scored()) else None,
        )


def _standing(plan: Plan, task_id: str) -> Standing:
    task = plan.tasks.get(task_id)
    if task is None:
        return Standing(None, passes=False, scored_by=None)
    judgements = (*task.output_judgements, *task.prompt_judgements)
    newest = max((given.version for given in judgements), default=None)
    return Standing(
        task.confidence(plan.policy),
        passes=plan.passes(task),
        scored_by=None if newest is None else event_id(plan.plan_id, newest),
    )
