"""Compare plan after plan with its history under another policy, and sum them up."""

from collections.abc import Iterable
from typing import Any

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.replay.ladder import Ladder, PolicyChanges
from plangate.application.replay.plan_comparison import Comparison
from plangate.application.replay.totals import Tally, with_shares
from plangate.application.replay.what_if import PlanReplay, UnfitPlan, WhatIf
from plangate.application.rerun.policies import Given, order_of, rules_of
from plangate.application.rerun.recorded_commands import RecordedCommand, commands_of
from plangate.application.rerun.rerun import rerun
from plangate.application.results import UnreadablePlan
from plangate.domain.errors import InvalidInput


class Comparing:
    """The comparisons of the plans added so far. Raises `InvalidInput` for an invalid policy.

    With a `ladder` each plan is also run with each change of its policy.
    """

    def __init__(self, policy: Given, *, ladder: bool) -> None:
        self._rules = rules_of(policy)
        order = order_of(policy)
        self.changes = PolicyChanges(order)
        self.ladder = Ladder(order) if ladder else None
        self.passes = 1 if self.ladder is None else 1 + self.ladder.runs
        self.recorded, self.replayed = Tally(), Tally()
        self.plans: list[PlanReplay] = []
        self.unreadable: list[UnreadablePlan] = []
        self.unfit: list[UnfitPlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        comparison = Comparison()
        history: Iterable[RecordedCommand] = commands_of(store, plan_id)
        kept = list[RecordedCommand]()
        try:
            if self.ladder is not None:
                history = kept = list(history)
            for step in rerun(history, self._rules):
                comparison.add(step)
        except UnreadableEvent as error:
            self.unreadable.append(UnreadablePlan.of(error))
        except InvalidInput as error:
            self.unfit.append(UnfitPlan(plan_id=plan_id, why=str(error)))
        else:
            self.plans.append(comparison.result())
            recorded, replayed = comparison.recorded, comparison.replayed
            self.recorded.add(recorded, comparison.results)
            self.replayed.add(replayed, comparison.results)
            self.changes.add(recorded.plan.policy, replayed.plan.policy)
            if self.ladder is not None:
                self.ladder.add(kept, recorded, replayed, comparison.results)

    def extend(self, part: "Comparing") -> None:
        """Add the comparisons of the plans that follow."""
        self.recorded.extend(part.recorded)
        self.replayed.extend(part.replayed)
        self.changes.extend(part.changes)
        if self.ladder is not None and part.ladder is not None:
            self.ladder.extend(part.ladder)
        self.plans += part.plans
        self.unreadable += part.unreadable
        self.unfit += part.unfit

    def result(self, make_statistics: MakeStatistics) -> WhatIf:
        """The comparisons with all that is said of the plans added so far."""
        of_rungs = [] if self.ladder is None else self.ladder.tallies()
        tallies = [self.recorded, self.replayed, *of_rungs]
        recorded, replayed, *rungs = with_shares(tallies, make_statistics)
        return self._answer(
            recorded=recorded,
            replayed=replayed,
            changes=self.changes.result(),
            ladder=None if self.ladder is None else self.ladder.result(rungs),
        )

    def part(self) -> WhatIf:
        """The comparisons since the last part, and the plain totals so far."""
        recorded, replayed = self.recorded.totals(), self.replayed.totals()
        part = self._answer(recorded=recorded, replayed=replayed, changes=(), ladder=None)
        self.plans, self.unreadable, self.unfit = [], [], []
        return part

    def _answer(self, **of_all: Any) -> WhatIf:
        return WhatIf(
            **of_all,
            plans=tuple(self.plans),
            unreadable=tuple(self.unreadable),
            unfit=tuple(self.unfit),
        )
