"""Traces of single histories: when the gate fired, how often it rang, how often it stopped work.

Time is counted in output scores, the only events at which the gate gives a verdict.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from plangate.application.replay.failures import JudgedResult, ScoreMoment
from plangate.domain import events
from plangate.domain.plan import Plan


@dataclass(slots=True)
class GateTrace:
    """How often the gate tripped or opened so far, and the output score at which it first fired.

    A firing is a `bell` if work can still be handed out after it: the policy only advises. It
    is a `stop` if from then on the gate holds all work: a replan is due under `gate: hold`, or
    it is one more than `max_replans` allows. A firing while work is held already is neither.
    """

    flips: int = 0
    first_fired: int | None = None
    tripped: bool = False
    bells: int = 0
    stops: int = 0
    _held: bool = False
    _tripped_at: "array[int]" = field(default_factory=lambda: array("b", [0]))

    def add(self, plan: Plan, decided: Iterable[events.PlanEvent], scores: int) -> bool:
        """Add a command that led to `plan` after so many scores; return whether the gate fired."""
        if plan.gate.tripped is not self.tripped:
            self.tripped = plan.gate.tripped
            self.flips += 1
        if scores == len(self._tripped_at):  # it scored an output
            self._tripped_at.append(self.tripped)
        fired = False
        for event in decided:
            fired = fired or type(event) is events.ReplanTriggered
        if fired:
            if self.first_fired is None:
                self.first_fired = scores
            self.bells += not plan.is_held
            self.stops += plan.is_held and not self._held
        if fired or self._held:
            self._held = plan.is_held
        return fired

    def lead(self, moment: ScoreMoment | None) -> int | None:
        """How many output scores before a moment the gate first fired; negative if after it.

        None if it never fired, or there is no such moment.
        """
        if moment is None or self.first_fired is None:
            return None
        return moment.scores - self.first_fired

    def was_tripped_at(self, result: JudgedResult) -> bool:
        """Whether it was tripped right after a result was scored."""
        return bool(self._tripped_at[result.score])


@dataclass(slots=True)
class PlanRun:
    """One history of a plan: its final state and its gate.

    `assumed` of its commands come after the first one with another result than recorded.
    """

    plan: Plan
    trace: GateTrace
    commands: int
    refused: int = 0
    assumed: int = 0
