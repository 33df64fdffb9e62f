"""Policies to try on recorded plans: one, whole or as changes to each plan's own, or a grid.

For a grid the history is read once. Each plan is run under every policy, and only totals
are kept.
"""

from plangate.application.event_store import EventStore
from plangate.application.evidence.scored_results import ScoredResults
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.replay.plan_run import PlanRun, tried
from plangate.application.replay.points import Attempt, Point
from plangate.application.replay.policy_grid import Grid, combinations
from plangate.application.replay.totals import Tally, Totals, with_shares
from plangate.application.rerun.assumptions import ASSUMPTIONS, Assumption
from plangate.application.rerun.policies import Given, combined, rules_of
from plangate.application.rerun.recorded_commands import listed_commands
from plangate.application.results import Result, UnreadablePlan


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
        self._fields, self._changes = combinations(grid)
        self._rules = [rules_of(combined(base, changes)) for changes in self._changes]
        self.attempts = [Attempt() for _ in self._changes]
        self.passes = len(self.attempts)
        self.recorded = Tally()
        self.unreadable: list[UnreadablePlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Try all policies on one more plan."""
        history = listed_commands(store, plan_id, self.unreadable)
        if not history:
            return
        results, recorded = ScoredResults(history), PlanRun()
        for command in history:
            recorded.add(command)
        self.recorded.add(recorded, results)
        for attempt, rules in zip(self.attempts, self._rules, strict=True):
            attempt.add(tried(history, rules), results)

    def extend(self, part: "Sweeping") -> None:
        """Add the totals of the plans that follow."""
        self.recorded.extend(part.recorded)
        self.unreadable += part.unreadable
        for attempt, more in zip(self.attempts, part.attempts, strict=True):
            attempt.extend(more)

    def result(self, make_statistics: MakeStatistics) -> Sweep:
        """The totals of the plans added so far."""
        tallies = [self.recorded, *(attempt.tally for attempt in self.attempts)]
        recorded, *tried_ones = with_shares(tallies, make_statistics)
        return Sweep(
            fields=self._fields,
            recorded=recorded,
            points=tuple(
                attempt.point(changes, totals)
                for changes, attempt, totals in zip(
                    self._changes, self.attempts, tried_ones, strict=True
                )
            ),
            unreadable=tuple(self.unreadable),
        )
