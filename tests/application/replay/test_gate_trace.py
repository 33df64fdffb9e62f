"""A firing is a bell where work can go on, and a stop where the gate holds it from then on."""

from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.replay.totals import Totals


def counted(totals: Totals) -> tuple[int, int, int, int]:
    return totals.replans, totals.bells, totals.stops, totals.stopped


@pytest.mark.parametrize(
    "policy, expected",
    [
        ({}, (3, 3, 0, 0)),
        ({"gate": "hold"}, (3, 0, 1, 1)),  # two more at work that was taken before
        ({"max_replans": 1}, (3, 1, 1, 1)),
        ({"max_replans": 0}, (3, 0, 1, 1)),
        ({"max_replans": 3}, (3, 3, 0, 0)),
        ({"latch": True}, (1, 1, 0, 0)),
        ({"confidence_threshold": 0.0}, (0, 0, 0, 0)),
    ],
)
def test_bells_and_stops_are_counted_apart(
    registry: PlanRegistry, plan_id: str, policy: dict[str, Any], expected: tuple[int, ...]
) -> None:
    for task in "abc":
        registry.score_output(plan_id, task, 0.1)

    answer = registry.replay.what_if(policy=policy)

    assert counted(answer.recorded) == (3, 3, 0, 0)
    assert counted(answer.replayed) == expected
    final = answer.plans[0].replayed
    assert (final.replan_count, final.bells, final.stops) == expected[:3]


def test_a_gate_that_lets_work_go_on_may_stop_it_again(
    registry: PlanRegistry, plan_id: str
) -> None:
    for task in "ab":
        registry.score_output(plan_id, task, 0.1)
        registry.approve(plan_id, "go on")

    answer = registry.replay.what_if(policy={"gate": "hold"})

    assert counted(answer.recorded) == (2, 2, 0, 0)
    assert counted(answer.replayed) == (2, 0, 2, 1)
