"""How often a judge that changed is found, and how often one that did not."""

import random

import numpy as np
import pytest

from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.judges import change_point, drift
from tests.support.cases import cases_of
from tests.support.judged_worlds import DAYS, world
from tests.support.soak import FIRST_SEED, short_and_long

LEVEL = 0.05
RISES = {"stable": (0.0, 0.0), "drift": (0.03, 0.0), "change": (0.0, 0.25)}


def found(plans: int, rise: tuple[float, float], seed: int) -> tuple[bool, bool, int]:
    """Whether a drift and a change point are found in one world, and on which day."""
    given = cases_of(world(random.Random(seed), plans, drift=rise[0], change=rise[1])).scores
    columns, day = Columns.of(given), np.array(given.day)
    trend = drift(columns, day, resamples=200, seed=seed)
    change = change_point(columns, day, permutations=199, seed=seed)
    assert trend.p is not None
    assert change.p is not None
    assert change.day is not None
    return trend.p <= LEVEL, change.p <= LEVEL, change.day.toordinal() - 719_163


def counted(plans: int, rise: tuple[float, float], worlds: int) -> tuple[int, int, list[int]]:
    results = [found(plans, rise, seed) for seed in range(FIRST_SEED, FIRST_SEED + worlds)]
    days = [day for _, changed, day in results if changed]
    return sum(one for one, _, _ in results), sum(one for _, one, _ in results), days


@short_and_long("worlds", 12, 1_000)
def test_a_judge_that_changed_is_found_and_one_that_did_not_is_not(worlds: int) -> None:
    if worlds >= 1_000:
        for plans in (40, 100, 250):
            for name, rise in RISES.items():
                drifts, changes, days = counted(plans, rise, worlds)
                middle = float(np.median(days)) if days else 0.0
                print(f"{name}, {plans} plans: drift {drifts / worlds:.1%}, ", end="")
                print(f"change point {changes / worlds:.1%}, median day {middle:.0f} of {DAYS}")
                if name == "stable":
                    assert drifts <= 0.07 * worlds
                    assert changes <= 0.07 * worlds
    else:
        drifts, changes, _ = counted(60, RISES["stable"], worlds)
        assert max(drifts, changes) <= worlds / 3
        assert counted(250, RISES["drift"], worlds // 3)[0] == worlds // 3
        _, changes, days = counted(250, RISES["change"], worlds // 3)
        assert changes == worlds // 3
        assert float(np.median(days)) == pytest.approx(DAYS / 2, abs=30)
