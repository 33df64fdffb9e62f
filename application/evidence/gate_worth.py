"""What a gate would have stopped of what was rejected later, and what that would have cost."""

from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, Strict, model_validator

from plangate.application.evidence.estimates import Estimate
from plangate.application.models import Model
from plangate.application.results import Result


class GateWorth(Result):
    """What the gate would have stopped: the gate itself, not a cut on one confidence.

    A result is stopped if the gate was tripped right after its score, whether or not it held
    work. `policy` has the changes that were tried; without any it is each plan's own. Of
    `stopped_bad` + `stopped_good` results that were stopped, `precision` is the share that
    was rejected; `recall` is the share of the rejected ones that was stopped;
    `good_stopped` that of the accepted ones. `unjudged` outcomes had no output score; `unfit`
    counts plans whose own policy the changes do not fit.
    """

    policy: dict[str, object]
    stopped_bad: int
    stopped_good: int
    missed_bad: int
    passed_good: int
    unjudged: int
    unfit: int
    precision: Estimate
    recall: Estimate
    good_stopped: Estimate

    @property
    def sentence(self) -> str:
        """What was stopped, in words."""
        return (
            f"The gate stopped {self.stopped_bad:,} of {self.stopped_bad + self.missed_bad:,} "
            f"results that were rejected later ({self.recall.percent}), and "
            f"{self.stopped_good:,} of {self.stopped_good + self.passed_good:,} that were "
            f"accepted ({self.good_stopped.percent})."
        )


MAX_COST: Final = 1e9
"""The largest cost of one case, so that sums and their squares stay finite."""


class Cost(Model):
    """What it costs to miss a result that is rejected later, and to stop a good one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missed: Annotated[float, Strict(), Field(ge=0, le=MAX_COST, allow_inf_nan=False)]
    stopped: Annotated[float, Strict(), Field(ge=0, le=MAX_COST, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _require_any(self) -> Self:
        if self.missed + self.stopped <= 0:
            raise ValueError("one of missed and stopped must cost something")
        return self


class CostPoint(Result):
    """What one threshold of the gate would have cost: in `total`, and the `mean` of a result.

    `extra` is how much more a result costs than at the cheapest threshold. It `overlaps`
    where its interval includes 0: then the data cannot separate the two.
    """

    threshold: float
    missed_bad: int
    stopped_good: int
    total: float
    mean: Estimate
    extra: Estimate
    overlaps: bool


class Costs(Result):
    """The cost of the gate at each threshold, all else as in the policy.

    `cheapest` is the threshold with the least total, the lowest of several; None with too
    few outcomes. Threshold 0 never stops anything.
    """

    missed: float
    stopped: float
    points: tuple[CostPoint, ...]
    cheapest: float | None
    reason: str | None = None

    @property
    def overlapping(self) -> tuple[float, ...]:
        """The other thresholds that are not clearly dearer than the cheapest."""
        return tuple(
            point.threshold
            for point in self.points
            if point.overlaps and point.threshold != self.cheapest
        )


class MoreOutcomes(Result):
    """How many more outcomes make a share's interval as narrow as ±5 points.

    `half_width` is what it is now. `design_effect` is how many times as many outcomes are
    needed because those of one plan are alike. `outcomes` and `plans` are how many more, if
    they come as those that there are; None where there is no interval yet.
    """

    share: str
    half_width: float | None
    design_effect: float | None
    outcomes: int | None
    plans: int | None
    reason: str | None = None
