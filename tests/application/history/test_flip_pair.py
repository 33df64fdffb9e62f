"""The smallest pair of scores flips the gate, and no smaller one does."""

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest

from plangate.application.history.flip import Balance, Lever
from plangate.application.history.flip_pair import ScorePair, smallest_pair
from plangate.domain.confidence import reaches
from plangate.domain.event_ids import version_of
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Judges, Recency, ScoreKind, Scorer, ScorerKind
from tests.support.examples import OUTPUT, PROMPT, created, scored
from tests.support.soak import short_and_long

SCORERS = [Scorer(kind=ScorerKind.MODEL, name=name) for name in ("ann", "ben", "cy", "dee")]
_STEPS = 8
"""The brute search tries one of the two scores at so many steps, and halves for the other."""


@short_and_long("plans", 25, 2_000)
def test_a_pair_flips_the_gate_and_no_smaller_one_was_found_by_trying(plans: int) -> None:
    found, none = 0, 0
    for seed in range(plans):
        events = some_plan(random.Random(seed))
        balance = Balance.of(fold(Plan("p"), events))
        if any(balance.smallest_change(place) for place in range(len(balance.tasks))):
            continue
        pair, tried = smallest_pair(balance), min(sizes_by_trying(balance), default=None)
        assert (pair is None) is (tried is None)
        if pair is None or tried is None:
            none += 1
            continue
        found += 1
        assert pair.size <= tried + 1e-9
        assert_flips(events, balance, pair)
    assert found > plans / 10
    assert none > plans / 60


def some_plan(chance: random.Random) -> list[PlanEvent]:
    """Few scores, which leave the confidence far from the threshold."""
    policy = Policy(
        prompt_weight=0.5,
        output_weight=0.5,
        confidence_threshold=chance.choice([0.3, 0.5, 0.72]),
        decay=chance.choice([0.85, 1.0]),
        order=chance.choice([*Recency]),
        judges=chance.choice([*Judges]),
    )
    events: list[PlanEvent] = [created("t0", "t1", "t2", policy=policy)]
    low = chance.random() < 0.5
    for _ in range(chance.randint(2, 6)):
        score = round(chance.random() * 0.4, 2) if low else 1.0 - round(chance.random() * 0.3, 2)
        task, kind = f"t{chance.randrange(chance.choice([1, 3]))}", chance.choice([*ScoreKind])
        events.append(scored(task, kind, score, scorer=chance.choice(SCORERS)))
    return events


def sizes_by_trying(balance: Balance) -> Iterator[float]:
    levers = [lever for place in range(len(balance.tasks)) for lever in balance.levers(place)]
    for one, other in combinations(levers, 2):
        yield from _tried(balance, one, other)
        yield from _tried(balance, other, one)


def _tried(balance: Balance, one: Lever, other: Lever) -> Iterator[float]:
    end = 1.0 if balance.is_low else 0.0
    begin = one.judgement.score
    for step in range(_STEPS + 1):
        to = begin + (end - begin) * step / _STEPS
        near, far = other.judgement.score, end
        if not _flips(balance, (one, to), (other, far)):
            continue
        for _ in range(40):
            middle = (near + far) / 2
            is_enough = _flips(balance, (one, to), (other, middle))
            near, far = (near, middle) if is_enough else (middle, far)
        yield abs(to - begin) + abs(far - other.judgement.score)


def _flips(balance: Balance, *given: tuple[Lever, float]) -> bool:
    return reaches(balance.with_scores(*given), balance.line) is balance.is_low


def assert_flips(events: Sequence[PlanEvent], balance: Balance, pair: ScorePair) -> None:
    """Folded anew with the two other scores, the plan is on the other side of its threshold."""
    other = [*events]
    for change in (pair.one, pair.other):
        at = (version_of(change.event_id) or 0) - 1
        assert 0.0 <= change.to_score <= 1.0
        other[at] = other[at].model_copy(update={"score": change.to_score})
    plan = fold(Plan("p"), other)
    assert plan.needs_replan is not balance.plan.needs_replan
    assert plan.rolling_confidence == pair.rolling_confidence


