"""Totals over several plans under one policy, to compare policies by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.replay.failures import Failures, ScoreMoment
from plangate.application.replay.gate_trace import GateTrace, PlanRun
from plangate.application.replay.separation import Separation, SeparationSoFar, separations
from plangate.application.results import Result
from plangate.domain.vocabulary import PlanState, TaskStatus


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
    that were refused.

    `outcomes` are the results with an outcome, bad where rejected; `rejections` the plans
    with them. Both are None where no outcome is recorded. `below_threshold` are the results
    that settled a task, bad where below the recorded threshold: what the judge said, whatever
    became of it.
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
    outcomes: Separation | None
    rejections: Rejections | None
    below_threshold: Separation
    with_failures: int = _mixed("Plans with a failure.")
    warned: int = _mixed("Plans in which the gate fired no later than the first failure.")
    late: int = _mixed("Plans in which it fired only after the first failure.")
    missed: int = _mixed("Plans with a failure in which it never fired.")
    false_alarms: int = _mixed("Plans in which it fired without a failure.")
    lead: float | None = _mixed("Output scores from firing to the first failure, on average.")

    @property
    def results(self) -> Separation:
        """The results with an outcome, or those that settled a task where none is recorded."""
        return self.outcomes or self.below_threshold


@dataclass(slots=True)
class _Timing:
    """Plans by whether they have a bad result and whether the gate fired, and when."""

    warned: int = 0
    ahead: int = 0
    bad_and_fired: "Counter[tuple[bool, bool]]" = field(default_factory=Counter)

    def add(self, bad: ScoreMoment | None, trace: GateTrace) -> None:
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
    outcomes: SeparationSoFar = field(default_factory=SeparationSoFar)
    below: SeparationSoFar = field(default_factory=SeparationSoFar)
    states: "Counter[PlanState]" = field(default_factory=Counter)
    tasks: "Counter[TaskStatus]" = field(default_factory=Counter)

    def add(self, run: PlanRun, failures: Failures) -> None:
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
        self.below.add(failures.settled, trace, b"")
        if failures.has_outcomes:
            self.rejected.add(failures.rejected, trace)
            self.outcomes.add(failures.with_outcomes(), trace, failures.work)

    def extend(self, part: "Tally") -> None:
        """Count the plans of another tally."""
        for name in ("commands", "assumed", "replans", "bells", "stops", "stopped", "flips"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.refused += part.refused
        self.mixed.extend(part.mixed)
        self.rejected.extend(part.rejected)
        self.outcomes.extend(part.outcomes)
        self.below.extend(part.below)
        self.states.update(part.states)
        self.tasks.update(part.tasks)

    def totals(self) -> Totals:
        """The totals so far, without shares."""
        mixed = self.mixed
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
            outcomes=self.outcomes.result() if self.outcomes.rows else None,
            rejections=_rejections(self.rejected),
            below_threshold=self.below.result(),
            with_failures=mixed.fired + mixed.missed,
            warned=mixed.warned,
            late=mixed.fired - mixed.warned,
            missed=mixed.missed,
            false_alarms=mixed.false_alarms,
            lead=mixed.lead,
        )


def with_shares(tallies: Sequence[Tally], make_statistics: MakeStatistics) -> list[Totals]:
    """The totals of several policies, with shares of bad and good results and their intervals."""
    counted = [tally.outcomes for tally in tallies]
    found = [tally.totals() for tally in tallies]
    if not any(one.rows for one in counted):
        return found
    return [
        totals.model_copy(update={"outcomes": shares}) if one.rows else totals
        for totals, one, shares in zip(
            found, counted, separations(counted, make_statistics), strict=True
        )
    ]


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
