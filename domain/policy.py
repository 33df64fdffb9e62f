"""The numbers that turn scores into decisions.

A policy is recorded whole in `PlanCreated`, so that replaying a plan never
depends on today's defaults. It is immutable.
"""

import hashlib
import json
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from plangate.domain.vocabulary import AttemptScores, Gate, OutOfRange

_SUM_TOLERANCE: Final = 1e-9

_Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]


class Policy(BaseModel):
    """How a plan weighs its scores and when its gate fires.

    `prompt_weight` and `output_weight` share a task's confidence between its two
    scores and sum to 1. `decay` in (0, 1] is the weight a scored task keeps for
    each scored task after it. `confidence_threshold` in [0, 1] is where the gate
    fires. `out_of_range` says whether a finite score outside [0, 1] is clamped
    (and kept as given beside it) or refused. `gate` says whether a due replan is only
    told or holds further work back; `attempt_scores` what a task's scores are worth
    once a new attempt at it begins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_weight: Annotated[_Number, Field(ge=0.0, le=1.0)] = 0.35
    output_weight: Annotated[_Number, Field(ge=0.0, le=1.0)] = 0.65
    decay: Annotated[_Number, Field(gt=0.0, le=1.0)] = 0.85
    confidence_threshold: Annotated[_Number, Field(ge=0.0, le=1.0)] = 0.72
    out_of_range: OutOfRange = OutOfRange.CLAMP
    gate: Gate = Gate.ADVISE
    attempt_scores: AttemptScores = AttemptScores.KEEP

    @model_validator(mode="after")
    def _weights_share_one(self) -> Self:
        total = self.prompt_weight + self.output_weight
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise ValueError(f"prompt_weight and output_weight must sum to 1, not {total}")
        return self

    def whole(self) -> Self:
        """The same policy with every number named, as it is recorded."""
        return self.model_validate(self.model_dump())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the policy's JSON as recorded.

        Only the fields that were named count, so that a field which a later
        version adds leaves the digests of older recordings alone.
        """
        recorded = self.model_dump(mode="json", exclude_unset=True)
        text = json.dumps(recorded, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
