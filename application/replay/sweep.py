"""Policies to try on recorded plans: one, whole or as changes to each plan's own, or a grid.

For a grid the history is read once. Each plan is run under every policy, and only totals
are kept.
"""

from collections.abc import Sequence
from typing import Any

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.replay.policy_grid import Grid, combinations
from plangate.application.replay.totals import (
    FirstFailure,
    GateTrace,
    Tally,
    Totals,
    scores_an_output,
)
from plangate.application.rerun.policies import Given, combined, rules_of
from plangate.application.rerun.recorded_commands import RecordedCommand, commands_of
from plangate.application.rerun.rerun import Input, Rules, rerun
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.errors import InvalidInput
from plangate.domain.plan import Plan


class Point(Result):
    """One policy of a sweep: its changes, and its totals over the plans.

    `unfit` counts the plans whose own policy the changes do not fit. They are not in the
    totals.
    """

    changes: dict[str, Any]
    unfit: int
    totals: Totals


class Sweep(Result):
    """The recorded totals, and those of every policy of a grid.

    `fields` are those of the grid, in its order. `points` lists all combinations; the last
    field changes fastest. Unreadable plans are in no totals.
    """

    fields: tuple[str, ...]
    recorded: Totals
    points: tuple[Point, ...]
    unreadable: tuple[UnreadablePlan, ...]


class Sweeping:
    """Runs plan after plan under every policy of a grid."""

    def __init__(self, grid: Grid, base: Given) -> None:
        self._fields, self._changes = combinations(grid)
        self.tries = [_Try(rules_of(combined(base, changes))) for changes in self._changes]
        self.recorded = Tally()
        self.unreadable: list[UnreadablePlan] = []

    @property
    def passes(self) -> int:
        """How many policies are tried."""
        return len(self.tries)

    def add(self, store: EventStore, plan_id: str) -> None:
        """Run one more plan."""
        try:
            commands = list(commands_of(store, plan_id))
        except UnreadableEvent as error:
            self.unreadable.append(UnreadablePlan.of(error))
        else:
            self._run(commands)

    def extend(self, part: "Sweeping") -> None:
        """Add the totals of the plans that follow."""
        self.recorded.extend(part.recorded)
        self.unreadable += part.unreadable
        for attempt, other in zip(self.tries, part.tries, strict=True):
            attempt.tally.extend(other.tally)
            attempt.unfit += other.unfit

    def _run(self, commands: Sequence[RecordedCommand]) -> None:
        inputs = [Input.of(command) for command in commands]
        failure, trace = FirstFailure(), GateTrace()
        for command in commands:
            failure.add(command)
            events = [entry.event for entry in command.events]
            trace.add(command.after, events, failure.scores)
        self.recorded.add(commands[-1].after, trace, failure, 0)
        for attempt in self.tries:
            attempt.add(inputs, failure)

    def result(self) -> Sweep:
        """The totals of the plans added so far."""
        return Sweep(
            fields=self._fields,
            recorded=self.recorded.totals(),
            points=tuple(
                Point(changes=changes, unfit=attempt.unfit, totals=attempt.tally.totals())
                for changes, attempt in zip(self._changes, self.tries, strict=True)
            ),
            unreadable=tuple(self.unreadable),
        )


class _Try:
    """One policy of a sweep, and its totals so far."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.tally = Tally()
        self.unfit = 0

    def add(self, inputs: Sequence[Input], failure: FirstFailure) -> None:
        plan, trace = Plan(""), GateTrace()
        scores = refused = 0
        try:
            for step in rerun(inputs, self._rules):
                plan = step.after
                scores += scores_an_output(step.given.recorded)
                refused += step.refusal is not None or step.given.command is None
                trace.add(plan, step.events, scores)
        except InvalidInput:
            self.unfit += 1
        else:
            self.tally.add(plan, trace, failure, refused)
