"""One policy, tried on plan after plan: only totals are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from plangate.application.replay.event_diff import differences
from plangate.application.replay.failures import Failures, scores_an_output
from plangate.application.replay.gate_trace import GateTrace, PlanRun
from plangate.application.replay.totals import Tally, Totals
from plangate.application.rerun.rerun import Input, Rules, rerun
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput
from plangate.domain.plan import Plan


class Point(Result):
    """One policy: its changes, and its totals over the plans.

    `unfit` counts the plans whose own policy contradicts the changes, and `why` says how the
    first one does. They are not in the totals.
    """

    changes: dict[str, Any]
    unfit: int
    why: str | None
    totals: Totals


@dataclass(slots=True)
class Attempt:
    """The totals of one policy so far."""

    tally: Tally = field(default_factory=Tally)
    unfit: int = 0
    why: str | None = None

    def add(self, run: PlanRun | InvalidInput, failures: Failures) -> None:
        """Count a plan under this policy, or why its own policy contradicts it."""
        if isinstance(run, InvalidInput):
            self.unfit += 1
            self.why = self.why or str(run)
        else:
            self.tally.add(run, failures)

    def extend(self, part: "Attempt") -> None:
        """Count the plans of another attempt with this policy."""
        self.tally.extend(part.tally)
        self.unfit += part.unfit
        self.why = self.why or part.why

    def point(self, changes: dict[str, Any], totals: Totals) -> Point:
        """The policy with its totals."""
        return Point(changes=changes, unfit=self.unfit, why=self.why, totals=totals)


def tried(inputs: Sequence[Input], rules: Rules) -> PlanRun | InvalidInput:
    """One plan under other rules, or why its recorded policy contradicts them."""
    plan, trace = Plan(""), GateTrace()
    scores = refused = assumed = 0
    differs = False
    try:
        for step in rerun(inputs, rules):
            plan, recorded = step.after, step.given.recorded
            scores += scores_an_output(recorded)
            refused += step.refusal is not None or step.given.command is None
            trace.add(plan, step.events, scores)
            if differs:
                assumed += 1
            else:
                events = [entry.event for entry in recorded.events]
                differs = next(differences(events, step.events), None) is not None
    except InvalidInput as contradiction:
        return contradiction
    return PlanRun(plan, trace, commands=len(inputs), refused=refused, assumed=assumed)
