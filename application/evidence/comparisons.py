"""What is compared where many scores are looked at together, and how a test judged it.

Scores of one plan are not independent of each other. So every comparison is between plans:
each gives one number, one yes or no, or one set of counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MIN_PLANS: Final = 10
"""A comparison needs so many plans on each side; with fewer it is not made."""

FALSE_FINDINGS: Final = 0.01
"""The share of findings of one kind that may be due to chance, by Benjamini and Hochberg.

A finding names someone and can fail a CI run, so it is seldom false.
"""


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of two judges, one for each plan: whether they are around 0."""

    differences: Sequence[float]
    test = "Wilcoxon signed-rank test"


@dataclass(frozen=True, slots=True)
class Shifted:
    """Two groups of numbers: whether the later ones are higher, with `both` also lower."""

    before: Sequence[float]
    after: Sequence[float]
    both: bool = False
    test = "Mann-Whitney test"


@dataclass(frozen=True, slots=True)
class MoreOften:
    """In how many of its plans something is so, and in how many plans of the others."""

    plans: int
    of: int
    others: int
    of_others: int
    test = "Fisher's exact test"


@dataclass(frozen=True, slots=True)
class Heaped:
    """How many scores each plan has in four bins of equal width, two on each side of a limit."""

    counts: Sequence[tuple[int, int, int, int]]
    test = "density test with a jackknife"


Comparison = Paired | Shifted | MoreOften | Heaped


class Significance(NamedTuple):
    """The p value of a comparison, and the same adjusted for all comparisons made with it."""

    p: float
    adjusted: float

    def is_found(self, false_discoveries: float = FALSE_FINDINGS) -> bool:
        """Whether it is beyond what chance explains among so many comparisons."""
        return self.adjusted <= false_discoveries
