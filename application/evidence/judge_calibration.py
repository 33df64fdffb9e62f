"""What a judge's scores are worth, and whether that changed over time."""

from datetime import date
from typing import Final

from plangate.application.evidence.estimates import Estimate
from plangate.application.results import Result

FALSE_CHANGES: Final = 0.05
"""Of the changes that are named, this share may be false (Benjamini–Hochberg).

A calibration is read, and fails nothing: to miss a change costs more than to look once more.
"""


class Worth(Result):
    """How many of the results with a score were accepted, by a fit that only rises.

    The fit is isotonic regression of outcomes on scores. It is shown, never applied.
    """

    score: float
    accepted: Estimate


class Drift(Result):
    """The trend of a judge's bias: score minus outcome (accepted 1, rejected 0), by month.

    `slope` is how much it grows in 30 days. `p` is that of no trend, by Student's t with the
    spread of the draws of plans; `q` is corrected for all tests of all judges.
    """

    slope: Estimate
    p: float | None = None
    q: float | None = None


class ChangePoint(Result):
    """The day from which a judge's bias most likely was another, and the bias on both sides.

    `p` is how often as clear a change is found with the plans in random order; `q` is
    corrected for all tests of all judges. None where there are too few plans.
    """

    day: date | None = None
    before: float | None = None
    after: float | None = None
    p: float | None = None
    q: float | None = None
    reason: str | None = None


class JudgeCalibration(Result):
    """One judge's scores against the outcomes: its newest score of each result.

    `bias` is the mean score minus the share of accepted results: above 0 it is too mild.
    `ranking` is how often a rejected result had the lower score. `versions` counts the scores
    by version, in the order in which they came.
    """

    judge: str
    versions: dict[str, int]
    accepted: Estimate
    mean_score: float
    bias: Estimate
    ranking: Estimate
    worth: tuple[Worth, ...]
    drift: Drift
    change: ChangePoint

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that hold with a false discovery rate of 5 %, in words."""
        found, (drift, change) = list[str](), (self.drift, self.change)
        if drift.q is not None and drift.q <= FALSE_CHANGES:
            value, low, high = (
                one or 0.0 for one in (drift.slope.value, drift.slope.low, drift.slope.high)
            )
            found.append(
                f"{self.judge} drifts by {value:+.3f} [{low:+.3f}, {high:+.3f}] in 30 days "
                f"(q = {drift.q:.2g})"
            )
        if change.q is not None and change.q <= FALSE_CHANGES:
            found.append(
                f"{self.judge} is too high by {change.before or 0.0:+.2f} before {change.day}, "
                f"by {change.after or 0.0:+.2f} since (q = {change.q:.2g})"
            )
        return tuple(found)
