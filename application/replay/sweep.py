"""Policies to try on recorded plans: one, whole or as changes to each plan's own, or a grid.

For a grid the history is read once. Each plan is run under every policy, and only totals
are kept.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, Final, cast

from pydantic import BaseModel

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.replay.assumptions import ASSUMPTIONS, Assumption
from plangate.application.replay.failures import Failures
from plangate.application.replay.points import Attempt, Point, tried
from plangate.application.replay.recorded_commands import RecordedCommand, commands_of
from plangate.application.replay.rerun import Input, Rules
from plangate.application.replay.totals import GateTrace, Run, Tally, Totals
from plangate.application.results import Result, UnreadablePlan
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy, resolved

MAX_POLICIES: Final = 1_000
"""How many policies one sweep tries at most."""

_PRESET: Final = "preset"
_WEIGHTS: Final = {"prompt_weight": "output_weight", "output_weight": "prompt_weight"}

Given = Mapping[str, Any] | Policy | str
"""A whole policy, the name of one, or the fields to change in each plan's own."""

Grid = Mapping[str, Sequence[Any]]
"""The values to try for each field of a policy."""


def rules_of(policy: Given) -> Rules:
    """A function from each recorded policy to the policy to try.

    If only one of the two weights is given, the other is set so that they sum to 1. Raises
    `InvalidInput` for changes that fit no policy; the function raises it for a recorded
    policy that they do not fit. It can be pickled as far as the changes can.
    """
    if isinstance(policy, Policy):
        return partial(always, policy)
    changes = _fields(policy)
    if _PRESET in changes:
        whole = validate(_Whole, {"policy": changes}).policy
        return partial(always, whole)
    # A threshold of 0 is valid with any exit threshold.
    validate(Policy, {"confidence_threshold": 0.0, **changes})
    return partial(changed, changes)


def always(policy: Policy, _recorded: Policy) -> Policy:
    """The same policy, whatever was recorded."""
    return policy


def changed(changes: Mapping[str, Any], recorded: Policy) -> Policy:
    """A recorded policy with some fields changed; raises `InvalidInput` if they contradict it."""
    return validate(Policy, recorded.model_dump() | dict(changes))


def combined(base: Given, changes: Mapping[str, Any]) -> Given:
    """A policy, whole or in part, with some fields changed."""
    own = base.model_dump() if isinstance(base, Policy) else _fields(base)
    return own | _fields(changes)


def order_of(policy: Given) -> tuple[str, ...]:
    """The fields that a policy sets, in the order in which they were given.

    A whole policy sets all; those that only its defaults give are the last.
    """
    if isinstance(policy, Policy):
        return tuple(Policy.model_fields)
    changes = _fields(policy)
    if _PRESET not in changes:
        return tuple(changes)
    numbers = cast("Mapping[str, Any]", resolved(changes))
    return tuple(dict.fromkeys([*numbers, *Policy.model_fields]))


class _Whole(BaseModel):
    policy: GivenPolicy


def _fields(given: object) -> dict[str, Any]:
    """The given fields, completed to both weights if there is one."""
    if isinstance(given, str):
        return {_PRESET: given}
    if not isinstance(given, Mapping):
        problem = "must be a policy, its name, or a mapping of its fields"
        raise InvalidInput([Problem("policy", problem)])
    fields = dict(given)
    for one, other in _WEIGHTS.items():
        weight = fields.get(one)
        if isinstance(weight, int | float) and other not in fields:
            return fields | {other: 1 - weight}
    return fields


class Sweep(Result):
    """The recorded totals, and those of every policy of a grid.

    `fields` are those of the grid, in its order. `points` lists all combinations; the last
    field changes fastest. Unreadable plans are in no totals. All but what was recorded rests
    on the `assumptions`.
    """

    assumptions: tuple[Assumption, ...] = ASSUMPTIONS
    fields: tuple[str, ...]
    recorded: Totals
    points: tuple[Point, ...]
    unreadable: tuple[UnreadablePlan, ...]


class Sweeping:
    """Runs plan after plan under every policy of a grid."""

    def __init__(self, grid: Grid, base: Given) -> None:
        self._fields, self._changes = _combinations(grid)
        self._rules = [rules_of(combined(base, changes)) for changes in self._changes]
        self.attempts = [Attempt() for _ in self._changes]
        self.recorded = Tally()
        self.unreadable: list[UnreadablePlan] = []

    @property
    def passes(self) -> int:
        """How many policies are tried."""
        return len(self.attempts)

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
        for attempt, more in zip(self.attempts, part.attempts, strict=True):
            attempt.extend(more)

    def _run(self, commands: Sequence[RecordedCommand]) -> None:
        inputs = [Input.of(command) for command in commands]
        failures, trace = Failures(), GateTrace()
        for command in commands:
            failures.add(command)
            events = [entry.event for entry in command.events]
            trace.add(command.after, events, failures.scores)
        self.recorded.add(Run(commands[-1].after, trace, len(commands)), failures)
        for attempt, rules in zip(self.attempts, self._rules, strict=True):
            attempt.add(tried(inputs, rules), failures)

    def result(self) -> Sweep:
        """The totals of the plans added so far."""
        return Sweep(
            fields=self._fields,
            recorded=self.recorded.totals(),
            points=tuple(
                attempt.point(changes)
                for changes, attempt in zip(self._changes, self.attempts, strict=True)
            ),
            unreadable=tuple(self.unreadable),
        )


def _combinations(grid: object) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The fields and combinations of a grid; raises `InvalidInput` for a bad or large one."""
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
