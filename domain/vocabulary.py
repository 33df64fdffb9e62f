"""The value types of a plan, and the bounds on what callers may give.

The bounded types (`Identifier`, `Goal`, `Prose`, …) are for commands. Stored events use
plain types instead, so that a tighter bound never makes an old plan unloadable; they mark
text that people wrote as `Erasable`.
"""

import math
import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from numbers import Real
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticKnownError

MAX_IDENTIFIER: Final = 200
MAX_GOAL: Final = 4_000
MAX_TITLE: Final = 500
MAX_PROSE: Final = 20_000
MAX_TASKS: Final = 10_000
MAX_CHANGES: Final = 1_000
MAX_LABELS: Final = 50
MAX_PRIORITY: Final = 1_000
MAX_LEASE_SECONDS: Final = 30 * 24 * 3600.0
MAX_INTEGER: Final = 2**63 - 1
"""The largest number that every engine stores: a version, a position, an attempt."""

_BEGINS_WITH_A_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_INVISIBLE: Final = {"Cc", "Cs", "Zl", "Zp"}


class ScoreKind(StrEnum):
    """What a score judges: how clear the instruction was, or how good the result was."""

    PROMPT = "prompt"
    OUTPUT = "output"


class TaskStatus(StrEnum):
    """The status of a task."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    REPLANNING = "replanning"


class PlanState(StrEnum):
    """The state of a plan."""

    ACTIVE = "active"
    WAITING = "waiting"
    BLOCKED = "blocked"
    COMPLETE = "complete"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class Verdict(StrEnum):
    """What the gate says about going on with a plan: one answer everywhere.

    `go`: a task can be taken now. `replan`: a replan is due. `wait`: work is in progress, or
    what is left is deferred. `blocked`: nothing can be taken, and waiting changes nothing.
    """

    GO = "go"
    REPLAN = "replan"
    WAIT = "wait"
    BLOCKED = "blocked"
    COMPLETE = "complete"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class ObstacleKind(StrEnum):
    """Why a task cannot be claimed or finished."""

    FAILED = "failed"
    REPLANNING = "replanning"
    UNMET_DEPENDENCIES = "unmet_dependencies"
    DEFERRED = "deferred"
    AWAITS_JUDGES = "awaits_judges"
    GATE_HELD = "gate_held"
    REPLANS_EXHAUSTED = "replans_exhausted"


class StatusCause(StrEnum):
    """Why a task changed its status."""

    CLAIMED = "claimed"
    SCORED = "scored"
    MARKED = "marked"
    EXPIRED = "expired"
    RELEASED = "released"
    REVISED = "revised"
    RETRIED = "retried"
    APPROVED = "approved"


class DeferralEnd(StrEnum):
    """Why a deferral ended: it was withdrawn, or its time was up."""

    UNDEFERRED = "undeferred"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What became of a task's result outside plangate."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ScorerKind(StrEnum):
    """The kind of scorer."""

    HUMAN = "human"
    MODEL = "model"
    CODE = "code"


class OutOfRange(StrEnum):
    """What happens to a finite score outside [0, 1]."""

    CLAMP = "clamp"
    REFUSE = "refuse"


class Gate(StrEnum):
    """Whether a due replan is only advice, or holds further work."""

    ADVISE = "advise"
    HOLD = "hold"


class Recency(StrEnum):
    """What makes a scored task more recent than another.

    `plan`: it comes later in the plan. `scored`: its newest score was recorded later.
    """

    PLAN = "plan"
    SCORED = "scored"


class ScarceEvidence(StrEnum):
    """What the gate does while fewer tasks are scored than `min_scored` asks for.

    `wait`: it never fires. `judge`: it fires all the same once no other task can be scored.
    """

    WAIT = "wait"
    JUDGE = "judge"


class Judges(StrEnum):
    """Which score counts where several judges scored one task, each by its newest score.

    `newest`: that of the judge who scored last. `mean`, `median`, `min`: of all judges.
    `trimmed`: the mean without the lowest and the highest score, if there are at least three.
    """

    NEWEST = "newest"
    MEAN = "mean"
    MEDIAN = "median"
    MIN = "min"
    TRIMMED = "trimmed"


class AttemptScores(StrEnum):
    """Whether a task's scores count once a new attempt at it begins.

    `keep`: they count until the new attempt's first score, which drops them all.
    `reset`: they stop counting at once.
    """

    KEEP = "keep"
    RESET = "reset"


class Scorer(BaseModel):
    """Who scored: a person, a model or a program, and its version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ScorerKind
    # Bytes are refused as a name. JSON has none, so no recorded name is refused.
    name: Annotated[str, Strict()]
    version: Annotated[str, Strict()] | None = None


class Erasable:
    """Marks a field of a stored event as text that a person wrote: it can be erased."""


