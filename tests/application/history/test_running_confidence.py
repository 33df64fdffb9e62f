"""The running confidence equals the plan's after any event."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application.history import running_confidence
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.plan_log import plan_steps
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork
from tests.support.properties import repeatable


@repeatable
@given(st.integers(0, 10**9), st.sampled_from([0, 3, running_confidence.LARGE]))
def test_the_running_confidence_is_the_plans_after_every_event(seed: int, large: int) -> None:
    with registry_on(memory_event_store()) as registry, pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_confidence, "LARGE", large)
        work = RandomWork(registry, random.Random(seed))
        work.go_on(60)
        for plan in work._plans:
            running = RunningConfidence()
            for step in plan_steps(registry._store, plan.plan_id):
                running = running.after(step)
                defined = step.after.rolling_confidence
                exact = len(step.after.order) < large
                assert running.rolling_confidence == pytest.approx(
                    defined, abs=0.0 if exact else 1e-12
                )
