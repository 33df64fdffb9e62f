"""Groups of plans that belong together, and folds of whole groups.

What is chosen on some folds is tested on another, so nothing may be on both sides: plans of
one goal, or with a label in common, are one group, and so are plans of the same work.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from plangate.application.evidence.held_out import PolicyCase
from plangate.application.evidence.joined import Joined
from plangate.application.evidence.same_work import SameWork, Work, Works
from plangate.application.replay.truth import MIN_REPEATS, Truth
from plangate.application.replay.tuning_cases import PlanRow, TuningCases


class By(StrEnum):
    """What plans of one group have in common.

    A plan without labels is grouped by its goal, one whose text was erased stands alone.
    """

    GOAL = "goal"
    LABEL = "label"


class GroupedCases(NamedTuple):
    """Cases with their truth, group and fold, and how many plans and groups they are of.

    `unrepeated` plans are of work with too few plans; `same_work` counts plans by how their
    work was recognised.
    """

    cases: list[PolicyCase]
    plans: int
    groups: int
    unrepeated: int
    same_work: dict[SameWork, int]


def grouped_cases(seen: TuningCases, truth: Truth, by: By, folds: int, seed: int) -> GroupedCases:
    """The cases that can be used, and what was left out."""
    rows = sorted(seen.rows, key=lambda row: row.plan_id)
    works = {row.plan_id: work for row in rows if (work := seen.works.of(row.plan_id)) is not None}
    if truth.cut is None:
        known = [(row, [bool(case.bad) for case in row.cases]) for row in rows]
    else:
        known = list(_by_repeats(rows, works, truth.cut))
    group_of = groups_of([row for row, _ in known], seen.works, by)
    kinds: dict[str, set[bool]] = {}
    for row, bads in known:
        kinds.setdefault(group_of[row.plan_id], set()).update(bads)
    fold_of = folds_of(kinds, folds, seed)
    numbers = {group: number for number, group in enumerate(kinds)}
    recognised = Counter(works[row.plan_id].by for row, _ in known if row.plan_id in works)
    return GroupedCases(
        cases=[
            PolicyCase(plan, numbers[group], fold_of[group], bad, case.mean, case.stopped)
            for plan, (row, bads) in enumerate(known)
            for group in (group_of[row.plan_id],)
            for case, bad in zip(row.cases, bads, strict=True)
        ],
        plans=len(known),
        groups=len(numbers),
        unrepeated=len(rows) - len(known),
        same_work=dict(recognised),
    )


def _by_repeats(
    rows: Sequence[PlanRow], works: Mapping[str, Work], cut: float
) -> Iterator[tuple[PlanRow, list[bool]]]:
    """The plans of repeated work; each is bad if the mean over all of its repeats is below."""
    means: dict[bytes, list[float]] = {}
    named = [(row, works[row.plan_id].key) for row in rows if row.plan_id in works]
    for row, work in named:
        means.setdefault(work, []).append(row.cases[0].mean)
    for row, work in named:
        if len(means[work]) >= MIN_REPEATS:
            yield row, [sum(means[work]) / len(means[work]) < cut]


def groups_of(rows: Sequence[PlanRow], works: Works, by: By) -> dict[str, str]:
    """The group of each plan: the least id of the plans in it."""
    joined = Joined[Hashable]()
    for row in rows:
        plan = ("plan", row.plan_id)
        joined.find(plan)
        for what in _in_common(row, works, by):
            joined.join(plan, what)
    least: dict[Hashable, str] = {}
    for plan_id in sorted(row.plan_id for row in rows):
        least.setdefault(joined.find(("plan", plan_id)), plan_id)
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