def _identifier(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    for character in "" if value.isprintable() else value:
        if unicodedata.category(character) in _INVISIBLE:
            raise ValueError(f"must not hold the control character U+{ord(character):04X}")
    return value


def without_nul(value: str) -> str:
    """The same text; raises ValueError if it holds the NUL character."""
    if "\0" in value:
        raise ValueError("must not hold the NUL character U+0000")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _number(value: object) -> object:
    """A real number as a float. What merely converts to one, as numpy's booleans, is refused."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PydanticKnownError("float_type")
    try:
        return float(value)
    except OverflowError:
        raise PydanticKnownError("finite_number") from None


def _scale(scale: tuple[float, float]) -> tuple[float, float]:
    low, high = scale
    if not (low < high and math.isfinite(high - low)):
        raise ValueError("must be [worst, best], the best being the larger number")
    return scale


def _scorer_fields(scorer: object) -> object:
    """A recorded scorer is given like any other; a text is `[kind:]name[@version]`."""
    if not isinstance(scorer, str):
        return scorer.model_dump() if type(scorer) is Scorer else scorer
    kind, colon, rest = scorer.partition(":")
    before, at, after = (rest if colon else kind).rpartition("@")
    named = {"name": before, "version": after} if at else {"name": after}
    return {"kind": kind if colon else ScorerKind.MODEL, **named}


def bounded_scorer(scorer: Scorer) -> Scorer:
    """The same scorer; raises ValueError if its name or version is not an identifier."""
    for field, value in (("name", scorer.name), ("version", scorer.version)):
        if value is not None and len(value) > MAX_IDENTIFIER:
            raise ValueError(f"{field} must be at most {MAX_IDENTIFIER} characters")
        if value is not None:
            try:
                _identifier(value)
            except ValueError as error:
                raise ValueError(f"{field} {error}") from None
    return scorer


def _date_first(moment: object) -> object:
    """A number, or text that is one, is not taken for seconds since 1970."""
    if not isinstance(moment, datetime) and not (
        isinstance(moment, str) and _BEGINS_WITH_A_DATE.match(moment)
    ):
        raise PydanticKnownError("datetime_type")
    return moment


def _in_the_calendar(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999 in UTC") from None
    return moment


def _accept(value: object) -> object:
    if value == "passing":
        return value
    ids = list(value) if isinstance(value, list | tuple) else []
    if not ids or len(ids) > MAX_TASKS or not all(isinstance(one, str) and one for one in ids):
        raise ValueError('must be "passing" or a list of task ids')
    return tuple(dict.fromkeys(map(_identifier, ids)))


def _differ(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


Score = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A score as it counts: 0.0 (worst) to 1.0 (best)."""

Number = Annotated[float, BeforeValidator(_number), Strict(), Field(allow_inf_nan=False)]
"""A finite number: any real number of Python or numpy, but no boolean and no text."""

GivenScore = Number
"""A score as a judge gave it. The range is the policy's business, or the scale's."""

Scale = Annotated[tuple[Number, Number], AfterValidator(_scale)]
"""The worst and the best score that a judge can give, as in (1, 5)."""

Flag = Annotated[bool, Strict()]
"""True or false; 0, 1 and strings are refused."""

Identifier = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_IDENTIFIER),
    AfterValidator(_identifier),
]
"""1–200 characters, not blank, no control characters."""

Goal = Annotated[
    str,
    StringConstraints(strict=True, max_length=MAX_GOAL),
    AfterValidator(without_nul),
    AfterValidator(_not_blank),
]
"""What a plan is for: up to 4,000 characters, not blank."""

Title = Annotated[
    str,
    StringConstraints(strict=True, max_length=MAX_TITLE),
    AfterValidator(without_nul),
    AfterValidator(_not_blank),
]
"""What a task is called: up to 500 characters, not blank."""

Prose = Annotated[
    str, StringConstraints(strict=True, max_length=MAX_PROSE), AfterValidator(without_nul)
]
"""A description or a rationale: up to 20,000 characters."""

Reason = Annotated[Prose, AfterValidator(_not_blank)]
"""Why something was done: up to 20,000 characters, not blank."""


class ScaledScorer(Scorer):
    """A scorer as callers give it: with the scale of its scores, which belongs to the score."""

    scale: Scale | None = None

    @property
    def judge(self) -> Scorer:
        """Who judged, as it is recorded."""
        return Scorer(kind=self.kind, name=self.name, version=self.version)


GivenScorer = Annotated[
    ScaledScorer,
    BeforeValidator(_scorer_fields, json_schema_input_type=ScaledScorer | str),
    AfterValidator(bounded_scorer),
]
"""A scorer whose name and version are within the bounds of an identifier.

A text is its name, that of a model unless it says `human:` or `code:`; after an @ its version.
"""

Priority = Annotated[int, Strict(), Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)]
"""A priority, -1,000 to 1,000: higher comes first."""

Labels = Annotated[tuple[Identifier, ...], Field(max_length=MAX_LABELS), AfterValidator(_differ)]
"""Up to 50 different identifiers to find plans and tasks by."""

TaskIds = Annotated[tuple[Identifier, ...], Field(max_length=MAX_TASKS), AfterValidator(_differ)]
"""Different task ids of one plan."""

LeaseSeconds = Annotated[Number, Field(gt=0.0, le=MAX_LEASE_SECONDS)]
"""How long a claim holds, in seconds: more than 0, at most 30 days."""

Moment = Annotated[AwareDatetime, AfterValidator(_in_the_calendar)]
"""A time with its zone, between the years 1 and 9999 also in UTC."""

GivenMoment = Annotated[Moment, BeforeValidator(_date_first)]
"""A time as a caller gives it: with its date, as no number says it."""

Token = Annotated[int, Strict(), Field(ge=1)]
"""The fencing token of a claim: the version of the plan at which it was made."""

Version = Annotated[int, Strict(), Field(ge=1)]
"""A version of a plan."""

Accept = Annotated[
    Literal["passing"] | tuple[str, ...],
    BeforeValidator(_accept),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "passing", "type": "string"},
                {"items": {"type": "string"}, "minItems": 1, "type": "array"},
            ]
        }
    ),
]
"""Which results an approval accepts: those that pass by themselves, or tasks by id."""
