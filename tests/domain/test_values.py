"""Values made from earlier ones."""

import pickle
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pytest

from plangate.domain.judging import Judgement, Judgements
from plangate.domain.task import Task
from plangate.domain.task_changes import add_judgement
from plangate.domain.values import NewestFirst, changed, of_fields
from plangate.domain.vocabulary import ScoreKind


def grown(*elements: int) -> Sequence[int]:
    """The elements, the last of which was put in front first."""
    sequence: Sequence[int] = ()
    for element in reversed(elements):
        sequence = NewestFirst(element, sequence)
    return sequence


def test_a_changed_value_differs_in_what_was_changed_and_leaves_the_earlier_one() -> None:
    task = Task("a", "A", None, {})
    assert changed(task, title="B") == replace(task, title="B")
    assert task.title == "A"


def test_a_sequence_that_grows_at_its_front_is_a_sequence() -> None:
    sequence = grown(3, 2, 1)
    assert (len(sequence), list(sequence), sequence[0], sequence[2]) == (3, [3, 2, 1], 3, 1)
    assert (sequence[:1], sequence[1:], sequence[-1]) == ((3,), (2, 1), 1)
    assert list(reversed(sequence)) == [1, 2, 3]
    assert 2 in sequence
    with pytest.raises(IndexError):
        sequence[3]


def test_it_equals_a_tuple_of_the_same_elements() -> None:
    sequence = grown(2, 1)
    assert sequence == (2, 1) == sequence
    assert sequence == grown(2, 1)
    assert sequence not in ((), (2,), (1, 2), grown(1), [2, 1])
    assert hash(sequence) == hash((2, 1))
    assert repr(sequence) == "(2, 1)"


def test_an_earlier_one_stays_as_it_was_and_two_may_share_it() -> None:
    shared = NewestFirst(1, (0,))
    two, three = NewestFirst(2, shared), NewestFirst(3, shared)
    assert [tuple(two), tuple(three), tuple(shared)] == [(2, 1, 0), (3, 1, 0), (1, 0)]


def test_a_long_one_is_copied_and_compared() -> None:
    sequence = grown(*range(20_000))
    assert deepcopy(sequence) == sequence
    assert pickle.loads(pickle.dumps(sequence)) == sequence  # noqa: S301  (of our own making)
    assert sequence[19_999] == 19_999


def test_one_more_score_copies_none_of_the_earlier_ones() -> None:
    task = Task("a", None, None, {})
    for version in range(1, 100):
        earlier: Judgements = task.output_judgements
        add_judgement(vars(task), ScoreKind.OUTPUT, Judgement(0.5, version))
        assert isinstance(task.output_judgements, NewestFirst)
        assert task.output_judgements.older is earlier


def test_a_value_is_made_of_all_its_fields() -> None:
    task = Task("a", "A", None, {})
    assert of_fields(Task, dict(vars(task))) == task
