"""What a judge's scores are worth, and whether that changed over time."""

from datetime import date

from plangate.application.evidence.estimates import Estimate
from plangate.application.results import Result


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
    def changed(self) -> bool:
        """Whether a drift or a change point holds with a false discovery rate of 5 %."""
        tests = (self.drift.q, self.change.q)
        return any(q is not None and q <= FALSE_DISCOVERIES for q in tests)


FALSE_DISCOVERIES = 0.05
"""Of the changes that are named, this share may be false (Benjamini–Hochberg)."""
