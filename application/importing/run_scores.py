"""The score of a command that was run: what its JSON says, by a published schema."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from plangate.application.models import Model
from plangate.application.validation import validate
from plangate.domain.json_objects import JsonObject
from plangate.domain.vocabulary import Number, Prose, Scale


class RunScore(Model):
    """What a command prints that scores a task: a score, or null and why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="RunScore")

    score: Annotated[
        Number | None, Field(description="The score, on the scale; null where there is none.")
    ]
    scale: Scale | None = Field(
        default=None, description="The worst and the best score; 0 and 1 where it is left out."
    )
    rationale: Prose | None = Field(default=None, description="Why this score.")
    reason: Prose | None = Field(default=None, description="Why there is no score.")
    evidence: JsonObject = Field(default={}, description="What the score is based on.")

    @model_validator(mode="after")
    def _says_why_there_is_none(self) -> Self:
        if self.score is None and not (self.reason or "").strip():
            raise ValueError("a score that is null needs a reason")
        return self


def read_run_score(value: Any) -> RunScore:
    """The score in a command's JSON; raises `InvalidInput` with all that is wrong with it."""
    return validate(RunScore, value)
