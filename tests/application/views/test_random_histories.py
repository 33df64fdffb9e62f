"""After any history the four views say what the log says, however they came about."""

import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application import plan_queries
from plangate.application.next_task import by_priority
from plangate.application.plan_log import every_plan
from plangate.application.plan_queries import Candidate
from plangate.application.registry import PlanRegistry
from plangate.application.views import runner
from plangate.application.views.view_store import ViewStore
from plangate.domain.plan import Plan
from plangate.domain.verdict import may_continue, takeable
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.postgres.views import PostgresViewStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.application.views.conftest import SharedStores
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork
from tests.support.properties import repeatable_by_few
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import short_and_long
from tests.support.views.from_scratch import reported_now, same_views, whole_log

chances = st.randoms(use_true_random=False)


@repeatable_by_few
@given(chance=chances, batch=st.sampled_from([1, 2, 3, 7, 5_000]), work=st.integers(1, 120))
def test_the_views_follow_from_the_log_alone(chance: random.Random, batch: int, work: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "BATCH", batch)
        registry = registry_on(memory_event_store())
        worked = RandomWork(registry, chance)
        for _ in range(3):
            worked.go_on(work // 3)
            same_views(registry)


@short_and_long("histories", 10, 5_000)
def test_thousands_of_histories_with_rebuilds_and_unreadable_events(histories: int) -> None:
    with ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(_one_history, range(histories), chunksize=5)) > histories * 10


@short_and_long("histories", 4, 2_000)
def test_thousands_of_histories_as_postgresql_keeps_their_views(
    postgres: PostgresServer, histories: int
) -> None:
    one = partial(_one_on_postgres, postgres.url)
    with ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(one, range(histories), chunksize=2)) > histories * 10


def _one_on_postgres(url: str, seed: int) -> int:
    schema = open_schema(url, f"history_{seed}")
    with closing(PostgresViewStore(schema)) as views:
        length = _one_history(seed, views)
        schema.run(lambda one: one.execute(f"DROP SCHEMA history_{seed} CASCADE".encode()))
    return length


def _one_history(seed: int, views: ViewStore | None = None) -> int:
    """A random history, read by two while it is written, damaged, mended, rebuilt; its length."""
    chance = random.Random(seed)
    stores = SharedStores(memory_event_store(), views or memory_view_store())
    registry, other = stores.open(), stores.open()
    worked = RandomWork(registry, chance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "BATCH", chance.choice([1, 3, 20, 5_000]))
        patch.setattr(plan_queries, "FEW_PLANS", 0)
        for _ in range(chance.randint(1, 4)):
            worked.go_on(chance.randint(1, 25))
            same_views(chance.choice([registry, other]))
            _same_work(registry, seconds=chance.choice([0, 10, 10**7]))
        hurt = chance.choice(whole_log(stores.log)).envelope
        whole = stores.spoil(hurt.plan_id, hurt.version)
        if chance.random() < 0.5:
            other.views.rebuild()
        other.views.plans()
        stores.spoil(hurt.plan_id, hurt.version, whole)
        worked.go_on(5)
        same_views(chance.choice([registry, other]))
        registry.views.rebuild()
        same_views(other)
    return registry.history.last_position()


def _same_work(registry: PlanRegistry, seconds: int) -> None:
    """What could be taken after so many seconds is found by the views as by reading every plan."""
    now = registry._executor.handler.now() + timedelta(seconds=seconds)
    plans, read = registry._plans, registry._executor._dispatcher._plan
    every = [Candidate(plan_id, position) for position, plan_id in every_plan(registry._store)]
    found = [
        list(by_priority(candidates, read, labels, now))
        for candidates in (plans.with_work(now), every)
        for labels in (frozenset[str](), frozenset({"a"}))
    ]
    assert found[:2] == found[2:]
    assert found[0] == _ranked([plan for one in every if (plan := read(one.plan_id))], now)


def _ranked(plans: Sequence[Plan], now: datetime) -> list[tuple[str, str]]:
    """What can be taken, as it is documented: highest priority first, then oldest plan."""
    found = [(p, t) for p in plans if may_continue(p, now) for t in takeable(p, now)]
    found.sort(key=lambda of: -(of[0].priority if of[1].priority is None else of[1].priority))
    return [(plan.plan_id, task.id) for plan, task in found]


@repeatable_by_few
@given(chance=chances, work=st.integers(1, 60))
def test_a_rebuilt_view_is_what_it_was(chance: random.Random, work: int) -> None:
    registry = registry_on(memory_event_store())
    worked = RandomWork(registry, chance)
    worked.go_on(work)
    before, now = reported_now(registry)
    registry.views.rebuild()
    assert reported_now(registry, now) == (before, now)
    worked.go_on(work)
    same_views(registry)
