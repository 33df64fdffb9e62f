"""One policy, tried on plan after plan: only totals are kept."""

from dataclasses import dataclass, field
from typing import Any

from plangate.application.evidence.scored_results import ScoredResults
from plangate.application.replay.plan_run import PlanRun
from plangate.application.replay.totals import Tally, Totals
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput


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

    def add(self, run: PlanRun | InvalidInput, results: ScoredResults) -> None:
        """Count a plan under this policy, or why its own policy contradicts it."""
        if isinstance(run, InvalidInput):
            self.unfit += 1
            self.why = self.why or str(run)
        else:
            self.tally.add(run, results)

    def extend(self, part: "Attempt") -> None:
        """Count the plans of another attempt with this policy."""
        self.tally.extend(part.tally)
        self.unfit += part.unfit
        self.why = self.why or part.why

    def point(self, changes: dict[str, Any], totals: Totals) -> Point:
        """The policy with its totals."""
        return Point(changes=changes, unfit=self.unfit, why=self.why, totals=totals)
