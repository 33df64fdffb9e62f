"""The fewest tasks move."""

import pytest

from plangate.application.reordering import tasks_to_move


@pytest.mark.parametrize(
    "order, wanted, moved",
    [
        ("", "", ""),
        ("abc", "abc", ""),
        ("abc", "bca", "a"),
        ("abcd", "dabc", "d"),
        ("axbyc", "cab", "c"),
        ("abcdef", "acebdf", "ce"),
    ],
)
def test_the_fewest_tasks_move_into_an_order(order: str, wanted: str, moved: str) -> None:
    assert len(tasks_to_move(order, wanted)) == len(moved)
    staying = [one for one in wanted if one not in tasks_to_move(order, wanted)]
    assert staying == sorted(staying, key=order.index)
