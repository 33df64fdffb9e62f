"""Traces of single histories, and totals over several plans, to compare policies by.

A trace says when the gate fired, how often it rang and how often it stopped the work. Time
is counted in output scores, the only events at which the gate gives a verdict.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from plangate.application.replay.failures import Failures, Moment
from plangate.application.results import Result
from plangate.domain import events
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, TaskStatus


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

    def add(self, plan: Plan, decided: Iterable[events.PlanEvent], scores: int) -> bool:
        """Add a command that led to `plan` after so many scores; return whether the gate fired."""
        if plan.gate.tripped is not self.tripped:
            self.tripped = plan.gate.tripped
            self.flips += 1
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

    def lead(self, moment: Moment | None) -> int | None:
        """How many output scores before a moment the gate first fired; negative if after it.

        None if it never fired, or there is no such moment.
        """
        if moment is None or self.first_fired is None:
            return None
        return moment.scores - self.first_fired


@dataclass(slots=True)
class Run:
    """One history of a plan: its final state and its gate.

    `assumed` of its commands come after the first one with another result than recorded.
    """

    plan: Plan
    trace: GateTrace
    commands: int
    refused: int = 0
    assumed: int = 0


class Rejections(Result):
    """The gate beside recorded outcomes; plans without an outcome are not counted.

    In `plans` plans a result was rejected in the end. In `warned` of them the gate first
    fired no later than this result was scored, on average `lead` output scores earlier; in
    `late` only after it; in `missed` never. Of the `others`, of which every outcome is
    accepted, it fired in `false_alarms`.
    """

    plans: int
    warned: int
    late: int
    missed: int
    lead: float | None
    others: int
    false_alarms: int


class BelowThreshold(Result):
    """The gate beside the recorded threshold: what the judge said, not what became of it.

    In `plans` plans a score settled a task below the plan's recorded threshold. The gate
    fired in `fired` of them, and in `others_fired` of the `others`.
    """

    plans: int
    fired: int
    others: int
    others_fired: int


def _mixed(what: str) -> Any:
    text = f"{what} A failure here is a rejected result, a task marked `failed`, or a score below"
    about = f"{text} the recorded threshold, alike. Read `rejections` instead."
    return Field(description=about, json_schema_extra={"deprecated": True})


class Totals(Result):
    """Totals over `plans` plans under one policy.

    `assumed` of their `commands` come after the first difference of their plan: what is said
    of them rests on the assumptions. `replans` counts how often gates fired, `bells` how
    often work could go on all the same, `stops` how often a gate began to hold it.
    `replanned`: plans in which the gate fired; `stopped`: in which it stopped work. `flips`:
    changes of its verdict. `states` and `tasks` count the final states. `refused`: inputs
    that were refused. `rejections` is None where no outcome is recorded.
    """

    plans: int
    commands: int
    assumed: int
    replans: int
    bells: int
    stops: int
    replanned: int
    stopped: int
    flips: int
    flips_per_plan: float
    states: dict[PlanState, int]
    tasks: dict[TaskStatus, int]
    refused: int
    rejections: Rejections | None
    below_threshold: BelowThreshold
    with_failures: int = _mixed("Plans with a failure.")
    warned: int = _mixed("Plans in which the gate fired no later than the first failure.")
    late: int = _mixed("Plans in which it fired only after the first failure.")
    missed: int = _mixed("Plans with a failure in which it never fired.")
    false_alarms: int = _mixed("Plans in which it fired without a failure.")
    lead: float | None = _mixed("Output scores from firing to the first failure, on average.")


@dataclass(slots=True)
class _Timing:
    """Plans by whether they have a bad result and whether the gate fired, and when."""

    warned: int = 0
    ahead: int = 0
    bad_and_fired: "Counter[tuple[bool, bool]]" = field(default_factory=Counter)

    def add(self, bad: Moment | None, trace: GateTrace) -> None:
        lead = trace.lead(bad)
        if lead is not None and lead >= 0:
            self.warned += 1
            self.ahead += lead
        self.bad_and_fired[bad is not None, trace.first_fired is not None] += 1

    def extend(self, part: "_Timing") -> None:
        self.warned += part.warned
        self.ahead += part.ahead
        self.bad_and_fired.update(part.bad_and_fired)

    @property
    def fired(self) -> int:
        return self.bad_and_fired[True, True]

    @property
    def missed(self) -> int:
        return self.bad_and_fired[True, False]

    @property
    def false_alarms(self) -> int:
        return self.bad_and_fired[False, True]

    @property
    def others(self) -> int:
        return self.false_alarms + self.bad_and_fired[False, False]

    @property
    def lead(self) -> float | None:
        return self.ahead / self.warned if self.warned else None


@dataclass(slots=True)
class Tally:
    """Counts plans under one policy."""

    commands: int = 0
    assumed: int = 0
    replans: int = 0
    bells: int = 0
    stops: int = 0
    stopped: int = 0
    flips: int = 0
    refused: int = 0
    mixed: _Timing = field(default_factory=_Timing)
    rejected: _Timing = field(default_factory=_Timing)
    below: _Timing = field(default_factory=_Timing)
    states: "Counter[PlanState]" = field(default_factory=Counter)
    tasks: "Counter[TaskStatus]" = field(default_factory=Counter)

    def add(self, run: Run, failures: Failures) -> None:
        """Count one more plan at the end of a history."""
        plan, trace = run.plan, run.trace
        self.commands += run.commands
        self.assumed += run.assumed
        self.replans += plan.replan_count
        self.bells += trace.bells
        self.stops += trace.stops
        self.stopped += trace.stops > 0
        self.flips += trace.flips
        self.refused += run.refused
        self.states[plan.state] += 1
        self.tasks.update(task.status for task in plan)
        self.mixed.add(failures.first, trace)
        self.below.add(failures.below, trace)
        if failures.has_outcomes:
            self.rejected.add(failures.rejected, trace)

    def extend(self, part: "Tally") -> None:
        """Count the plans of another tally."""
        for name in ("commands", "assumed", "replans", "bells", "stops", "stopped", "flips"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.refused += part.refused
        self.mixed.extend(part.mixed)
        self.rejected.extend(part.rejected)
        self.below.extend(part.below)
        self.states.update(part.states)
        self.tasks.update(part.tasks)

    def totals(self) -> Totals:
        """The totals so far."""
        mixed, below = self.mixed, self.below
        plans = mixed.bad_and_fired.total()
        return Totals(
            plans=plans,
            commands=self.commands,
            assumed=self.assumed,
            replans=self.replans,
            bells=self.bells,
            stops=self.stops,
            replanned=mixed.fired + mixed.false_alarms,
            stopped=self.stopped,
            flips=self.flips,
            flips_per_plan=self.flips / plans if plans else 0.0,
            states={state: self.states[state] for state in PlanState if self.states[state]},
            tasks={status: self.tasks[status] for status in TaskStatus if self.tasks[status]},
            refused=self.refused,
            rejections=_rejections(self.rejected),
            below_threshold=BelowThreshold(
                plans=below.fired + below.missed,
                fired=below.fired,
                others=below.others,
                others_fired=below.false_alarms,
            ),
            with_failures=mixed.fired + mixed.missed,
            warned=mixed.warned,
            late=mixed.fired - mixed.warned,
            missed=mixed.missed,
            false_alarms=mixed.false_alarms,
            lead=mixed.lead,
        )


def _rejections(counted: _Timing) -> Rejections | None:
    if not counted.bad_and_fired.total():
        return None
    return Rejections(
        plans=counted.fired + counted.missed,
        warned=counted.warned,
        late=counted.fired - counted.warned,
        missed=counted.missed,
        lead=counted.lead,
        others=counted.others,
        false_alarms=counted.false_alarms,
    )
