"""Totals over several plans under one policy, to compare policies by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from plangate.application.evidence.scored_results import ScoredResults, ScoreMoment
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.replay.plan_run import PlanRun
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
    `replanned`: plans in which the gate fired; `stopped`: in which it held work. `flips`:
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


_COUNTED: Final = ("commands", "assumed", "refused", "flips", "bells", "stops")
"""What is counted in each history, and summed up."""


@dataclass(slots=True)
class _Timing:
    """Plans by whether they have a bad result and whether the gate fired, and when."""

    warned: int = 0
    ahead: int = 0
    bad_and_fired: "Counter[tuple[bool, bool]]" = field(default_factory=Counter)

    def add(self, bad: ScoreMoment | None, run: PlanRun) -> None:
        lead = run.lead(bad)
        if lead is not None and lead >= 0:
            self.warned += 1
            self.ahead += lead
        self.bad_and_fired[bad is not None, run.first_fired is not None] += 1

    def extend(self, part: "_Timing") -> None:
        self.warned += part.warned
        self.ahead += part.ahead
        self.bad_and_fired.update(part.bad_and_fired)

    def count(self, *, bad: bool | None = None, fired: bool | None = None) -> int:
        """How many plans are so; None is either."""
        return sum(
            plans
            for (is_bad, has_fired), plans in self.bad_and_fired.items()
            if bad in {None, is_bad} and fired in {None, has_fired}
        )

    def when_fired(self) -> dict[str, Any]:
        """In how many plans it fired in time, late, never, or for nothing."""
        return {
            "warned": self.warned,
            "late": self.count(bad=True, fired=True) - self.warned,
            "missed": self.count(bad=True, fired=False),
            "lead": self.ahead / self.warned if self.warned else None,
            "false_alarms": self.count(bad=False, fired=True),
        }


@dataclass(slots=True)
class Tally:
    """Counts plans under one policy."""

    counts: "Counter[str]" = field(default_factory=Counter)
    mixed: _Timing = field(default_factory=_Timing)
    rejected: _Timing = field(default_factory=_Timing)
    outcomes: SeparationSoFar = field(default_factory=SeparationSoFar)
    below: SeparationSoFar = field(default_factory=SeparationSoFar)
    states: "Counter[PlanState]" = field(default_factory=Counter)
    tasks: "Counter[TaskStatus]" = field(default_factory=Counter)

    def add(self, run: PlanRun, results: ScoredResults) -> None:
        """Count one more plan at the end of a history."""
        plan = run.plan
        self.counts["replans"] += plan.replan_count
        self.counts["stopped"] += run.stops > 0
        for name in _COUNTED:
            self.counts[name] += getattr(run, name)
        self.states[plan.state] += 1
        self.tasks.update(task.status for task in plan)
        self.mixed.add(results.first, run)
        self.below.add(results.settled, run, b"")
        if results.outcomes:
            self.rejected.add(results.rejected, run)
            self.outcomes.add(results.with_outcomes(), run, results.work)

    def extend(self, part: "Tally") -> None:
        """Count the plans of another tally."""
        self.counts.update(part.counts)
        self.mixed.extend(part.mixed)
        self.rejected.extend(part.rejected)
        self.outcomes.extend(part.outcomes)
        self.below.extend(part.below)
        self.states.update(part.states)
        self.tasks.update(part.tasks)

    def totals(self) -> Totals:
        """The totals so far, without shares."""
        plans = self.mixed.count()
        counted: dict[str, Any] = {name: self.counts[name] for name in _COUNTED}
        return Totals(
            **counted,
            **self.mixed.when_fired(),
            plans=plans,
            replans=self.counts["replans"],
            replanned=self.mixed.count(fired=True),
            stopped=self.counts["stopped"],
            flips_per_plan=self.counts["flips"] / plans if plans else 0.0,
            states={state: self.states[state] for state in PlanState if self.states[state]},
            tasks={status: self.tasks[status] for status in TaskStatus if self.tasks[status]},
            outcomes=self.outcomes.result() if self.outcomes.rows else None,
            rejections=_rejections(self.rejected),
            below_threshold=self.below.result(),
            with_failures=self.mixed.count(bad=True),
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
    if not counted.count():
        return None
    bad, others = counted.count(bad=True), counted.count(bad=False)
    return Rejections(**counted.when_fired(), plans=bad, others=others)
