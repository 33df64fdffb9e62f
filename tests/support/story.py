"""Given a history, when a command is made, then these events happen, or it is refused.

    given(created(A)).when(score_output(A, 0.9)).then(scored(A, OUTPUT, 0.9), …)

What stands behind `then` is all that happened, in order, and nothing else. The
story continues from there: `.then(…).when(…)`, or ends in `.plan`, the state. A
command is made at noon unless its moment is given: `.when(claim_next(), LATER)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from plangate.domain.commands import PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from tests.support.examples import NOON, PLAN


@dataclass(frozen=True)
class Story:
    """What has happened to a plan so far."""

    plan: Plan

    def when(self, command: PlanCommand, now: datetime = NOON) -> "When":
        """Make a command of the plan."""
        return When(self.plan, command, now)

    def and_then(self, *events: PlanEvent) -> "Story":
        """The same plan after something more has happened to it."""
        return Story(fold(self.plan, events))


@dataclass(frozen=True)
class When:
    """A plan, and a command made of it."""

    plan: Plan
    command: PlanCommand
    now: datetime

    def then(self, *expected: PlanEvent) -> Story:
        """Exactly these events happen, all of them at the moment of the command."""
        happened = self.happens()
        assert happened == [event.model_copy(update={"at": self.now}) for event in expected]
        return Story(fold(self.plan, happened))

    def happens(self) -> list[PlanEvent]:
        """The events themselves, where a test is about only some of them."""
        return decide(self.plan, self.command, self.now)

    def then_nothing(self) -> Story:
        """The command is granted already: nothing happens, and nothing is refused."""
        return self.then()

    def refused(self, expected: PlangateError) -> None:
        """The command is refused, with the same facts and the same sentence."""
        with pytest.raises(PlangateError) as caught:
            decide(self.plan, self.command, self.now)
        assert said(caught.value) == said(expected)


def given(*history: PlanEvent) -> Story:
    """A plan to which all this has happened, or nothing yet."""
    return Story(fold(Plan(PLAN), history))


def said(error: PlangateError) -> Sequence[object]:
    """All that an error says: what it is, its facts, and the sentence."""
    return type(error), vars(error), str(error)
