"""Totals over several plans under one policy, to compare policies by."""

from collections import Counter
from dataclasses import dataclass, field

from plangate.application.replay.gate_trace import FirstFailure, GateTrace
from plangate.application.results import Result
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, TaskStatus


class Totals(Result):
    """Totals over `plans` plans under one policy.

    `replanned`: plans in which the gate fired. `flips`: changes of its verdict. `states` and
    `tasks` count the final states. `refused`: inputs that were refused.

    A task failed in `with_failures` plans. In `warned` of them the gate fired at or before
    the failure, on average `lead` output scores earlier; in `late` only after it; in
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
    """Counts plans under one policy."""

    replans: int = 0
    flips: int = 0
    refused: int = 0
    warned: int = 0
    head_start: int = 0
    failed_and_fired: "Counter[tuple[bool, bool]]" = field(default_factory=Counter)
    states: "Counter[PlanState]" = field(default_factory=Counter)
    tasks: "Counter[TaskStatus]" = field(default_factory=Counter)

    def add(self, plan: Plan, trace: GateTrace, failure: FirstFailure, refused: int) -> None:
        """Count one more plan in its final state."""
        self.replans += plan.replan_count
        self.flips += trace.flips
        self.refused += refused
        self.states[plan.state] += 1
        self.tasks.update(task.status for task in plan)
        lead = failure.lead(trace)
        if lead is not None and lead >= 0:
            self.warned += 1
            self.head_start += lead
        self.failed_and_fired[failure.first is not None, trace.first_fired is not None] += 1

    def totals(self) -> Totals:
        """The totals so far."""
        both, missed = self.failed_and_fired[True, True], self.failed_and_fired[True, False]
        false_alarms, plans = self.failed_and_fired[False, True], self.failed_and_fired.total()
        return Totals(
            plans=plans,
            replans=self.replans,
            replanned=both + false_alarms,
            flips=self.flips,
            flips_per_plan=self.flips / plans if plans else 0.0,
            states={state: self.states[state] for state in PlanState if self.states[state]},
            tasks={status: self.tasks[status] for status in TaskStatus if self.tasks[status]},
            refused=self.refused,
            with_failures=both + missed,
            warned=self.warned,
            late=both - self.warned,
            missed=missed,
            false_alarms=false_alarms,
            lead=self.head_start / self.warned if self.warned else None,
        )
