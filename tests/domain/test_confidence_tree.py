"""The rolling confidence that is kept is the one that is defined."""

import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from plangate.domain.confidence import rolling_confidence
from plangate.domain.judging import Judgement
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.recency_tree import ConfidenceTree, RecencyTree, tree_of
from plangate.domain.task import Task
from plangate.domain.vocabulary import Recency
from tests.support.properties import repeatable

SCORES = st.one_of(st.none(), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.72, 1.0]))
DECAYS = st.sampled_from([1.0, 0.85, 0.3, 1e-9, 5e-324])


BY_RECENCY = Policy(order=Recency.SCORED)


def a_task(index: int, version: int = 0, score: float | None = None) -> Task:
    given = () if score is None else (Judgement(score, version),)
    return replace(Task(f"t{index}", None, None, {}), output_judgements=given)


def a_plan(confidences: list[float | None], decay: float) -> Plan:
    tasks = {f"t{n}": a_task(n, n, given) for n, given in enumerate(confidences)}
    return Plan("p", policy=Policy(decay=decay), order=tuple(tasks), tasks=HashTrieMap(tasks))


def grown(plan: Plan) -> ConfidenceTree:
    return tree_of(plan.order, plan.tasks, plan.policy)


def defined(confidences: list[float | None], decay: float) -> float:
    return rolling_confidence((c for c in confidences if c is not None), decay)


@repeatable
@given(confidences=st.lists(SCORES, max_size=40), decay=DECAYS)
def test_a_tree_of_a_plan_says_what_is_defined(
    confidences: list[float | None], decay: float
) -> None:
    tree = grown(a_plan(confidences, decay))
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
    tree = grown(a_plan(confidences, decay))
    for index, score in scores:
        confidences[index % size] = score
        tree = tree.rescored(a_task(index % size), score)
        assert tree.rolling_confidence == pytest.approx(defined(confidences, decay), abs=1e-9)
    assert tree.root == grown(a_plan(confidences, decay)).root


@pytest.mark.parametrize("order", Recency)
def test_a_negative_zero_leaves_no_trace_in_any_bit(order: Recency) -> None:
    plan = replace(a_plan([-0.0], 1.0), policy=Policy(order=order))
    again = grown(plan).rescored(a_task(0, 1, 0.0), 0.0)
    assert [tree.rolling_confidence.hex() for tree in (grown(plan), again)] == ["0x0.0p+0"] * 2


@pytest.mark.parametrize("order", Recency)
def test_a_tree_knows_its_plan_and_weighs_both_scores_as_the_policy_says(order: Recency) -> None:
    plan = a_plan([0.5, 0.5], 1.0)
    both = replace(plan.tasks["t1"], prompt_judgements=(Judgement(1.0, 2),))
    policy = Policy(decay=1.0, prompt_weight=0.25, output_weight=0.75, order=order)
    plan = replace(plan, policy=policy, tasks=plan.tasks.insert("t1", both))

    assert grown(plan).order is plan.order
    assert grown(plan).rolling_confidence == (0.5 + 0.625) / 2


def test_an_older_tree_stays_as_it_was() -> None:
    older = grown(a_plan([0.5, None], 0.5))
    newer = older.rescored(a_task(1), 0.8)
    assert older.rolling_confidence == 0.5
    assert newer.rolling_confidence == pytest.approx(0.7)


def test_a_score_in_a_large_plan_touches_few_nodes() -> None:
    chance = random.Random(3)
    confidences: list[float | None] = [chance.random() for _ in range(10_000)]
    before = grown(a_plan(confidences, 0.9999))
    after = before.rescored(a_task(4711), 0.25)
    confidences[4711] = 0.25
    assert after.rolling_confidence == pytest.approx(defined(confidences, 0.9999), abs=1e-9)
    assert _new_nodes(before.root, after.root) <= 15


def test_the_largest_plan_has_a_finite_confidence() -> None:
    tree = grown(a_plan([1.0] * 10_000, 1.0))
    assert tree.rolling_confidence == 1.0
    assert tree.root[1] < inf


# --- where recent means scored last ---


