"""What one policy made of several plans, in figures that can be compared."""

from collections import Counter
from dataclasses import dataclass, field

from plangate.application.replay.gate_trace import FirstFailure, GateTrace
from plangate.application.results import Result
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, TaskStatus


class Totals(Result):
    """What a policy made of `plans` plans.

    `replanned`: in how many of them the gate fired. `flips`: how often its verdict
    changed. `states` and `tasks` count how plans and tasks end. `refused`: how many
    inputs it refuses.

    Of the `with_failures` plans, in which a task failed, the gate fired in `warned` no later
    than that, on average `lead` output scores before; in `late` only afterwards; in
    `missed` never. In `false_alarms` plans it fired although nothing failed.
    """

    plans: int
    replans: int
    replanned: int
    flips: int
    flips_per_plan: float
    states: dict[PlanState, int]
    tasks: dict[TaskStatus, int]
    refused: int
    with_failures: int
    warned: int
    late: int
    missed: int
    false_alarms: int
    lead: float | None


@dataclass(slots=True)
class Tally:
    """Counts, plan by plan, what a policy made of them."""

    plans: int = 0
    replans: int = 0
    flips: int = 0
    refused: int = 0
    warned: int = 0
    head_start: int = 0
    troubles: "Counter[tuple[bool, bool]]" = field(default_factory=Counter)
    states: "Counter[PlanState]" = field(default_factory=Counter)
    tasks: "Counter[TaskStatus]" = field(default_factory=Counter)

    def add(self, plan: Plan, trace: GateTrace, failure: FirstFailure, refused: int) -> None:
        """Count one more plan as it ends."""
        self.plans += 1
        self.replans += plan.replan_count
        self.flips += trace.flips
        self.refused += refused
        self.states[plan.state] += 1
        self.tasks.update(task.status for task in plan)
        lead = failure.lead(trace)
        if lead is not None and lead >= 0:
            self.warned += 1
            self.head_start += lead
        self.troubles[failure.first is not None, trace.first_fired is not None] += 1

    def totals(self) -> Totals:
        """The figures so far."""
        both = self.troubles[True, True]
        return Totals(
            plans=self.plans,
            replans=self.replans,
            replanned=both + self.troubles[False, True],
            flips=self.flips,
            flips_per_plan=self.flips / self.plans if self.plans else 0.0,
            states={state: self.states[state] for state in PlanState if self.states[state]},
            tasks={status: self.tasks[status] for status in TaskStatus if self.tasks[status]},
            refused=self.refused,
            with_failures=both + self.troubles[True, False],
            warned=self.warned,
            late=both - self.warned,
            missed=self.troubles[True, False],
            false_alarms=self.troubles[False, True],
            lead=self.head_start / self.warned if self.warned else None,
        )
