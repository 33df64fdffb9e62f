"""What the gate did in one telling of a plan's history.

Moments are counted in output scores, since the gate speaks at nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from plangate.application.history.commands import RecordedCommand
from plangate.domain.events import PlanEvent, ReplanTriggered, TaskScored
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScoreKind


@dataclass(slots=True)
class Course:
    """How often the gate changed its verdict so far, and the score at which it first fired.

    The verdict is whether the rolling confidence is below the threshold, looked at after
    every command.
    """

    flips: int = 0
    replans: int = 0
    first_fired: int | None = None
    closed: bool = False

    def goes_on(self, plan: Plan, events: Iterable[PlanEvent], scores: int) -> bool:
        """One more command led to `plan`, after so many scores; whether the gate fired."""
        if plan.needs_replan is not self.closed:
            self.closed = plan.needs_replan
            self.flips += 1
        fired = any(isinstance(event, ReplanTriggered) for event in events)
        if fired:
            self.replans += 1
            if self.first_fired is None:
                self.first_fired = scores
        return fired


def scores_output(command: RecordedCommand) -> bool:
    """Whether the gate judged the plan at this command."""
    return any(
        isinstance(entry.event, TaskScored) and entry.event.kind is ScoreKind.OUTPUT
        for entry in command.events
    )
