"""One task of a plan."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from plangate.domain.confidence import task_confidence
from plangate.domain.events import PlanEvent, PlannedTask, TaskStatusChanged
from plangate.domain.judging import Judgement, Judgements
from plangate.domain.panel import Panel
from plangate.domain.policy import Policy
from plangate.domain.values import NewestFirst, changed
from plangate.domain.vocabulary import ScoreKind, StatusCause, TaskStatus


@dataclass(frozen=True, slots=True)
class Deferral:
    """Why a pending task is not handed out, and until when, if that is known."""

    reason: str | None
    until: datetime | None

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is up; without a time it stands until it is ended."""
        return self.until is not None and self.until <= now


class Claim(NamedTuple):
    """Who works on a task. `token` fences off earlier claims.

    A lease made or last renewed at `since` lasts until `until`.
    """

    token: int
    worker: str | None
    since: datetime
    until: datetime | None

    def has_expired(self, now: datetime) -> bool:
        """Whether the lease has run out; a claim without one does not expire."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True)
class Task:
    """A task at one version of its plan. Judgements come newest first, without retracted ones.

    `outdated` judgements belong to an earlier attempt and count until the first of this
    one. `claim` is the latest, also after the task's score ended it.
    """

    id: str
    title: str | None
    description: str | None
    metadata: dict[str, Any]
    depends_on: tuple[str, ...] = ()
    priority: int | None = None
    labels: tuple[str, ...] = ()
    status: TaskStatus = TaskStatus.PENDING
    prompt_judgements: Judgements = ()
    output_judgements: Judgements = ()
    outdated: bool = False
    attempt: int = 1
    replan_count: int = 0
    claim: Claim | None = None
    deferred: Deferral | None = None
    scoring_failed: bool = False
    split_from: str | None = None
    replaces: str | None = None

    @staticmethod
    def planned(
        task: PlannedTask, *, split_from: str | None = None, replaces: str | None = None
    ) -> "Task":
        """A task as it was planned, and the task it came from."""
        return changed(
            _BLANK,
            id=task.id,
            title=task.title,
            description=task.description,
            metadata=task.metadata or {},
            depends_on=task.depends_on or (),
            priority=task.priority,
            labels=task.labels or (),
            split_from=split_from,
            replaces=replaces,
        )

    @property
    def prompt_score(self) -> float | None:
        """The prompt score that counts: the newest, or what its judges say together."""
        return _score(self.prompt_judgements)

    @property
    def output_score(self) -> float | None:
        """The output score that counts: the newest, or what its judges say together."""
        return _score(self.output_judgements)

    def confidence(self, policy: Policy) -> float | None:
        """The task confidence, or None while the task is not scored."""
        prompt, output = self.prompt_judgements, self.output_judgements
        return task_confidence(_score(prompt), _score(output), policy)

    @property
    def last_scored(self) -> int:
        """The version of the newest score; 0 while the task is not scored."""
        return max((judgement.version for judgement in self.counting), default=0)

    @property
    def counting(self) -> tuple[Judgement, ...]:
        """The judgements that count: the newest of each kind, or that of each judge."""
        return (*_counting(self.prompt_judgements), *_counting(self.output_judgements))

    @property
    def missing_judges(self) -> int:
        """How many more judges its output scores wait for, where there are any."""
        given = self.output_judgements
        return given.missing if type(given) is Panel else 0

    @property
    def awaits_judges(self) -> bool:
        """Whether its result was scored, but by too few judges to count; not once it is done."""
        return self.missing_judges > 0 and self.status is not TaskStatus.DONE

    def judgements(self, kind: ScoreKind) -> Judgements:
        """The judgements of one kind, newest first."""
        return self.prompt_judgements if kind is ScoreKind.PROMPT else self.output_judgements

    def move(
        self, new: TaskStatus, cause: StatusCause, now: datetime, reason: str | None = None
    ) -> list[PlanEvent]:
        """The event that moves the task to another status; none if it is there already."""
        if self.status is new:
            return []
        return [
            TaskStatusChanged(
                at=now, task_id=self.id, old=self.status, new=new, cause=cause, reason=reason
            )
        ]

    def copied(self) -> "Task":
        """The same task with a copy of its metadata, so that callers may change it."""
        return changed(self, metadata=deepcopy(self.metadata))


def _score(judgements: Judgements) -> float | None:
    """The score that counts. Each score asks for many, and `isinstance` would ask an ABC."""
    if type(judgements) is NewestFirst:
        newest: Judgement = judgements.newest
        return newest.score
    if type(judgements) is Panel:
        return judgements.score
    return judgements[0].score if judgements else None


def _counting(judgements: Judgements) -> tuple[Judgement, ...]:
    if type(judgements) is Panel:
        return judgements.counting
    return (judgements[0],) if judgements else ()


_BLANK: Final = Task("", None, None, {})
