"""Simulated judges whose agreement is known: works of tasks, judged again and again.

A score is the quality of its work and its task, plus what the judge makes of it, plus what the
judge makes of this plan, plus noise. The gate fires where the mean of a plan is low.
"""

from array import array
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.run_pairs import JudgedRun
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScorerKind

THRESHOLD: Final = 0.6
TASKS: Final = 6
BIAS: Final = (0.0, -0.05)
JUDGES: Final = tuple(JudgeKey(ScorerKind.MODEL, f"judge-{name}") for name in "ab")


class Truth(NamedTuple):
    """What would be found in endless data."""

    kappa: float
    alpha: float
    differs: float
    verdict_kappa: float


Floats = NDArray[np.float64]


def works(chance: np.random.Generator, count: int) -> Floats:
    """The quality of every task of some works."""
    return 0.65 + chance.normal(0, 0.12, (count, 1)) + chance.normal(0, 0.1, (count, TASKS))


def judged(chance: np.random.Generator, quality: Floats, judge: int, repeats: int) -> Floats:
    """The scores of each work, repeat and task."""
    count = len(quality)
    plan = chance.normal(0, 0.05, (count, repeats, 1))
    noise = chance.normal(0, 0.1, (count, repeats, TASKS))
    scores: Floats = np.clip(quality[:, None, :] + BIAS[judge] + plan + noise, 0.0, 1.0)
    return scores


def fires(scores: Floats) -> NDArray[np.bool_]:
    """Whether the gate fires in each plan."""
    fired: NDArray[np.bool_] = scores.mean(axis=-1) < THRESHOLD
    return fired


def runs(
    chance: np.random.Generator, quality: Floats, sizes: tuple[tuple[int, ...], ...]
) -> list[JudgedRun]:
    """Plans of each work: `sizes` has for each judge how many, in turn over the works."""
    found: list[JudgedRun] = []
    for judge, of_judge in enumerate(sizes):
        scores = judged(chance, quality, judge, max(of_judge))
        for work, of_work in enumerate(scores):
            for plan in of_work[: of_judge[work % len(of_judge)]]:
                kept = chance.random(TASKS) > 0.1  # some scores are missing
                found.append(
                    JudgedRun(
                        work=work,
                        plan=len(found),
                        judge=JUDGES[judge],
                        labels=array("Q", np.flatnonzero(kept).tolist()),
                        scores=array("d", plan[kept].tolist()),
                        low=bytes(plan[kept] < THRESHOLD),
                        fires=(bool(fires(plan)),),
                    )
                )
    return found


def truth(quality: Floats, judges: tuple[int, int], weights: Any = 1.0, many: int = 2) -> Truth:
    """What two judges, or one and its repeat, lead to, from many scores of each work.

    With `weights` a work counts by them.
    """
    chance = np.random.default_rng(77)
    first, second = (judged(chance, quality, judge, many) for judge in judges)
    weight = np.broadcast_to(np.asarray(weights, dtype=np.float64), len(quality))
    by_score = np.broadcast_to(weight[:, None, None], first.shape)
    by_plan = np.broadcast_to(weight[:, None], first.shape[:2])
    both = np.concatenate([first.ravel(), second.ravel()])
    mean = np.average(both, weights=np.tile(by_score.ravel(), 2))
    expected = 2 * np.average((both - mean) ** 2, weights=np.tile(by_score.ravel(), 2))
    fired = fires(first), fires(second)
    return Truth(
        kappa=_kappa(first < THRESHOLD, second < THRESHOLD, by_score),
        alpha=1 - np.average((first - second) ** 2, weights=by_score) / expected,
        differs=float(np.average(fired[0] != fired[1], weights=by_plan)),
        verdict_kappa=_kappa(*fired, by_plan),
    )


def _kappa(first: NDArray[np.bool_], second: NDArray[np.bool_], weights: Floats) -> float:
    one, other = np.average(first, weights=weights), np.average(second, weights=weights)
    chance = one * (1 - other) + (1 - one) * other
    return float(1 - np.average(first != second, weights=weights) / chance)
