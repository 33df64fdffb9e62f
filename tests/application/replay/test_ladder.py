"""A ladder has the effect of each changed field, alone and together with those before it."""

import random
from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.replay.what_if import WhatIf
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset
from tests.support.model.random_work import RandomWork


def tried(registry: PlanRegistry, policy: Any) -> WhatIf:
    return registry.replay.what_if(policy=policy, ladder=True)


def test_each_rung_is_a_what_if_of_its_own(registry: PlanRegistry) -> None:
    RandomWork(registry, random.Random(7)).go_on(300)
    policy = {"decay": 0.5, "gate": "hold", "prompt_weight": 0.9, "latch": True}

    answer = tried(registry, policy)

    rungs = answer.ladder
    assert rungs is not None
    assert [tuple(rung.alone.changes) for rung in rungs] == [
        ("decay",),
        ("gate",),
        ("prompt_weight", "output_weight"),
        ("latch",),
    ]
    for rung in rungs:
        for point in (rung.alone, rung.together):
            other = registry.replay.what_if(policy=point.changes)
            assert (point.totals, point.unfit) == (other.replayed, len(other.unfit))
    assert rungs[-1].together.totals == answer.replayed
    assert rungs[-1].together.changes == {**policy, "output_weight": pytest.approx(0.1)}


def test_a_preset_is_taken_in_the_order_of_its_numbers(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.6)
    rungs = tried(registry, {"preset": "steady", "max_replans": 0, "gate": "hold"}).ladder
    assert rungs is not None
    assert [next(iter(rung.alone.changes)) for rung in rungs] == [
        *("order", "decay", "confidence_threshold", "min_scored", "consecutive_lows"),
        *("latch", "max_replans", "gate", "exit_threshold", "scarce_evidence"),
    ]
    assert rungs[6].alone.changes == {"max_replans": 0}
    named = tried(registry, Preset.STEADY.value).ladder
    assert named is not None
    assert named[2].alone.totals.replans == 0  # the threshold alone ends it
    whole = tried(registry, Policy(latch=True, decay=0.5)).ladder
    assert whole is not None
    assert [next(iter(rung.alone.changes)) for rung in whole] == ["decay", "latch"]


def test_a_change_that_contradicts_a_policy_is_named(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.6)
    answer = tried(registry, {"confidence_threshold": 0.5, "exit_threshold": 0.6})
    assert answer.ladder is not None
    threshold, exit_threshold = answer.ladder
    assert (threshold.alone.unfit, threshold.alone.why) == (0, None)
    assert (exit_threshold.alone.unfit, exit_threshold.alone.totals.plans) == (1, 0)
    assert exit_threshold.alone.why is not None
    assert "exit_threshold 0.6 must be at least" in exit_threshold.alone.why
    assert exit_threshold.together.unfit == 0


def test_a_point_of_a_sweep_that_contradicts_a_policy_says_why(registry: PlanRegistry) -> None:
    policy = {"exit_threshold": 0.8}
    registry.create("g", [{"title": "T"}], plan_id="p", policy=policy)
    fits, contradicts = registry.replay.sweep({"confidence_threshold": [0.8, 0.81]}).points
    assert fits.why is None
    assert contradicts.why is not None
    assert "exit_threshold 0.8 must be at least" in contradicts.why


def test_what_is_changed_is_listed_for_each_recorded_policy(registry: PlanRegistry) -> None:
    for name, policy in (("p1", {}), ("p2", {}), ("p3", {"decay": 0.9}), ("p4", {"latch": True})):
        registry.create("g", [{"title": "T"}], plan_id=name, policy=policy)

    answer = tried(registry, {"decay": 0.9, "latch": True})

    changes = [
        (change.plans, [(one.field, one.recorded, one.tried) for one in change.fields])
        for change in answer.changes
    ]
    assert changes == [
        (2, [("decay", 0.85, 0.9), ("latch", False, True)]),
        (1, [("latch", False, True)]),
        (1, [("decay", 0.85, 0.9)]),
    ]
    assert answer.ladder is not None
    assert [rung.plans for rung in answer.ladder] == [3, 3]


def test_a_policy_that_changes_nothing_has_no_rungs(registry: PlanRegistry, plan_id: str) -> None:
    answer = tried(registry, {})
    assert (answer.ladder, answer.changes[0].fields) == ((), ())
    assert registry.replay.what_if(plan_id, policy="steady").ladder is None


def test_the_last_part_has_what_is_said_of_all(registry: PlanRegistry, plan_id: str) -> None:
    registry.create("g", [{"title": "T"}], plan_id="p1")
    whole = tried(registry, "steady")
    *parts, last = registry.replay.what_if_parts(policy="steady", ladder=True)
    assert [plan.plan_id for part in parts for plan in part.plans] == [plan_id, "p1"]
    assert {part.ladder for part in parts} == {None}
    assert last == whole.model_copy(update={"plans": ()})
