"""Simulated judges with known faults are named, and honest ones are not.

The long form does what `python -m tests.support.judge_worlds` does, whose table the docs have.
"""

from dataclasses import replace

import pytest

from tests.support.judge_worlds.plants import HONEST, PLANTED, USUAL, Planted
from tests.support.judge_worlds.table import findings
from tests.support.soak import short_and_long

SEEDS = 10_000
"""The worlds from this number on are other ones than those of the docs."""


@short_and_long("worlds", 1, 200)
@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.kind)
def test_the_largest_fault_is_named_in_nearly_all_worlds(planted: Planted, worlds: int) -> None:
    world = planted.world(replace(USUAL, plans=100), planted.sizes[-1])
    named = sum(
        any(one.kind is planted.kind for one in findings(world, SEEDS + seed))
        for seed in range(worlds)
    )
    assert named >= 0.8 * worlds


@short_and_long("worlds", 1, 1_000)
@pytest.mark.parametrize("name", HONEST)
def test_hardly_any_honest_world_has_a_finding(name: str, worlds: int) -> None:
    honest = replace(HONEST[name], plans=30)
    alarms = sum(bool(findings(honest, SEEDS + seed)) for seed in range(worlds))
    assert alarms <= 0.03 * worlds
