"""Thousands of random command sequences give what a naive model of the rules gives.

And what is read back from the store is what was there before, bit for bit.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from plangate.application.registry import PlanRegistry
from plangate.domain.plan import Plan
from plangate.infrastructure.event_store.memory import memory_event_store
from tests.support.clocks import counted_ids, ticking
from tests.support.comparison import (
    POLICIES,
    TASKS,
    current,
    naive_plan,
    same_outcome,
    same_plan,
    told,
)
from tests.support.naive import NaivePlan

scores = st.one_of(
    st.sampled_from([0.0, 0.5, 0.72, 1.0, -0.0, -3.0, 85.0]),
    st.floats(0.0, 1.0),
    st.floats(-10.0, 10.0),
)
task_ids = st.sampled_from([*TASKS, "nobody"])


class RandomWork(RuleBasedStateMachine):
    """Two plans, worked on at random through the registry and in the naive model."""

    plans = Bundle("plans")

    def __init__(self) -> None:
        super().__init__()
        self.store = memory_event_store()
        self.registry = PlanRegistry(self.store, clock=ticking(), new_id=counted_ids())
        self.naive: dict[str, NaivePlan] = {}
        self.judgements: list[int] = []

    @initialize(tasks=st.integers(1, 5), policy=st.sampled_from(POLICIES))
    def first_plan(self, tasks: int, policy: dict[str, Any]) -> None:
        self._create("p", tasks, policy)

    @initialize(tasks=st.integers(1, 5), policy=st.sampled_from(POLICIES))
    def second_plan(self, tasks: int, policy: dict[str, Any]) -> None:
        self._create("q", tasks, policy)

    @rule(plan=st.sampled_from("pq"), task=task_ids, score=scores)
    def score_prompt(self, plan: str, task: str, score: float) -> None:
        self._both(
            plan,
            lambda: self.registry.score_prompt(plan, task, score),
            lambda naive: naive.score_prompt(task, score),
        )

    @rule(plan=st.sampled_from("pq"), task=task_ids, score=scores, mark_done=st.booleans())
    def score_output(self, plan: str, task: str, score: float, *, mark_done: bool) -> None:
        self._both(
            plan,
            lambda: self.registry.score_output(plan, task, score, mark_done=mark_done),
            lambda naive: naive.score_output(task, score, mark_done=mark_done),
        )

    @rule(plan=st.sampled_from("pq"), task=task_ids, prompt=scores, output=scores)
    def update(self, plan: str, task: str, prompt: float, output: float) -> None:
        self._both(
            plan,
            lambda: self.registry.update(plan, task, prompt_score=prompt, output_score=output),
            lambda naive: naive.update(task, prompt, output),
        )

    @rule(plan=st.sampled_from("pq"), task=task_ids, kind=st.sampled_from(["prompt", "output"]))
    def record_scoring_failure(self, plan: str, task: str, kind: str) -> None:
        self._both(
            plan,
            lambda: self.registry.record_scoring_failure(plan, task, kind, "crashed"),
            lambda naive: naive.record_scoring_failure(task, kind),
        )

    @rule(plan=st.sampled_from("pq"), back=st.integers(0, 12))
    def retract_score(self, plan: str, back: int) -> None:
        version = self.naive[plan].version - back
        self._both(
            plan,
            lambda: self.registry.retract_score(plan, f"{plan}@{version}", "mistaken"),
            lambda naive: naive.retract_score(version),
        )

    @rule(
        plan=st.sampled_from("pq"),
        task=task_ids,
        status=st.sampled_from(["pending", "in_progress", "done", "failed", "replanning"]),
    )
    def mark_task(self, plan: str, task: str, status: str) -> None:
        self._both(
            plan,
            lambda: self.registry.mark_task(plan, task, status),
            lambda naive: naive.mark_task(task, status),
        )

    @rule(plan=st.sampled_from("pq"))
    def next_task(self, plan: str) -> None:
        def claimed() -> str | None:
            task = self.registry.next_task(plan)
            return task.id if task else None

        actual, expected = told(claimed), told(self.naive[plan].next_task)
        assert actual == expected

    @rule(plan=st.sampled_from("pq"), sure=st.integers(0, 9))
    def delete(self, plan: str, sure: int) -> None:
        if sure == 0:
            assert self.registry.delete(plan) == self.naive[plan].delete()

    @invariant()
    def the_figures_are_the_models(self) -> None:
        for plan_id, naive in self.naive.items():
            same_plan(current(self.registry, plan_id), naive)

    def teardown(self) -> None:
        reopened = PlanRegistry(self.store, clock=ticking(), new_id=counted_ids())
        for plan_id in self.naive:
            before = current(self.registry, plan_id)
            after = current(reopened, plan_id)
            assert after == before
            assert bits(after) == bits(before)

    def _create(self, plan_id: str, tasks: int, policy: dict[str, Any]) -> None:
        drafts = [{"id": task_id, "title": task_id} for task_id in TASKS[:tasks]]
        self.registry.create("g", drafts, plan_id=plan_id, policy=policy)
        self.naive[plan_id] = naive_plan(plan_id, tasks, policy)

    def _both(
        self, plan: str, ask: Callable[[], object], model: Callable[[NaivePlan], object]
    ) -> None:
        same_outcome(told(ask), told(lambda: model(self.naive[plan])))


def bits(plan: Plan) -> tuple[str, ...]:
    """Every figure of a plan to the last bit."""
    confidences = (task.confidence(plan.policy) for task in plan)
    return (
        plan.rolling_confidence.hex(),
        *(c.hex() if c is not None else "-" for c in confidences),
    )


SHORT = settings(
    max_examples=400,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestRandomWork = RandomWork.TestCase
TestRandomWork.settings = SHORT


class MuchRandomWork(RandomWork):
    """The same, five thousand times."""


TestMuchRandomWork = pytest.mark.soak(MuchRandomWork.TestCase)
TestMuchRandomWork.settings = settings(SHORT, max_examples=5_000)
