"""Traces of single histories, and totals over several plans, to compare policies by.

A trace says when the gate fired, how often its verdict changed, and when a task first
failed. Time is counted in output scores, the only events at which the gate gives a verdict.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.results import Result
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, PlanState, ScoreKind, StatusCause, TaskStatus


def scores_an_output(command: RecordedCommand) -> bool:
    """Whether an output was scored, so that the gate gave a verdict."""
    for entry in command.events:
        event = entry.event
        if type(event) is events.TaskScored and event.kind is ScoreKind.OUTPUT:
            return True
    return False


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
        fired = False
        for event in decided:
            fired = fired or type(event) is events.ReplanTriggered
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
        if self.first is not None:
            return
        failed = next((e for e in command.events if _fails(command.after, e.event)), None)
        if failed is not None:
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

    def extend(self, part: "Tally") -> None:
        """Count the plans of another tally."""
        self.replans += part.replans
        self.flips += part.flips
        self.refused += part.refused
        self.warned += part.warned
        self.head_start += part.head_start
        self.failed_and_fired.update(part.failed_and_fired)
        self.states.update(part.states)
        self.tasks.update(part.tasks)

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
