"""One command given to plangate and to the naive model, and the two held side by side."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlangateError
from plangate.domain.plan import Plan
from tests.support.naive import NaivePlan, NaivePolicy, NaiveTask, Refused

TASKS = ("a", "b", "c", "d", "e")
POLICIES: list[dict[str, Any]] = [
    {},
    {"prompt_weight": 0.0, "output_weight": 1.0, "decay": 1.0},
    {"prompt_weight": 0.5, "output_weight": 0.5, "decay": 0.3, "confidence_threshold": 0.9},
    {"confidence_threshold": 0.5, "out_of_range": "refuse"},
    {"confidence_threshold": 1.0},
    {"confidence_threshold": 0.0, "decay": 1e-9},
]
DEFAULTS: NaivePolicy = {
    "prompt_weight": 0.35,
    "output_weight": 0.65,
    "decay": 0.85,
    "confidence_threshold": 0.72,
    "out_of_range": "clamp",
}


def naive_plan(plan_id: str, tasks: int, policy: dict[str, Any]) -> NaivePlan:
    """A fresh plan in the naive model."""
    return NaivePlan(
        plan_id, cast("NaivePolicy", DEFAULTS | policy), [NaiveTask(t) for t in TASKS[:tasks]]
    )


def told(ask: Callable[[], object]) -> object:
    """What a command answers: its result, or the name of its refusal."""
    try:
        return ask()
    except Refused as refusal:
        return str(refusal)
    except PlangateError as refusal:
        return type(refusal).__name__


def same_outcome(actual: object, expected: object) -> None:
    """Both refused alike, or neither."""
    refused = expected if isinstance(expected, str) and expected[0].isupper() else None
    assert (actual if isinstance(actual, str) else None) == refused


def same_plan(plan: Plan, naive: NaivePlan) -> None:
    """State and figures equal: figures to 1e-9, all else exactly."""
    assert plan.version == naive.version
    assert plan.deleted == naive.deleted
    assert plan.replan_count == naive.replan_count
    assert plan.state.value == naive.state()
    assert plan.rolling_confidence == pytest.approx(naive.rolling(), abs=1e-9)
    assert plan.needs_replan == naive.needs_replan()
    for task, expected in zip(plan, naive.tasks, strict=True):
        assert (task.id, task.status.value) == (expected.id, expected.status)
        assert task.replan_count == expected.replan_count
        assert task.prompt_score == expected.newest("prompt")
        assert task.output_score == expected.newest("output")
        confidence = naive.confidence(expected)
        if confidence is None:
            assert task.confidence(plan.policy) is None
        else:
            assert task.confidence(plan.policy) == pytest.approx(confidence, abs=1e-9)


def current(registry: PlanRegistry, plan_id: str) -> Plan:
    """The state a registry holds of a plan, also of a deleted one."""
    return registry._streams.current(plan_id).plan
