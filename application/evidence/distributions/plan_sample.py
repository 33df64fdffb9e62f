"""What one plan adds to the distributions: counts, sums and a few event ids, not its events."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from plangate.application.evidence.finding import EventList
from plangate.domain.events import PlanCreated
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScoreKind

NOTABLE: Final = 0.1
"""A difference of scores that is worth a look."""


class JudgeOfKind(NamedTuple):
    """A judge under the one name of its aliases, and what it judges: instructions or outputs."""

    key: JudgeKey
    kind: ScoreKind


def named(judge: JudgeKey) -> str:
    """A judge in a sentence, as in `the model strict`."""
    return "the judge without a name" if judge.kind is None else f"the {judge.kind} {judge.name}"


def judged(kind: ScoreKind) -> str:
    """What scores of a kind are about, as in `outputs`."""
    return "outputs" if kind is ScoreKind.OUTPUT else "instructions"


@dataclass(slots=True)
class ScoresInPlan:
    """The scores of one judge in a plan.

    `hundredths` counts them by their value, `near` in four bins around the threshold.
    `versions` has the first and the last event of each version of the judge.
    """

    called: JudgeKey
    first: float
    count: int = 0
    total: float = 0.0
    hundredths: Counter[int] = field(default_factory=Counter)
    near: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    just_above: EventList = field(default_factory=EventList)
    shown_by: EventList = field(default_factory=EventList)
    versions: dict[str | None, tuple[str, str]] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """The mean score."""
        return self.total / self.count


@dataclass(slots=True)
class SharedWork:
    """How much higher one judge scored than another, over the same works of a plan."""

    total: float = 0.0
    count: int = 0
    higher: EventList = field(default_factory=EventList)
    lower: EventList = field(default_factory=EventList)


@dataclass(slots=True)
class ActorDeeds:
    """What one actor did in a plan.

    `scores` counts those it recorded, `answers` those to a due replan.
    """

    name: str | None
    scores: int = 0
    answers: int = 0
    retracted: EventList = field(default_factory=EventList)
    approved: EventList = field(default_factory=EventList)


@dataclass(frozen=True, slots=True)
class AddedTasks:
    """The first output scores of tasks that were added while the plan was nearly too low.

    `planned` are those of the tasks planned before. `lifted` if the plan reached its
    threshold by the added ones.
    """

    added: tuple[float, ...]
    planned: tuple[float, ...]
    lifted: bool
    shown_by: EventList


@dataclass(slots=True)
class PlanSample:
    """What is kept of one plan until all are compared."""

    plan_id: str
    created: PlanCreated | None = None
    created_at: int | None = None
    failed_at: int | None = None
    judges: dict[JudgeOfKind, ScoresInPlan] = field(default_factory=dict)
    shared: dict[tuple[JudgeOfKind, JudgeOfKind], SharedWork] = field(default_factory=dict)
    actors: dict[str | None, ActorDeeds] = field(default_factory=dict)
    added: AddedTasks | None = None