def test_an_example_worked_out_by_hand() -> None:
    """The mean of 0.5, 0.7 and 0.9 needs 0.6 more in all; no score has so much room."""
    policy = Policy(decay=1.0, confidence_threshold=0.9)
    scores = {"t0": 0.5, "t1": 0.7, "t2": 0.9}
    events: list[PlanEvent] = [
        created(*scores, policy=policy),
        *(scored(t, OUTPUT, s) for t, s in scores.items()),
    ]
    pair = smallest_pair(Balance.of(fold(Plan("p"), events)))
    assert pair is not None
    assert (pair.one.task_id, pair.one.to_score) == ("t0", 1.0)
    assert pair.other.task_id in {"t1", "t2"}
    assert pair.size == pytest.approx(0.6, abs=1e-9)
    assert pair.other.size == pytest.approx(0.1, abs=1e-9)


def test_both_judges_of_a_task_must_change_where_the_lower_one_counts() -> None:
    policy = Policy(judges=Judges.MIN, confidence_threshold=0.5)
    events: list[PlanEvent] = [
        created("t0", policy=policy),
        *(scored("t0", OUTPUT, 0.2 + n / 10, scorer=SCORERS[n]) for n in range(2)),
    ]
    balance = Balance.of(fold(Plan("p"), events))
    pair = smallest_pair(balance)
    assert balance.smallest_change(0) is None
    assert pair is not None
    assert (pair.one.to_score, pair.other.to_score) == (pair.one.to_score,) * 2
    assert pair.one.to_score == pytest.approx(0.5, abs=1e-11)
    assert {pair.one.judge, pair.other.judge} == {"model:ann", "model:ben"}


def test_no_two_scores_may_be_enough() -> None:
    policy = Policy(decay=1.0)
    tasks = [f"t{n}" for n in range(9)]
    events: list[PlanEvent] = [
        created(*tasks, policy=policy),
        *(scored(t, PROMPT, 0.1) for t in tasks),
    ]
    assert smallest_pair(Balance.of(fold(Plan("p"), events))) is None


def test_the_scores_of_a_very_large_panel_are_not_tried_with_each_other() -> None:
    policy = Policy(judges=Judges.MIN, confidence_threshold=0.5)
    crowd = [Scorer(kind=ScorerKind.CODE, name=str(number)) for number in range(13)]
    events: list[PlanEvent] = [
        created("t0", policy=policy),
        *(scored("t0", OUTPUT, 0.2 if n < 2 else 0.9, scorer=one) for n, one in enumerate(crowd)),
    ]
    assert smallest_pair(Balance.of(fold(Plan("p"), events))) is None
    events.pop()
    assert smallest_pair(Balance.of(fold(Plan("p"), events))) is not None


def test_a_rule_that_takes_the_newest_score_has_no_pairs_of_judges() -> None:
    policy = Policy(min_judges=2, confidence_threshold=0.5)
    events: list[PlanEvent] = [
        created("t0", policy=policy),
        *(scored("t0", OUTPUT, 0.2, scorer=SCORERS[n]) for n in range(2)),
    ]
    balance = Balance.of(fold(Plan("p"), events))
    change = balance.smallest_change(0)
    assert change is not None
    assert (change.judge, change.event_id) == ("model:ben", "p@3")
    assert smallest_pair(balance) is None


def test_a_pair_that_leads_to_within_a_hair_of_the_threshold_is_not_enough() -> None:
    """With 1.0 for the first two tasks the confidence is 0.75, a hair below the threshold."""
    policy = Policy(decay=1.0, confidence_threshold=0.75 + 1e-12 + 5e-14)
    scores = {"t0": 0.0, "t1": 0.0, "t2": 0.25}
    events: list[PlanEvent] = [created(*scores, policy=policy)]
    events += (scored(task, OUTPUT, score) for task, score in scores.items())
    assert smallest_pair(Balance.of(fold(Plan("p"), events))) is None
