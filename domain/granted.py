"""What a command is granted: events, and the plan that they lead to."""

from typing import NamedTuple

from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan


class Granted(NamedTuple):
    """The events decided so far, and the plan after the first of them, or after all."""

    events: list[PlanEvent]
    plan: Plan

    def then(self, *events: PlanEvent) -> "Granted":
        """With more events, on the plan after them."""
        return Granted([*self.events, *events], fold(self.plan, events))

    def completed(self, before: Plan) -> "Granted":
        """The same events, on the plan after all of them; `before` is the one before."""
        rest = self.events[self.plan.version - before.version :]
        return Granted(self.events, fold(self.plan, rest)) if rest else self
