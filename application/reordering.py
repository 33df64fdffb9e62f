"""The fewest tasks that have to move for one order of tasks to become another."""

from bisect import bisect_left
from collections.abc import Sequence


def tasks_to_move(order: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """The tasks of `wanted` that cannot stay where they are; `order` holds all of them."""
    ranks = {task_id: rank for rank, task_id in enumerate(order)}
    staying = _longest_ascent([ranks[task_id] for task_id in wanted])
    return {task_id for task_id in wanted if ranks[task_id] not in staying}


def _longest_ascent(numbers: Sequence[int]) -> set[int]:
    """The longest ascending selection of different numbers."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        before[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    found, last = set[int](), ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found
