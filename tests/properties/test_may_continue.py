"""The gate says that work may go on exactly where `next_task` hands out a task, at any time."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from plangate.application.gate_decision import GateDecision
from plangate.application.graph import PlanGraph
from plangate.application.registry import PlanRegistry
from plangate.application.views.view_store import ViewStore
from plangate.domain.commands import ClaimNextTask
from plangate.domain.decisions import decide
from plangate.domain.errors import PlanGone, PlanHeld
from plangate.domain.events import TaskStatusChanged
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import StatusCause, Verdict
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.postgres.views import PostgresViewStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.support.clocks import DAWN, counted_ids
from tests.support.ledgers import some_ledger
from tests.support.model.histories import some_history
from tests.support.model.random_work import RandomWork
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import short_and_long

LATER = [timedelta(seconds=seconds) for seconds in (-100, 0, 1, 6, 31, 3600)]


def handed_out(plan: Plan, now: datetime) -> Iterator[str]:
    """The tasks that workers get who ask one after another, at the same time."""
    while True:
        try:
            events = decide(plan, ClaimNextTask(), now)
        except (PlanHeld, PlanGone):
            return
        plan = fold(plan, events)
        claimed = [
            event.task_id
            for event in events
            if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED
        ]
        if not claimed:
            return
        yield from claimed


@short_and_long("histories", 200, 10_000)
def test_the_gate_says_what_next_task_does(histories: int) -> None:
    seen: Counter[Verdict] = Counter()
    for seed in range(histories):
        chance = random.Random(seed)
        for command in some_history(chance, chance.randint(0, 20)):
            plan = command.after
            now = command.at + chance.choice(LATER)
            ready = tuple(handed_out(plan, now))
            decision = GateDecision.of(plan, now, 0)
            assert decision.may_continue is bool(ready)
            assert PlanGraph.of(plan, now).ready == ready
            if decision.changes_at is not None:
                assert decision.changes_at > now
            seen[decision.verdict] += 1
    assert seen.keys() == set(Verdict)


@short_and_long("histories", 200, 10_000)
def test_until_changes_at_no_time_changes_the_decision(histories: int) -> None:
    changed = 0
    for seed in range(histories):
        chance = random.Random(seed)
        plan = some_history(chance, chance.randint(5, 20))[-1].after
        now = (plan.updated_at or DAWN) + chance.choice(LATER)
        for _ in range(10):
            decision = GateDecision.of(plan, now, 0)
            if decision.changes_at is None:
                now += timedelta(days=400)
                assert GateDecision.of(plan, now, 0) == decision
                break
            just_before = decision.changes_at - timedelta(microseconds=1)
            assert GateDecision.of(plan, just_before, 0) == decision
            now = decision.changes_at
            changed += GateDecision.of(plan, now, 0).verdict is not decision.verdict
    assert changed > histories / 100


@short_and_long("histories", 6, 500)
def test_the_views_in_sqlite_say_what_next_task_does(histories: int) -> None:
    for seed in range(histories):
        _one_history(seed, memory_view_store())


@short_and_long("histories", 2, 500)
def test_the_views_in_postgresql_say_what_next_task_does(
    postgres: PostgresServer, histories: int
) -> None:
    schema = open_schema(postgres.url)
    for seed in range(histories):
        schema.run(
            lambda one: one.execute(
                b"TRUNCATE plangate.view_marks, plangate.view_plans,"
                b" plangate.view_board, plangate.view_timeline,"
                b" plangate.view_replans, plangate.view_words"
            )
        )
        _one_history(seed, PostgresViewStore(schema))
    schema.close()


def _one_history(seed: int, views: ViewStore) -> None:
    """Random work on several plans; then the rows, their filters and the gate at some times."""
    chance, now, store = random.Random(seed), [DAWN], memory_event_store()
    registry = PlanRegistry(
        store,
        views=views,
        ledger=lambda: some_ledger(store),
        keys=MemoryKeyStore,
        clock=lambda: now[0],
        new_id=counted_ids(),
    )
    work = RandomWork(registry, chance)
    for _ in range(3):
        for _ in range(chance.randint(5, 20)):
            work.go_on(1)
            now[0] += timedelta(seconds=chance.choice([0, 1, 5]))
        present = now[0]
        for later in LATER:
            now[0] = present + later
            _compare(registry, now[0])
        now[0] = present


def _compare(registry: PlanRegistry, now: datetime) -> None:
    rows = registry.views.plans(limit=1_000).plans
    for row in rows:
        plan = registry._streams.current(row.plan_id).plan
        ready = tuple(handed_out(plan, now))
        decision = registry.gate(row.plan_id)
        assert (row.verdict, row.may_continue) == (decision.verdict, decision.may_continue)
        assert row.may_continue is bool(ready)
        assert (row.next_task_id,) == (ready[:1] or (None,))
        assert row.changes_at == decision.changes_at
        assert registry.graph(row.plan_id).ready == ready
    for verdict in Verdict:
        expected = [row.plan_id for row in rows if row.verdict is verdict]
        assert _found(registry, verdict) == expected
        listed = registry.list_plans(verdict=verdict).plans
        assert [status.plan_id for status in listed] == expected


def _found(registry: PlanRegistry, verdict: Verdict) -> list[str]:
    """The plans that the view finds by their verdict, two on a page."""
    found, after = list[str](), None
    page = partial(registry.views.plans, verdict=verdict, limit=2)
    while True:
        answer = page(after=after)
        found += [row.plan_id for row in answer.plans]
        after = answer.next
        if after is None:
            return found
