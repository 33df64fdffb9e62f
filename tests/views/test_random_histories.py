"""After any history the four views say what the log says, however they came about."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application.views import keeper
from plangate.infrastructure.event_store.memory import memory_event_store
from tests.support.clocks import registry_on
from tests.support.properties import repeatable
from tests.support.random_work import RandomWork
from tests.support.views import as_told, same_views

chances = st.randoms(use_true_random=False)


@repeatable
@given(chance=chances, batch=st.sampled_from([1, 2, 3, 7, 5_000]), work=st.integers(1, 120))
def test_the_views_are_what_the_log_leads_to(chance: random.Random, batch: int, work: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "BATCH", batch)
        registry = registry_on(memory_event_store())
        worked = RandomWork(registry, chance)
        for _ in range(3):
            worked.go_on(work // 3)
            same_views(registry)


@repeatable
@given(chance=chances, work=st.integers(1, 60))
def test_a_rebuilt_view_is_what_it_was(chance: random.Random, work: int) -> None:
    registry = registry_on(memory_event_store())
    worked = RandomWork(registry, chance)
    worked.go_on(work)
    before = as_told(registry)
    registry.rebuild_views()
    assert as_told(registry) == before
    worked.go_on(work)
    same_views(registry)
