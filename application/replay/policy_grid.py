"""Grids of policies: the values to try for some fields, and all their combinations.

A large grid can be drawn from. Candidates know their neighbours: those that differ by one
step of one number.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, Final, NamedTuple

from plangate.application.rerun.policies import Given, combined, rules_of
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy

MAX_POLICIES: Final = 1_000
"""How many policies are tried at most."""

MAX_GRID: Final = 10**12
"""How many combinations a grid may have that policies are drawn from."""

Grid = Mapping[str, Sequence[Any]]
"""The values to try for each field of a policy."""

TO_CHOOSE_FROM: Final[Grid] = {
    "confidence_threshold": [step / 20 for step in range(6, 17)],
    "decay": [0.8, 0.9, 1.0],
    "min_scored": [1, 4],
    "consecutive_lows": [1, 2, 3],
}
"""What decides whether a gate fires at all: the grid where none is given.

The other fields say how often it fires, and what then holds.
"""


class CandidatePolicy(NamedTuple):
    """One combination of a grid that is a policy, and the candidates one step from it."""

    changes: dict[str, Any]
    policy: Policy
    neighbours: tuple[int, ...]


class Candidates(NamedTuple):
    """What to choose from, and how many combinations are not valid."""

    policies: tuple[CandidatePolicy, ...]
    unfit: int


def combinations(grid: object) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The fields and all combinations of a grid; the last field changes fastest.

    Raises `InvalidInput` for a bad grid, and for one with more than 1,000 policies.
    """
    valid = _valid(grid)
    size = prod(map(len, valid.values()))
    if size > MAX_POLICIES:
        problem = f"has {size:,} policies; at most {MAX_POLICIES:,} are tried at once"
        raise InvalidInput([Problem("grid", problem)])
    return tuple(valid), [_changes(valid, _steps(valid, number)) for number in range(size)]


def candidates_of(grid: object, base: Given, tries: int | None, seed: int) -> Candidates:
    """The policies of a grid, whole: the grid's fields with those of `base`.

    With `tries` only so many combinations are drawn, the same for the same seed. A
    combination that is not valid, as an exit threshold below the threshold, is left out;
    `InvalidInput` says what is wrong if all are.
    """
    valid = _valid(grid)
    size = prod(map(len, valid.values()))
    if size > MAX_GRID:
        problem = f"has {size:,} combinations; at most {MAX_GRID:,} can be drawn from"
        raise InvalidInput([Problem("grid", problem)])
    if tries is not None and tries < size:
        drawn = sorted(random.Random(seed).sample(range(size), tries))  # noqa: S311  (no secret)
    elif size <= MAX_POLICIES:
        drawn = list(range(size))
    else:
        problem = f"has {size:,} policies; give `tries` to draw some, at most {MAX_POLICIES:,}"
        raise InvalidInput([Problem("grid", problem)])
    found: dict[tuple[int, ...], tuple[dict[str, Any], Policy]] = {}
    refused: InvalidInput | None = None
    for steps in (_steps(valid, number) for number in drawn):
        changes = _changes(valid, steps)
        try:
            found[steps] = changes, rules_of(combined(base, changes))(Policy())
        except InvalidInput as error:
            refused = error
    if not found and refused is not None:
        raise refused
    ordered = [index for index, values in enumerate(valid.values()) if all(map(_is_number, values))]
    numbers = {steps: number for number, steps in enumerate(found)}
    policies = (
        CandidatePolicy(changes, policy, tuple(_neighbours(steps, ordered, numbers)))
        for steps, (changes, policy) in found.items()
    )
    return Candidates(tuple(policies), len(drawn) - len(found))


def _valid(grid: object) -> dict[str, Sequence[Any]]:
    if not isinstance(grid, Mapping) or not grid:
        raise InvalidInput([Problem("grid", "must name fields of a policy, each with values")])
    for field, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise InvalidInput([Problem(f"grid.{field}", "must be a list of values to try")])
    return {str(field): values for field, values in grid.items()}


def _steps(grid: Mapping[str, Sequence[Any]], number: int) -> tuple[int, ...]:
    """Which value of each field the combination with this number has."""
    steps = list[int]()
    for values in reversed(list(grid.values())):
        number, step = divmod(number, len(values))
        steps.append(step)
    return tuple(reversed(steps))


def _changes(grid: Mapping[str, Sequence[Any]], steps: tuple[int, ...]) -> dict[str, Any]:
    return {field: grid[field][step] for field, step in zip(grid, steps, strict=True)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _neighbours(
    steps: tuple[int, ...], ordered: Sequence[int], numbers: Mapping[tuple[int, ...], int]
) -> Iterator[int]:
    for index in ordered:
        for step in (-1, 1):
            other = (*steps[:index], steps[index] + step, *steps[index + 1 :])
            if other in numbers:
                yield numbers[other]
