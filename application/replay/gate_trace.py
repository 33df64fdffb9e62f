"""Trace one history: when the gate fired, how often its verdict changed, when a task first failed.

Time is counted in output scores, the only events at which the gate gives a verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus


def scores_an_output(command: RecordedCommand) -> bool:
    """Whether an output was scored, so that the gate gave a verdict."""
    return any(
        isinstance(entry.event, events.TaskScored) and entry.event.kind is ScoreKind.OUTPUT
        for entry in command.events
    )


@dataclass(slots=True)
class GateTrace:
    """How often the gate tripped or opened so far, and the output score at which it first fired."""

    flips: int = 0
    first_fired: int | None = None
    tripped: bool = False

    def add(self, plan: Plan, decided: Iterable[events.PlanEvent], scores: int) -> bool:
        """Add a command that led to `plan` after so many scores; return whether the gate fired."""
        if plan.gate.tripped is not self.tripped:
            self.tripped = plan.gate.tripped
            self.flips += 1
        fired = any(isinstance(event, events.ReplanTriggered) for event in decided)
        if fired and self.first_fired is None:
            self.first_fired = scores
        return fired


@dataclass(slots=True)
class FirstFailure:
    """How many outputs were scored so far, and after how many of them a task first failed.

    A task fails when its result is rejected, when it is marked `failed` by hand, or when an
    output score settles it while its own confidence is below the plan's threshold. Only
    recorded events count, so the failure is the same for every policy that is tried.
    """

    scores: int = 0
    first: int | None = None
    event_id: str | None = None

    def add(self, command: RecordedCommand) -> None:
        """Add the next recorded command."""
        self.scores += scores_an_output(command)
        failed = next((e for e in command.events if _fails(command.after, e.event)), None)
        if self.first is None and failed is not None:
            self.first, self.event_id = self.scores, failed.envelope.event_id

    def lead(self, trace: GateTrace) -> int | None:
        """How many output scores before the failure the gate fired; negative if after it.

        None if nothing failed or the gate never fired.
        """
        if self.first is None or trace.first_fired is None:
            return None
        return self.first - trace.first_fired


def _fails(after: Plan, event: events.PlanEvent) -> bool:
    if isinstance(event, events.OutcomeRecorded):
        return event.outcome is Outcome.REJECTED
    if isinstance(event, events.TaskStatusChanged):
        return event.cause is StatusCause.MARKED and event.new is TaskStatus.FAILED
    if not isinstance(event, events.TaskScored) or not event.mark_done:
        return False
    task = after.tasks.get(event.task_id)
    confidence = None if task is None else task.confidence(after.policy)
    return confidence is not None and not reaches(confidence, after.policy.confidence_threshold)