def rescored(plan: Plan, index: int, score: float | None) -> tuple[Plan, Task]:
    """The plan and the task after one more event: a score, or the last one withdrawn."""
    version = plan.version + 1
    task = a_task(index, version, score)
    return replace(plan, version=version, tasks=plan.tasks.insert(task.id, task)), task


@repeatable
@given(
    size=st.integers(1, 12),
    decay=DECAYS,
    scores=st.lists(st.tuples(st.integers(0, 11), SCORES), max_size=150),
)
def test_a_score_moves_its_task_to_the_end_and_the_confidence_is_the_defined_one(
    size: int, decay: float, scores: list[tuple[int, float | None]]
) -> None:
    plan = a_plan([None] * size, decay)
    plan = replace(plan, policy=Policy(decay=decay, order=Recency.SCORED))
    tree = grown(plan)
    for index, score in scores:
        plan, task = rescored(plan, index % size, score)
        tree = tree.rescored(task, score)
        assert tree.rolling_confidence == pytest.approx(plan.rolling_confidence, abs=1e-9)
    assert tree.rolling_confidence == grown(plan).rolling_confidence


def test_a_tree_by_recency_says_the_same_to_the_bit_however_it_was_grown() -> None:
    """In whatever order the tasks are put into it, and whatever stood in it before."""
    chance = random.Random(5)
    for _ in range(50):
        tasks = [a_task(n, 1 + n * 7, chance.random()) for n in range(chance.randint(1, 40))]
        trees = []
        for _ in range(3):
            chance.shuffle(tasks)
            tree = RecencyTree(("t0",), HashTrieMap(), 0.85)
            tree = tree.rescored(a_task(99, chance.randint(1, 5_000), 0.3), 0.3)
            for task in tasks:
                tree = tree.rescored(task, task.output_score)
            trees.append(tree.rescored(a_task(99), None))
        assert len({tree.rolling_confidence for tree in trees}) == 1
        assert len(trees[0].slots) == len(tasks)


@pytest.mark.parametrize("first", [0, 1, 63])
def test_successive_scores_fill_different_slots(first: int) -> None:
    """Also where one part of the tree ends and the next begins, and where it has to grow."""
    plan = Plan("p", order=tuple(f"t{n}" for n in range(200)), policy=BY_RECENCY)
    tree = grown(replace(plan, tasks=HashTrieMap({t: a_task(0) for t in plan.order})))
    confidences: list[float | None] = []
    for index in range(200):
        confidences.append(index / 200)
        tree = tree.rescored(a_task(index, first + index, index / 200), index / 200)
        assert tree.rolling_confidence == pytest.approx(defined(confidences, 0.85), abs=1e-9)
    assert tree.order is plan.order


def test_a_score_after_a_million_events_touches_few_nodes_and_empty_slots_hold_nothing() -> None:
    tree = RecencyTree(("t0", "t1"), HashTrieMap(), 0.85).rescored(a_task(0, 1, 0.5), 0.5)
    for version in range(999_000, 1_000_000):
        before = tree
        tree = tree.rescored(a_task(1, version, 0.25), 0.25)
    assert _new_nodes(before.root, tree.root) <= 22
    assert _nodes(tree.root) <= 4 * 22
    assert tree.rolling_confidence == pytest.approx((0.85 * 0.5 + 0.25) / 1.85, abs=1e-12)


def test_the_tree_is_empty_when_every_score_is_retracted() -> None:
    tree = RecencyTree(("t0",), HashTrieMap(), 0.85).rescored(a_task(0, 1_000, 0.5), 0.5)
    assert tree.rescored(a_task(0), None).root == RecencyTree((), HashTrieMap(), 0.85).root
    assert tree.rescored(a_task(0), None).rolling_confidence == 1.0


def _nodes(node: object) -> int:
    return 1 + _nodes(node[3]) + _nodes(node[4]) if isinstance(node, tuple) else 0


def _new_nodes(before: object, after: object) -> int:
    if before is after or not isinstance(before, tuple) or not isinstance(after, tuple):
        return 0
    return 1 + _new_nodes(before[3], after[3]) + _new_nodes(before[4], after[4])
