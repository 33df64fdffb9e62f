"""Groups of plans that belong together, and folds of whole groups.

What is chosen on some folds is tested on another, so nothing may be on both sides: plans of
one goal, or with a label in common, are one group, and so are plans of the same work.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import StrEnum

from plangate.application.evidence.same_work import Works
from plangate.application.replay.tuning_cases import PlanRow


class By(StrEnum):
    """What plans of one group have in common.

    A plan without labels is grouped by its goal, one whose text was erased stands alone.
    """

    GOAL = "goal"
    LABEL = "label"


def groups_of(rows: Sequence[PlanRow], works: Works, by: By) -> dict[str, str]:
    """The group of each plan: the least id of the plans in it."""
    joined = _Joined()
    for row in rows:
        plan = ("plan", row.plan_id)
        joined.find(plan)
        for what in _in_common(row, works, by):
            joined.join(plan, what)
    least: dict[Hashable, str] = {}
    for row in rows:
        root = joined.find(("plan", row.plan_id))
        least[root] = min(least.get(root, row.plan_id), row.plan_id)
    return {row.plan_id: least[joined.find(("plan", row.plan_id))] for row in rows}


def folds_of(kinds: Mapping[str, Iterable[bool]], folds: int, seed: int) -> dict[str, int]:
    """The fold of each group, the same for the same seed; as many folds as groups at most.

    `kinds` says for each group which kinds of cases it has, bad or not. Groups with the same
    kinds are dealt out in turn, so that no fold has all the bad cases while there are two
    groups of them.
    """
    ordered = sorted(kinds, key=lambda group: (_rank(set(kinds[group])), _shuffled(group, seed)))
    return {group: number % folds for number, group in enumerate(ordered)}


def _in_common(row: PlanRow, works: Works, by: By) -> Iterable[Hashable]:
    work = works.of(row.plan_id)
    if work is not None:
        yield "work", work.key
    if by is By.LABEL and row.labels:
        yield from (("label", label) for label in row.labels)
    elif row.goal is not None:
        yield "goal", row.goal


def _rank(kinds: set[bool]) -> int:
    """Only bad, both, only good."""
    return 2 - (True in kinds) - (kinds == {True})


def _shuffled(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{group}".encode()).digest()


class _Joined:
    """Sets of things that are joined one after the other."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def find(self, one: Hashable) -> Hashable:
        parent = self._parents.setdefault(one, one)
        while parent != one:
            above = self._parents[parent]
            self._parents[one] = above
            one, parent = parent, self._parents[above]
        return one

    def join(self, one: Hashable, other: Hashable) -> None:
        self._parents[self.find(one)] = self.find(other)
