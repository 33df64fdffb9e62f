"""What the gate did in one telling of a plan's history, and when the plan first went wrong.

Moments are counted in output scores, since the gate speaks at nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.domain.confidence import reaches
from plangate.domain.events import (
    OutcomeRecorded,
    PlanEvent,
    ReplanTriggered,
    TaskScored,
    TaskStatusChanged,
)
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus


def is_judged(command: RecordedCommand) -> bool:
    """Whether the gate spoke at this command: an output was scored."""
    return any(
        isinstance(entry.event, TaskScored) and entry.event.kind is ScoreKind.OUTPUT
        for entry in command.events
    )


@dataclass(slots=True)
class GateTrace:
    """How often the gate changed its verdict so far, and the score at which it first fired.

    The verdict after a command is whether the gate has tripped: it fired, and neither did
    the figure recover nor anybody answer.
    """

    flips: int = 0
    first_fired: int | None = None
    tripped: bool = False

    def add(self, plan: Plan, events: Iterable[PlanEvent], scores: int) -> bool:
        """One more command led to `plan`, after so many scores; whether the gate fired."""
        if plan.gate.tripped is not self.tripped:
            self.tripped = plan.gate.tripped
            self.flips += 1
        fired = any(isinstance(event, ReplanTriggered) for event in events)
        if fired and self.first_fired is None:
            self.first_fired = scores
        return fired


@dataclass(slots=True)
class FirstFailure:
    """How many output scores there were so far, and after how many a task first failed.

    A task fails when its result is rejected, when it is marked `failed` by hand, or when
    an output score settles it while its own confidence is below the plan's threshold,
    whatever the gate makes of the plan. That is looked up in what was recorded, so that
    it is the same moment whichever policy is tried.
    """

    scores: int = 0
    first: int | None = None
    event_id: str | None = None

    def add(self, command: RecordedCommand) -> None:
        """One more command was recorded."""
        self.scores += is_judged(command)
        if self.first is None and any(_fails(command.after, e.event) for e in command.events):
            self.first, self.event_id = self.scores, command.event_id

    def lead(self, trace: GateTrace) -> int | None:
        """How many output scores before the failure the gate fired; negative if after it.

        None where nothing failed, or the gate never fired.
        """
        if self.first is None or trace.first_fired is None:
            return None
        return self.first - trace.first_fired


def _fails(after: Plan, event: PlanEvent) -> bool:
    if isinstance(event, OutcomeRecorded):
        return event.outcome is Outcome.REJECTED
    if isinstance(event, TaskStatusChanged):
        return event.cause is StatusCause.MARKED and event.new is TaskStatus.FAILED
    if not isinstance(event, TaskScored) or not event.mark_done:
        return False
    task = after.tasks.get(event.task_id)
    confidence = None if task is None else task.confidence(after.policy)
    return confidence is not None and not reaches(confidence, after.policy.confidence_threshold)
