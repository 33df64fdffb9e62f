"""Compare plan after plan with its history under another policy, and sum them up."""

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.replay.totals import Tally
from plangate.application.replay.what_if import Comparison, PlanReplay, UnfitPlan, WhatIf
from plangate.application.rerun.recorded_commands import commands_of
from plangate.application.rerun.rerun import Input, Rules, rerun
from plangate.application.results import UnreadablePlan
from plangate.domain.errors import InvalidInput


class Comparing:
    """The comparisons of the plans added so far."""

    passes = 1

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.recorded, self.replayed = Tally(), Tally()
        self.plans: list[PlanReplay] = []
        self.unreadable: list[UnreadablePlan] = []
        self.unfit: list[UnfitPlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        comparison = Comparison(plan_id)
        try:
            for step in rerun(map(Input.of, commands_of(store, plan_id)), self._rules):
                comparison.add(step)
        except UnreadableEvent as error:
            self.unreadable.append(UnreadablePlan.of(error))
        except InvalidInput as error:
            self.unfit.append(UnfitPlan(plan_id=plan_id, why=str(error)))
        else:
            self.plans.append(comparison.result())
            comparison.count(self.recorded, self.replayed)

    def extend(self, part: "Comparing") -> None:
        """Add the comparisons of the plans that follow."""
        self.recorded.extend(part.recorded)
        self.replayed.extend(part.replayed)
        self.plans += part.plans
        self.unreadable += part.unreadable
        self.unfit += part.unfit

    def result(self) -> WhatIf:
        """The comparisons, and their totals."""
        return WhatIf(
            recorded=self.recorded.totals(),
            replayed=self.replayed.totals(),
            plans=tuple(self.plans),
            unreadable=tuple(self.unreadable),
            unfit=tuple(self.unfit),
        )

    def part(self) -> WhatIf:
        """The comparisons since the last part, and the totals so far."""
        part = self.result()
        self.plans, self.unreadable, self.unfit = [], [], []
        return part
