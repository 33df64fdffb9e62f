"""What judges of the same work gave, as sums from which every estimate of agreement follows.

One row of numbers for each plan: how often two scores were both below the threshold, one of
them, or none; the moments of the scores; and for each policy, whether its gate fired for
both, one, or none. The sums of some plans are the sums of their rows, so plans can be drawn.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

SCORES: Final = 8
"""How many numbers of a row are about scores; four for each policy follow."""

VERDICTS: Final = 4


class PairSums:
    """The rows of one pair of judges, or of one judge and the repeats of its work.

    A row begins with how many pairs of scores are both below the threshold, the first alone,
    the second alone, none; then the number of scores, their sum, the sum of their squares, and
    the sum of the squared differences in both directions. Then for each policy the pairs of
    verdicts: the gate fired for both, the first, the second, none. `plans` and `works` number
    the plan and the work of each row; `sides` the judge of that plan, where the pair's two
    judges each scored plans of their own.
    """

    def __init__(self, policies: int) -> None:
        self.width = SCORES + VERDICTS * policies
        self.plans = array("q")
        self.works = array("q")
        self.sides = array("q")
        self.numbers = array("d")

    def add(self, plan: int, work: int, side: int, row: Sequence[float]) -> None:
        """Add the row of one more plan."""
        self.plans.append(plan)
        self.works.append(work)
        self.sides.append(side)
        self.numbers.extend(row)

    def extend(self, part: "PairSums", plans: int) -> None:
        """Add the rows of plans that follow; there were so many plans before them.

        They are rows of pairs within a plan, so each plan is a work of its own.
        """
        self.plans.extend(plan + plans for plan in part.plans)
        self.works.extend(work + plans for work in part.works)
        self.sides.extend(part.sides)
        self.numbers.extend(part.numbers)

    def without(self, works: Collection[int]) -> "PairSums":
        """The rows of all other works."""
        kept = PairSums((self.width - SCORES) // VERDICTS)
        for index, (plan, work, side) in enumerate(
            zip(self.plans, self.works, self.sides, strict=True)
        ):
            if work not in works:
                row = self.numbers[index * self.width : (index + 1) * self.width]
                kept.add(plan, work, side, row)
        return kept

    def lone_works(self) -> set[int]:
        """The works of which one of the two judges has a single plan."""
        plans = Counter(zip(self.works, self.sides, strict=True))
        return {work for (work, _), count in plans.items() if count == 1}

    def __len__(self) -> int:
        return len(self.plans)


def cells(so_too: float, not_so: float, *, so: bool) -> list[float]:
    """How many pairs of one that is so, or not, are both so, the first, the second, or none."""
    return [so_too, not_so, 0.0, 0.0] if so else [0.0, 0.0, so_too, not_so]
