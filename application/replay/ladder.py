"""What a policy that is tried changes in recorded ones, and what each change does.

The ladder takes the changed fields in the order in which they were given: each alone in the
recorded policies, and together with those before it. So it shows how much is the threshold.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from plangate.application.evidence.scored_results import ScoredResults
from plangate.application.replay.plan_run import PlanRun, tried
from plangate.application.replay.points import Attempt, Point
from plangate.application.replay.totals import Tally, Totals
from plangate.application.rerun.policies import always, changed
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput
from plangate.domain.policy import Policy

_WEIGHTS: Final = ("prompt_weight", "output_weight")
"""They sum to 1, so neither changes without the other."""


class ChangedField(Result):
    """A field of a policy as it was recorded, and as it is tried."""

    field: str
    recorded: Any
    tried: Any


class PolicyChange(Result):
    """What is changed in the policies of so many plans; no fields where nothing is."""

    plans: int
    fields: tuple[ChangedField, ...]


class Rung(Result):
    """One changed field, in which the policies of `plans` plans differ from what is tried.

    `alone`: all else stays as recorded. `together`: with the fields of the rungs before. The
    two weights are one rung.
    """

    plans: int
    alone: Point
    together: Point


def changed_fields(
    order: Sequence[str], recorded: Policy, tried: Policy
) -> tuple[ChangedField, ...]:
    """What is changed in the policy of a plan."""
    pairs = ((name, getattr(recorded, name), getattr(tried, name)) for name in order)
    return tuple(
        ChangedField(field=name, recorded=one, tried=other)
        for name, one, other in pairs
        if one != other
    )


class Ladder:
    """The effect of each changed field on the plans added so far."""

    def __init__(self, order: Sequence[str]) -> None:
        self.rungs = [_RungSoFar(fields) for fields in _steps(order)]

    def add(
        self,
        history: Sequence[RecordedCommand],
        recorded: PlanRun,
        replayed: PlanRun,
        results: ScoredResults,
    ) -> None:
        """Add one more plan, with its runs under its own policy and under the one tried."""
        own, other = recorded.plan.policy, replayed.plan.policy
        runs: dict[Policy, PlanRun | InvalidInput] = {own: recorded, other: replayed}

        def under(changes: Mapping[str, Any]) -> PlanRun | InvalidInput:
            try:
                policy = changed(changes, own)
            except InvalidInput as contradiction:
                return contradiction
            if policy not in runs:
                runs[policy] = tried(history, partial(always, policy))
            return runs[policy]

        so_far: dict[str, Any] = {}
        for rung in self.rungs:
            fields = {name: getattr(other, name) for name in rung.fields}
            so_far |= fields
            rung.values |= fields
            rung.plans += any(getattr(own, name) != value for name, value in fields.items())
            rung.alone.add(under(fields), results)
            rung.together.add(under(so_far), results)

    def extend(self, part: "Ladder") -> None:
        """Add the plans that follow."""
        for rung, more in zip(self.rungs, part.rungs, strict=True):
            rung.plans += more.plans
            rung.values |= more.values
            rung.alone.extend(more.alone)
            rung.together.extend(more.together)

    def tallies(self) -> list[Tally]:
        """The tallies of all rungs, two for each."""
        return [one.tally for rung in self.rungs for one in (rung.alone, rung.together)]

    def result(self, totals: Sequence[Totals]) -> Iterator[Rung]:
        """The rungs with the totals of their tallies; without fields that differ in no plan."""
        so_far: dict[str, Any] = {}
        for rung, alone, together in zip(self.rungs, totals[::2], totals[1::2], strict=True):
            if rung.plans:
                so_far |= rung.values
                yield Rung(
                    plans=rung.plans,
                    alone=rung.alone.point(dict(rung.values), alone),
                    together=rung.together.point(dict(so_far), together),
                )


class _RungSoFar:
    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        self.values: dict[str, Any] = {}
        self.plans = 0
        self.alone, self.together = Attempt(), Attempt()


def _steps(order: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The fields one by one, the weights at once."""
    for name in order:
        if name not in _WEIGHTS:
            yield (name,)
        elif name == next(one for one in order if one in _WEIGHTS):
            yield tuple(weight for weight in _WEIGHTS if weight in order)
