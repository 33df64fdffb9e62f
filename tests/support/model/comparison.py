"""Compare plangate with the naive model."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from plangate.domain.commands import CreatePlan, NewTask
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.verdict import may_continue, takeable, verdict
from tests.support.clocks import DAWN
from tests.support.model.commands import TASKS
from tests.support.model.naive import NaivePlan, NaivePolicy, NaiveTask

POLICIES: list[dict[str, Any]] = [
    {},
    {"prompt_weight": 0.0, "output_weight": 1.0, "decay": 1.0, "gate": "hold"},
    {"prompt_weight": 0.5, "output_weight": 0.5, "decay": 0.3, "confidence_threshold": 0.9},
    {"confidence_threshold": 0.5, "out_of_range": "refuse", "attempt_scores": "reset"},
    {"confidence_threshold": 1.0, "gate": "hold", "attempt_scores": "reset"},
    {"confidence_threshold": 0.0, "decay": 1e-9},
    {"order": "scored", "max_replans": 1},
    {"min_scored": 3, "max_replans": 0, "decay": 0.3, "order": "scored"},
    {"consecutive_lows": 2, "decay": 0.5},
    {"exit_threshold": 0.9, "gate": "hold"},
    {"latch": True, "confidence_threshold": 0.6, "attempt_scores": "reset"},
    {"order": "scored", "min_scored": 2, "consecutive_lows": 2, "exit_threshold": 0.8}
    | {"latch": True, "max_replans": 1},
    {"min_scored": 3, "scarce_evidence": "judge"},
    {"min_scored": 4, "scarce_evidence": "judge", "order": "scored", "consecutive_lows": 2}
    | {"latch": True, "decay": 0.9, "confidence_threshold": 0.5, "max_replans": 1},
    {"judges": "mean"},
    {"judges": "median", "order": "scored", "attempt_scores": "reset", "gate": "hold"},
    {"judges": "min", "min_judges": 2, "consecutive_lows": 2, "latch": True},
    {"judges": "trimmed", "min_judges": 2, "order": "scored", "min_scored": 2}
    | {"scarce_evidence": "judge"},
    {"min_judges": 2, "exit_threshold": 0.8, "max_replans": 1},
    {"min_judges": 3, "judges": "mean", "prompt_weight": 0.0, "output_weight": 1.0},
]
DEPENDENCIES: list[dict[str, list[str]]] = [
    {},
    {},
    {"b": ["a"], "c": ["a"], "d": ["b", "c"]},
    {"a": ["b"], "b": ["c"]},
]


def a_plan(tasks: int, policy: int, dependencies: int) -> tuple[CreatePlan, NaivePlan]:
    """The command for a plan, and the plan in the naive model."""
    ids = TASKS[:tasks]
    on = {t: [d for d in DEPENDENCIES[dependencies].get(t, []) if d in ids] for t in ids}
    numbers = Policy(**POLICIES[policy])
    command = CreatePlan(
        goal="g",
        tasks=tuple(NewTask(id=t, title=t, depends_on=tuple(on[t])) for t in ids),
        policy=numbers,
    )
    policy_data = cast("NaivePolicy", numbers.model_dump(mode="json"))
    return command, NaivePlan("p", policy_data, [NaiveTask(t, on[t]) for t in ids])


def at(naive: NaivePlan) -> datetime:
    """The naive model's time as plangate knows it."""
    return DAWN + timedelta(seconds=naive.now)


def same_plan(plan: Plan, naive: NaivePlan) -> None:
    """Compare state and numbers: confidences to 1e-9, all else exactly."""
    assert plan.version == naive.version
    assert plan.state.value == naive.state()
    assert plan.replan_due == naive.due
    assert plan.replan_count == naive.replan_count
    assert plan.gate.tripped == naive.tripped
    assert plan.gate.lows == (naive.lows if naive.has_memory() else 0)
    assert (plan.gate.replans, plan.is_exhausted) == (naive.replans, naive.exhausted())
    assert plan.rolling_confidence == pytest.approx(naive.rolling(), abs=1e-9)
    assert plan.needs_replan == naive.needs_replan()
    assert [task.id for task in plan if plan.is_ready(task)] == naive.ready()
    now = at(naive)
    assert verdict(plan, now).value == naive.verdict()
    assert may_continue(plan, now) is naive.may_continue()
    assert [task.id for task in takeable(plan, now)] == naive.could_be_taken()
    for task, expected in zip(plan, naive.tasks, strict=True):
        assert (task.id, task.status.value) == (expected.id, expected.status)
        assert set(task.depends_on) == set(expected.depends_on)
        assert (task.replan_count, task.attempt) == (expected.replan_count, expected.attempt)
        assert (task.claim and task.claim.token) == expected.token
        assert (task.deferred is not None) is expected.deferred
        for score, kind in ((task.prompt_score, "prompt"), (task.output_score, "output")):
            said = naive.score(expected, kind)
            assert score == (said if said is None else pytest.approx(said, abs=1e-12))
        assert task.awaits_judges is naive.awaits_judges(expected)
        lease = expected.claimed_at if expected.lease_until is None else expected.lease_until
        until = DAWN + timedelta(seconds=lease)
        assert not task.claim or (task.claim.until or until) == until
        confidence = naive.confidence(expected)
        if confidence is None:
            assert task.confidence(plan.policy) is None
        else:
            assert task.confidence(plan.policy) == pytest.approx(confidence, abs=1e-9)
