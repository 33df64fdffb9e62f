"""Random work through the registry gives what a naive model of the rules gives.

And what is read back from the store is what was there before, bit for bit.
"""

import random

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plangate.application.command_context import CommandContext
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlangateError
from plangate.domain.plan import Plan
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.model.commands import random_command
from tests.support.model.comparison import DEPENDENCIES, POLICIES, a_plan, at, same_plan
from tests.support.model.naive import NaivePlan, Refused


class RandomWork(RuleBasedStateMachine):
    """A plan, worked on at random through the registry and in the naive model."""

    naive: NaivePlan

    def __init__(self) -> None:
        super().__init__()
        self.store = memory_event_store()
        self.registry = self.open()

    def open(self) -> PlanRegistry:
        return registry_on(self.store, clock=lambda: at(self.naive))

    @initialize(
        tasks=st.integers(1, 5),
        policy=st.integers(0, len(POLICIES) - 1),
        dependencies=st.integers(0, len(DEPENDENCIES) - 1),
    )
    def create(self, tasks: int, policy: int, dependencies: int) -> None:
        command, self.naive = a_plan(tasks, policy, dependencies)
        self.registry._executor.handler.handle("p", command, CommandContext())

    @rule(chance=st.randoms(use_true_random=False), later=st.sampled_from([0, 1, 5, 40, -100]))
    def command(self, chance: random.Random, later: int) -> None:
        self.naive.now += later
        command, model = random_command(chance, self.naive)
        note(command)
        try:
            self.registry._executor.handler.handle("p", command, CommandContext())
        except PlangateError as refusal:
            with pytest.raises(Refused, match=f"^{type(refusal).__name__}$"):
                model()
        else:
            model()

    @rule()
    def reopen(self) -> None:
        before, reopened = self.plan(), self.open()
        self.registry = reopened
        after = self.plan()
        assert after == before
        assert bits(after) == bits(before)

    @invariant()
    def the_figures_are_the_models(self) -> None:
        same_plan(self.plan(), self.naive)

    def plan(self) -> Plan:
        return self.registry._streams.current("p").plan


def bits(plan: Plan) -> tuple[str, ...]:
    """Every number of a plan, compared exactly."""
    confidences = (task.confidence(plan.policy) for task in plan)
    return (
        plan.rolling_confidence.hex(),
        *(c.hex() if c is not None else "-" for c in confidences),
    )


SHORT = settings(
    max_examples=50,
    derandomize=True,
    database=None,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestRandomWork = RandomWork.TestCase
TestRandomWork.settings = SHORT


class MuchRandomWork(RandomWork):
    """The same, more than thirty times as often."""


TestMuchRandomWork = pytest.mark.soak(MuchRandomWork.TestCase)
TestMuchRandomWork.settings = settings(SHORT, max_examples=5_000, derandomize=False)
