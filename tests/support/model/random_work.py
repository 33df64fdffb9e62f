"""Random work on several plans of one store, for views to follow."""

import random

from plangate.application.command_context import CommandContext
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlangateError
from tests.support.model.commands import random_command
from tests.support.model.comparison import DEPENDENCIES, POLICIES, a_plan
from tests.support.model.naive import NaivePlan, Refused


class RandomWork:
    """Plans with random work on them, by every command of the domain."""

    def __init__(self, registry: PlanRegistry, chance: random.Random, name: str = "p") -> None:
        self._registry = registry
        self._chance = chance
        self._name = name
        self._plans: list[NaivePlan] = []

    def go_on(self, commands: int) -> None:
        """Carry out so many more commands, some of which are refused."""
        for _ in range(commands):
            if len(self._plans) < 1 or self._chance.random() < 0.1:
                self._create()
            else:
                self._work_on(self._chance.choice(self._plans))

    def _create(self) -> None:
        chance = self._chance
        command, naive = a_plan(
            chance.randint(1, 5),
            chance.randrange(len(POLICIES)),
            chance.randrange(len(DEPENDENCIES)),
        )
        naive.plan_id = f"{self._name}{len(self._plans)}"
        self._plans.append(naive)
        self._registry._executor.handler.handle(naive.plan_id, command, CommandContext())

    def _work_on(self, naive: NaivePlan) -> None:
        naive.now += self._chance.choice([0, 1, 5, 40])
        command, model = random_command(self._chance, naive)
        try:
            self._registry._executor.handler.handle(naive.plan_id, command, CommandContext())
        except PlangateError:
            return
        try:
            model()
        except Refused:  # its clock is another one; it only has to suggest what to do
            return
