"""Random commands on PostgreSQL give what the naive model gives, also to a fresh reader."""

from contextlib import closing
from random import Random

from plangate.application.command_context import CommandContext
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlangateError
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.postgres.events import events_in
from plangate.infrastructure.postgres.schema import Schema, open_schema
from plangate.infrastructure.postgres.views import PostgresViewStore
from tests.support.clocks import counted_ids
from tests.support.ledgers import some_ledger
from tests.support.model.commands import random_command
from tests.support.model.comparison import DEPENDENCIES, POLICIES, a_plan, at, same_plan
from tests.support.model.naive import NaivePlan, Refused
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long
from tests.support.views.from_scratch import same_views


class Sequences:
    """Plans worked on one after the other, each also in the naive model, whose clock is used."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._naive: NaivePlan
        self._chance = Random(5)
        self.registry, self._reader = self._open(), self._open()
        self.commands = 0

    def one(self, plan_id: str) -> None:
        """A plan from its creation on."""
        chance = self._chance
        command, self._naive = a_plan(
            chance.randint(1, 5),
            chance.randrange(len(POLICIES)),
            chance.randrange(len(DEPENDENCIES)),
        )
        self._naive.plan_id = plan_id
        self.registry._executor.handler.handle(plan_id, command, CommandContext())
        for _ in range(chance.randint(1, 14)):
            self._naive.now += chance.choice([0, 1, 1, 5, 40, -100])
            self._command(plan_id)
        same_plan(self._reader._streams.current(plan_id).plan, self._naive)

    def _command(self, plan_id: str) -> None:
        command, model = random_command(self._chance, self._naive)
        actual = expected = None
        try:
            self.registry._executor.handler.handle(plan_id, command, CommandContext())
        except PlangateError as refusal:
            actual = type(refusal).__name__
        try:
            model()
        except Refused as refusal:
            expected = str(refusal)
        assert (command, actual) == (command, expected)
        self.commands += 1

    def _open(self) -> PlanRegistry:
        events = events_in(self._schema)
        return PlanRegistry(
            events,
            views=PostgresViewStore(self._schema),
            ledger=lambda: some_ledger(events),
            keys=MemoryKeyStore,
            clock=lambda: at(self._naive),
            new_id=counted_ids(),
        )


@short_and_long("sequences", 20, 5_000)
def test_sequences_on_postgresql_give_what_the_naive_model_gives(
    postgres: PostgresServer, say: Say, sequences: int
) -> None:
    with closing(open_schema(postgres.url)) as schema:
        work = Sequences(schema)
        for number in range(sequences):
            work.one(f"p{number}")
        same_views(work.registry)
        events = work.registry.history.last_position()
    say("sequences", sequences=sequences, commands=work.commands, events=events)
