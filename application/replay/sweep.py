"""A whole grid of policies tried on the same past, and what each would have made of it.

The history is read once; each plan is run again under every policy while it is at
hand, and only figures are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, Final

from plangate.application.replay.gate_trace import FirstFailure, GateTrace, is_judged
from plangate.application.replay.policies import Given, combined, rules_of
from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.application.replay.rerun import Input, Rules, rerun
from plangate.application.replay.totals import Tally, Totals
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.plan import Plan

MAX_POLICIES: Final = 1_000
"""The most policies that one sweep tries."""

Grid = Mapping[str, Sequence[Any]]
"""For each field of a policy, the values to try."""


class Point(Result):
    """One policy of a sweep: what it changes, and what it would have made of the plans.

    `unfit` counts the plans whose own policy does not go together with it; they are
    not in the totals.
    """

    changes: dict[str, Any]
    unfit: int
    totals: Totals


class Sweep(Result):
    """What a grid of policies would have made of some plans, beside what happened.

    `fields` are those of the grid, in its order; `points` goes through all combinations,
    the last field changing fastest. Plans that cannot be read are in none of the totals.
    """

    fields: tuple[str, ...]
    recorded: Totals
    points: tuple[Point, ...]
    unreadable: tuple[UnreadablePlan, ...]


class Sweeping:
    """A sweep on its way: plan after plan under every policy of a grid."""

    def __init__(self, grid: Grid, base: Given) -> None:
        self._fields, self._changes = _unfolded(grid)
        self._tries = [_Try(rules_of(combined(base, changes))) for changes in self._changes]
        self._happened = Tally()

    def add(self, commands: Sequence[RecordedCommand]) -> None:
        """One more plan, with all its commands."""
        inputs = [Input.of(command) for command in commands]
        failure, happened = FirstFailure(), GateTrace()
        for command in commands:
            failure.add(command)
            events = [entry.event for entry in command.events]
            happened.add(command.after, events, failure.scores)
        self._happened.add(commands[-1].after, happened, failure, 0)
        for attempt in self._tries:
            attempt.add(inputs, failure)

    def result(self, unreadable: Iterable[UnreadablePlan]) -> Sweep:
        """What came of it."""
        return Sweep(
            fields=self._fields,
            recorded=self._happened.totals(),
            points=tuple(
                Point(changes=changes, unfit=attempt.unfit, totals=attempt.tally.totals())
                for changes, attempt in zip(self._changes, self._tries, strict=True)
            ),
            unreadable=tuple(unreadable),
        )


class _Try:
    """One policy of a sweep, and what it made of the plans so far."""

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
                scores += is_judged(step.given.recorded)
                refused += step.refusal is not None or step.given.command is None
                trace.add(plan, step.events, scores)
        except InvalidInput:
            self.unfit += 1
        else:
            self.tally.add(plan, trace, failure, refused)


def _unfolded(grid: object) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """All combinations of a grid; raises `InvalidInput` for what is none, or too large."""
    if not isinstance(grid, Mapping) or not grid:
        raise InvalidInput([Problem("grid", "must name fields of a policy, each with values")])
    for field, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise InvalidInput([Problem(f"grid.{field}", "must be a list of values to try")])
    size = prod(map(len, grid.values()))
    if size > MAX_POLICIES:
        problem = f"has {size:,} policies; at most {MAX_POLICIES:,} are tried at once"
        raise InvalidInput([Problem("grid", problem)])
    fields = tuple(map(str, grid))
    return fields, [dict(zip(fields, values, strict=True)) for values in product(*grid.values())]
