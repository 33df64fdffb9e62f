"""The 95 % intervals hold the truth in 92 % to 97 % of simulated worlds, each kind of them."""

import random
from functools import cache

import numpy as np

from plangate.application.evidence.cases import Case
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Cost
from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.gates import costs, gate_shares
from plangate.infrastructure.statistics.isotonic import worth
from plangate.infrastructure.statistics.judges import drift
from plangate.infrastructure.statistics.reliability import whole_and_shares
from tests.support.cases import cases_of
from tests.support.judged_worlds import THRESHOLDS, gate_counts, mild, world
from tests.support.soak import FIRST_SEED, short_and_long

SCORES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COST = Cost(missed=5, stopped=1)
DRIFT = 0.02
SIZES = (30, 60, 100)


def figures(cases: list[Case], resamples: int, seed: int) -> dict[str, Estimate]:
    """Every kind of estimate of one world."""
    given = cases_of(cases)
    columns, judged = Columns.of(given), Columns.of(given.scores)
    draws = {"resamples": resamples, "seed": seed}
    low = columns.score < 0.5
    whole, (in_bin,) = whole_and_shares(columns, [(columns.accepted, low)], **draws)
    precision, recall, good_stopped = gate_shares(given, **draws)
    prices = costs(gate_counts(cases), THRESHOLDS, COST, **draws)
    trend = drift(judged, np.array(given.scores.day), **draws)
    fits = worth(columns, SCORES, **draws)
    return {
        "accepted": whole.accepted,
        "ranking": whole.ranking,
        "brier": whole.brier,
        "base brier": whole.base_brier,
        "bias": whole.bias,
        "share in a bin": in_bin,
        "precision of the gate": precision,
        "recall of the gate": recall,
        "good work stopped": good_stopped,
        "cost of never": prices.points[0].mean,
        "cost of 0.6": prices.points[3].mean,
        "extra cost of 0.3": prices.points[1].extra,
        "drift": trend.slope,
        **{f"worth of {fit.score}": fit.accepted for fit in fits},
    }


@cache
def truth(plans: int) -> dict[str, float]:
    """The same figures of a world so large that chance hardly counts."""
    cases = world(random.Random(0), plans, drift=DRIFT)
    found = {name: one.value for name, one in figures(cases, 2, 0).items() if one.value is not None}
    known = {"drift": DRIFT, **{f"worth of {score}": mild(score) for score in SCORES}}
    return found | known


@short_and_long("worlds", 20, 1_000)
def test_intervals_hold_the_truth_as_often_as_they_say(worlds: int) -> None:
    true = truth(100 * worlds)
    held, made = dict.fromkeys(true, 0), dict.fromkeys(true, 0)
    resamples = 100 if worlds < 100 else 500
    for seed in range(FIRST_SEED, FIRST_SEED + worlds):
        cases = world(random.Random(seed + 1), SIZES[seed % len(SIZES)], drift=DRIFT)
        for name, one in figures(cases, resamples, seed).items():
            if one.low is not None and one.high is not None:
                made[name] += 1
                held[name] += one.low <= true[name] <= one.high
    for name, times in held.items():
        print(
            f"{name}: {times} of {made[name]} intervals hold it, {100 * times / made[name]:.1f} %"
        )
    if worlds >= 1_000:
        assert all(0.92 <= held[name] / made[name] <= 0.97 for name in held)
    else:
        assert all(made[name] >= worlds / 3 for name in held)
        assert all(held[name] >= 0.7 * made[name] for name in held)
