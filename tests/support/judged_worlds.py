"""Simulated worlds of judged and decided work, of which the truth is known."""

import math
import random
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter

from plangate.application.evidence.cases import Case, CaseScore
from plangate.application.evidence.gate_cases import GateCounts

THRESHOLDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
STOPS_BELOW = 0.6
DAYS = 360


def mild(score: float) -> float:
    """The chance that a result with this score is accepted: the judge is too mild."""
    return 0.3 + 0.65 * score * math.sqrt(score)


def world(
    chance: random.Random,
    plans: int,
    truth: Callable[[float], float] = mild,
    *,
    drift: float = 0.0,
    change: float = 0.0,
) -> list[Case]:
    """Plans of one to six tasks, over a year; those of one plan are alike.

    Half of them share their plan's luck and score. The judge's score grows by `drift` in
    30 days, and by `change` in the middle of the year.
    """
    cases = []
    for number in range(plans):
        shared = chance.betavariate(3.0, 1.5)
        luck = chance.random()
        day = DAYS * chance.random()
        for _ in range(chance.randint(1, 6)):
            alike = chance.random() < 0.5
            score = shared if alike else chance.betavariate(3.0, 1.5)
            accepted = (luck if alike else chance.random()) < truth(score)
            given = score + drift * day / 30 + change * (day > DAYS / 2)
            cases.append(
                Case(
                    f"p{number}",
                    score,
                    accepted,
                    stopped=score < STOPS_BELOW,
                    scores=(CaseScore("judge", "1", given, day),),
                )
            )
    return cases


def gate_counts(cases: list[Case]) -> GateCounts:
    """What a gate that judges each result by itself stops at some thresholds."""
    counts = GateCounts([None] * len(THRESHOLDS))
    for _, cases_of_plan in groupby(cases, attrgetter("plan_id")):
        own = list(cases_of_plan)
        counts.bad.append(sum(not case.accepted for case in own))
        counts.good.append(sum(case.accepted for case in own))
        for threshold, bad, good in zip(
            THRESHOLDS, counts.stopped_bad, counts.stopped_good, strict=True
        ):
            below = [case for case in own if case.confidence < threshold]
            bad.append(sum(not case.accepted for case in below))
            good.append(sum(case.accepted for case in below))
    return counts
