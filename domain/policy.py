"""The numbers that turn scores into decisions.

A policy is recorded whole in `PlanCreated`, so that replaying a plan never
depends on today's defaults. It is immutable.
"""

import hashlib
import json
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from plangate.domain.panel import PanelRule
from plangate.domain.vocabulary import (
    MAX_TASKS,
    AttemptScores,
    Flag,
    Gate,
    Judges,
    Number,
    OutOfRange,
    Recency,
    ScarceEvidence,
)

_SUM_TOLERANCE: Final = 1e-9

_Count = Annotated[int, Strict(), Field(le=MAX_TASKS)]


class Policy(BaseModel):
    """How a plan weighs its scores and when its gate fires.

    `prompt_weight` and `output_weight` share a task's confidence between its two
    scores and sum to 1. `decay` in (0, 1] is the weight a scored task keeps for
    each scored task after it. `confidence_threshold` in [0, 1] is where the gate
    fires. `out_of_range` says whether a finite score outside [0, 1] is clamped (the score
    as given is recorded too) or refused. `gate` says whether a due replan is only advice or
    holds further work; `attempt_scores` what a task's scores count once a new attempt at it
    begins.

    `order` says what "after" means for the decay: later in the plan, or scored later. The
    others give the gate a memory (see `domain.gate`). `min_scored`: how many tasks must be
    scored before it may fire; all, if the plan has fewer. `consecutive_lows`: how many
    output scores in a row must leave the rolling confidence below the threshold.
    `exit_threshold` (by default the threshold, never lower): where a tripped gate opens
    again. `latch`: whether it fires once per trip or at every output score. `max_replans`:
    how many replans are allowed before the next one blocks the plan until the gate is
    approved; None for any number. `scarce_evidence`: whether the gate waits for `min_scored`
    tasks (`wait`) also where no other task can be scored, or judges (`judge`).

    `judges` says which score of a kind counts where several judges scored a task: of each,
    by kind and name of the scorer, the newest score of the attempt that was not retracted
    has a say; scores without a scorer come from one judge together. `newest` takes the one
    recorded last; `mean`, `median` and `min` all of them; `trimmed` the mean without the
    lowest and the highest of at least three, else the mean. `min_judges`: how many judges a
    kind of score takes. With fewer it does not count: an output score then neither settles
    its task, which stays in progress, nor has the gate look (see `domain.panel`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_weight: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.35
    output_weight: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.65
    decay: Annotated[Number, Field(gt=0.0, le=1.0)] = 0.85
    confidence_threshold: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.72
    out_of_range: OutOfRange = OutOfRange.CLAMP
    gate: Gate = Gate.ADVISE
    attempt_scores: AttemptScores = AttemptScores.KEEP
    order: Recency = Recency.PLAN
    min_scored: Annotated[_Count, Field(ge=1)] = 1
    consecutive_lows: Annotated[_Count, Field(ge=1)] = 1
    exit_threshold: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    latch: Flag = False
    max_replans: Annotated[_Count, Field(ge=0)] | None = None
    scarce_evidence: ScarceEvidence = ScarceEvidence.WAIT
    judges: Judges = Judges.NEWEST
    min_judges: Annotated[_Count, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _weights_share_one(self) -> Self:
        total = self.prompt_weight + self.output_weight
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise ValueError(f"prompt_weight and output_weight must sum to 1, not {total}")
        return self

    @model_validator(mode="after")
    def _opens_no_lower_than_it_fires(self) -> Self:
        require_exit(self.exit_threshold, self.confidence_threshold)
        return self

    @property
    def reopens_at(self) -> float:
        """The rolling confidence at which a tripped gate opens again."""
        return self.confidence_threshold if self.exit_threshold is None else self.exit_threshold

    @property
    def has_memory(self) -> bool:
        """Whether more than the current rolling confidence decides when the gate fires."""
        return (
            self.latch
            or self.consecutive_lows > 1
            or self.min_scored > 1
            or self.exit_threshold is not None
        )

    @property
    def panel(self) -> PanelRule | None:
        """How judges are told apart; None where the newest score counts, from any judge."""
        if self.judges is Judges.NEWEST and self.min_judges == 1:
            return None
        return PanelRule(self.judges, self.min_judges)

    def whole(self) -> Self:
        """The same policy with every field set, as it is recorded."""
        return self.model_validate(self.model_dump())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the policy's JSON as recorded.

        Only fields that are set count, so that fields added by later versions do not
        change the digests of older recordings. None is not recorded.
        """
        recorded = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        text = json.dumps(recorded, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def require_exit(exit_threshold: float | None, threshold: float) -> None:
    """Raise ValueError for an exit threshold below the threshold."""
    if exit_threshold is not None and exit_threshold < threshold:
        raise ValueError(
            f"exit_threshold {exit_threshold} must be at least the confidence_threshold {threshold}"
        )
