"""Agreement of pairs of judges, from sums of cells and of moments.

Cells are pairs that are both so, the first alone, the second alone, none; rows are plans or
draws of them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from plangate.infrastructure.statistics.intervals import Floats

CONSTANT: Final = 1e-12
"""A variance below this share of the mean square is that of equal scores."""


def disagreements(cells: Floats) -> Floats:
    """The pairs of which one alone is so."""
    disagreeing: Floats = cells[:, 1] + cells[:, 2]
    return disagreeing


def kappa(cells: Sequence[Floats]) -> Floats:
    """Kappa of all pairs together: their disagreements, by those of each by chance."""
    observed, expected = np.zeros(len(cells[0])), np.zeros(len(cells[0]))
    for one in cells:
        size = one.sum(axis=1)
        first, second = one[:, 0] + one[:, 1], one[:, 0] + one[:, 2]
        observed += disagreements(one)
        chance = first * (size - second) + (size - first) * second
        expected += np.divide(chance, size, out=np.zeros(len(size)), where=size > 0.0)
    found: Floats = 1.0 - np.divide(
        observed, expected, out=np.full(len(observed), np.nan), where=expected > 0.0
    )
    return found


def linearised_chance(cells: Floats) -> Floats:
    """What each row adds to the disagreement that the two margins lead to by chance."""
    first, second = cells[:, 0] + cells[:, 1], cells[:, 0] + cells[:, 2]
    size = cells.sum(axis=1)
    one, other = (float(sums.sum()) / (float(size.sum()) or 1.0) for sums in (first, second))
    chance: Floats = (1 - 2 * other) * first + (1 - 2 * one) * second + 2 * one * other * size
    return chance


def linearised_variance(moments: Floats) -> Floats:
    """What each row adds to the squared differences of all scores; all zero if they are equal."""
    size, total, squares = (float(moments[:, column].sum()) for column in range(3))
    mean = total / size if size else 0.0
    if squares - total * mean <= CONSTANT * squares:
        return np.zeros(len(moments))
    rows = moments[:, 2] - 2 * mean * moments[:, 1] + mean**2 * moments[:, 0]
    differences: Floats = 2 * size / (size - 1) * rows
    return differences
