"""The rolling confidence that is kept is the one that is defined."""

import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from plangate.application.views.confidence_tree import ConfidenceTree
from plangate.domain.confidence import rolling_confidence
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.task import Judgement, Task
from tests.support.properties import repeatable

SCORES = st.one_of(st.none(), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.72, 1.0]))
DECAYS = st.sampled_from([1.0, 0.85, 0.3, 1e-9, 5e-324])


def a_plan(confidences: list[float | None], decay: float) -> Plan:
    tasks = {
        f"t{n}": replace(
            Task(f"t{n}", None, None, {}),
            output_judgements=() if given is None else (Judgement(given, n),),
        )
        for n, given in enumerate(confidences)
    }
    return Plan("p", policy=Policy(decay=decay), order=tuple(tasks), tasks=HashTrieMap(tasks))


def defined(confidences: list[float | None], decay: float) -> float:
    return rolling_confidence((c for c in confidences if c is not None), decay)


@repeatable
@given(confidences=st.lists(SCORES, max_size=40), decay=DECAYS)
def test_a_tree_of_a_plan_says_what_is_defined(
    confidences: list[float | None], decay: float
) -> None:
    tree = ConfidenceTree.of(a_plan(confidences, decay))
    assert tree.rolling_confidence == pytest.approx(defined(confidences, decay), abs=1e-9)


@repeatable
@given(
    size=st.integers(1, 40),
    decay=DECAYS,
    scores=st.lists(st.tuples(st.integers(0, 39), SCORES), max_size=60),
)
def test_scores_change_it_and_the_order_they_came_in_changes_no_bit(
    size: int, decay: float, scores: list[tuple[int, float | None]]
) -> None:
    confidences: list[float | None] = [None] * size
    tree = ConfidenceTree.of(a_plan(confidences, decay))
    for place, score in scores:
        confidences[place % size] = score
        tree = tree.rescored(f"t{place % size}", score)
        assert tree.rolling_confidence == pytest.approx(defined(confidences, decay), abs=1e-9)
    assert tree.root == ConfidenceTree.of(a_plan(confidences, decay)).root


def test_an_older_tree_stays_as_it_was() -> None:
    older = ConfidenceTree.of(a_plan([0.5, None], 0.5))
    newer = older.rescored("t1", 0.8)
    assert older.rolling_confidence == 0.5
    assert newer.rolling_confidence == pytest.approx(0.7)


def test_a_score_in_a_large_plan_touches_few_nodes() -> None:
    chance = random.Random(3)
    confidences: list[float | None] = [chance.random() for _ in range(10_000)]
    before = ConfidenceTree.of(a_plan(confidences, 0.9999))
    after = before.rescored("t4711", 0.25)
    confidences[4711] = 0.25
    assert after.rolling_confidence == pytest.approx(defined(confidences, 0.9999), abs=1e-9)
    assert _new_nodes(before.root, after.root) <= 15


def test_no_figure_is_lost_to_infinity_in_the_largest_plan() -> None:
    tree = ConfidenceTree.of(a_plan([1.0] * 10_000, 1.0))
    assert tree.rolling_confidence == 1.0
    assert tree.root[1] < inf


def _new_nodes(before: object, after: object) -> int:
    if before is after or not isinstance(before, tuple) or not isinstance(after, tuple):
        return 0
    return 1 + _new_nodes(before[3], after[3]) + _new_nodes(before[4], after[4])
