"""Single histories of plans: when the gate fired, and whether work went on or was held.

Time is counted in output scores, the only events at which the gate gives a verdict.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from plangate.application.evidence.scored_results import (
    JudgedResult,
    ScoreMoment,
    scores_an_output,
)
from plangate.application.replay.event_diff import differences
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import RerunStep, Rules, rerun
from plangate.domain import events
from plangate.domain.errors import InvalidInput
from plangate.domain.plan import Plan


@dataclass(slots=True)
class PlanRun:
    """One history of a plan so far: its state, and what its gate did.

    `refused` of the `commands` were refused, and `assumed` of them come after the first one
    with another result than recorded. `flips` counts how often the gate tripped or opened.

    A firing is a `bell` if work can still be handed out after it: the policy only advises. It
    is a `stop` if from then on the gate holds all work: a replan is due under `gate: hold`, or
    it is one more than `max_replans` allows. A firing while work is held already is neither.
    """

    plan: Plan = field(default_factory=lambda: Plan(""))
    commands: int = 0
    refused: int = 0
    assumed: int = 0
    flips: int = 0
    bells: int = 0
    stops: int = 0
    first_fired: int | None = None
    differs: bool = False
    _held: bool = False
    _tripped_at: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, command: RecordedCommand) -> bool:
        """Add a command with its recorded result; return whether the gate fired."""
        return self._add(command, command.after, (entry.event for entry in command.events))

    def add_step(self, step: RerunStep, *, differs: bool) -> bool:
        """Add a command with its result under other rules, which may differ; likewise."""
        self.refused += step.is_refused
        self.assumed += self.differs
        self.differs = self.differs or differs
        return self._add(step.recorded, step.after, step.events)

    def lead(self, moment: ScoreMoment | None) -> int | None:
        """How many output scores before a moment the gate first fired; negative if after it.

        None if it never fired, or there is no such moment.
        """
        if moment is None or self.first_fired is None:
            return None
        return moment.scores - self.first_fired

    def was_tripped_at(self, result: JudgedResult) -> bool:
        """Whether the gate was tripped right after a result was scored."""
        return bool(self._tripped_at[result.score - 1])

    def _add(
        self, command: RecordedCommand, plan: Plan, decided: Iterable[events.PlanEvent]
    ) -> bool:
        self.flips += plan.gate.tripped is not self.plan.gate.tripped
        self.plan = plan
        self.commands += 1
        if scores_an_output(command):
            self._tripped_at.append(plan.gate.tripped)
        fired = any(type(event) is events.ReplanTriggered for event in decided)
        if fired:
            if self.first_fired is None:
                self.first_fired = len(self._tripped_at)
            self.bells += not plan.is_held
            self.stops += plan.is_held and not self._held
        if fired or self._held:
            self._held = plan.is_held
        return fired


def tried(history: Iterable[RecordedCommand], rules: Rules) -> PlanRun | InvalidInput:
    """One plan under other rules, or why its recorded policy contradicts them."""
    run = PlanRun()
    try:
        for step in rerun(history, rules):
            run.add_step(step, differs=not run.differs and is_different(step))
    except InvalidInput as contradiction:
        return contradiction
    return run


def is_different(step: RerunStep) -> bool:
    """Whether a command has another result than recorded."""
    recorded = [entry.event for entry in step.recorded.events]
    return next(differences(recorded, step.events), None) is not None
