"""Compare plan after plan with its history under another policy, and sum them up."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.replay.ladder import ChangedField, Ladder, PolicyChange, changed_fields
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
        self._order = order_of(policy)
        self._asked = ladder
        self.changes: Counter[tuple[ChangedField, ...]] = Counter()
        self.ladder = Ladder(self._order if ladder else ())
        self.passes = 1 + 2 * len(self.ladder.rungs)
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
            if self.ladder.rungs:
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
            fields = changed_fields(self._order, recorded.plan.policy, replayed.plan.policy)
            self.changes[fields] += 1
            self.ladder.add(kept, recorded, replayed, comparison.results)

    def extend(self, part: "Comparing") -> None:
        """Add the comparisons of the plans that follow."""
        self.recorded.extend(part.recorded)
        self.replayed.extend(part.replayed)
        self.changes.update(part.changes)
        self.ladder.extend(part.ladder)
        self.plans += part.plans
        self.unreadable += part.unreadable
        self.unfit += part.unfit

    def result(self, make_statistics: MakeStatistics) -> WhatIf:
        """The comparisons with all that is said of the plans added so far."""
        tallies = [self.recorded, self.replayed, *self.ladder.tallies()]
        recorded, replayed, *rungs = with_shares(tallies, make_statistics)
        return self._answer(
            recorded=recorded,
            replayed=replayed,
            changes=tuple(
                PolicyChange(plans=plans, fields=fields)
                for fields, plans in self.changes.most_common()
            ),
            ladder=tuple(self.ladder.result(rungs)) if self._asked else None,
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
