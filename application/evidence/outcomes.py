"""Recorded outcomes, each with the assessment of its task before it came.

The assessment is that of the version before the outcome, or of the version before the task
left the plan. A newer outcome of a task from the same source replaces the older one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from plangate.application.plan_log import Step
from plangate.domain.event_ids import event_id
from plangate.domain.events import OutcomeRecorded, touches
from plangate.domain.plan import Plan
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Assessment:
    """A task's confidence at one version, None while it is unscored, and whether it passes.

    `scored_by` is the id of the event with its latest score.
    """

    confidence: float | None
    passes: bool
    scored_by: str | None


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """An outcome, and the assessment before it.

    `rolling_confidence` is the plan's before it, None if nothing was scored.
    """

    task_id: str
    source: str
    event_id: str
    outcome: Outcome
    assessment: Assessment
    rolling_confidence: float | None


class Outcomes:
    """The newest outcomes of one plan, updated event by event."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], RecordedOutcome] = {}
        self._left: dict[str, Assessment] = {}

    def add(self, step: Step) -> None:
        """Add the plan's next event."""
        before, event = step.before, step.recorded.event
        if isinstance(event, OutcomeRecorded):
            key = (event.task_id, event.source)
            self._newest.pop(key, None)  # so that they stay in the order of the log
            self._newest[key] = RecordedOutcome(
                task_id=event.task_id,
                source=event.source,
                event_id=step.event_id,
                outcome=event.outcome,
                assessment=self._left.get(event.task_id) or _assessment(before, event.task_id),
                rolling_confidence=(
                    before.rolling_confidence if before.traits.count(Trait.SCORED) else None
                ),
            )
        elif step.after.retired is not before.retired:
            for task_id in touches(event).task_ids:
                if task_id in before.tasks and task_id not in step.after.tasks:
                    self._left[task_id] = _assessment(before, task_id)

    def newest(self) -> Iterable[RecordedOutcome]:
        """The newest outcome of each task and source, in the order of the log."""
        return self._newest.values()


def _assessment(plan: Plan, task_id: str) -> Assessment:
    task = plan.tasks.get(task_id)
    if task is None:
        return Assessment(None, passes=False, scored_by=None)
    judgements = (*task.output_judgements, *task.prompt_judgements)
    newest = max((judgement.version for judgement in judgements), default=None)
    return Assessment(
        task.confidence(plan.policy),
        passes=plan.passes(task),
        scored_by=None if newest is None else event_id(plan.plan_id, newest),
    )
