"""One task of a plan, and what each event changes about it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from plangate.domain.confidence import task_confidence
from plangate.domain.events import PlanEvent, PlannedTask, TaskChanged, TaskStatusChanged
from plangate.domain.policy import Policy
from plangate.domain.values import NewestFirst, changed
from plangate.domain.vocabulary import AttemptScores, ScoreKind, StatusCause, TaskStatus


class Judgement(NamedTuple):
    """A score that was not retracted, and the version of the plan at which it was given."""

    score: float
    version: int
    clamped: bool = False


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


Judgements = Sequence[Judgement]
"""Judgements of one kind, newest first."""


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
        """The prompt score that counts: the newest."""
        return _newest(self.prompt_judgements)

    @property
    def output_score(self) -> float | None:
        """The output score that counts: the newest."""
        return _newest(self.output_judgements)

    def confidence(self, policy: Policy) -> float | None:
        """The task confidence, or None while the task is not scored."""
        prompt, output = self.prompt_judgements, self.output_judgements
        return task_confidence(_newest(prompt), _newest(output), policy)

    @property
    def last_scored(self) -> int:
        """The version of the newest score; 0 while the task is not scored."""
        return max((judgement.version for judgement in self.counting), default=0)

    @property
    def counting(self) -> tuple[Judgement, ...]:
        """The judgements that count: the newest of each kind."""
        given = (self.prompt_judgements, self.output_judgements)
        return tuple(judgements[0] for judgements in given if judgements)

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

    # --- what events change ---

    def judged(self, kind: ScoreKind, judgement: Judgement) -> "Task":
        """After one more judgement; the first of an attempt drops those of earlier attempts."""
        prompt, output = (
            ((), ()) if self.outdated else (self.prompt_judgements, self.output_judgements)
        )
        if kind is _PROMPT:
            prompt = NewestFirst(judgement, prompt)
        else:
            output = NewestFirst(judgement, output)
        return changed(
            self,
            prompt_judgements=prompt,
            output_judgements=output,
            outdated=False,
            deferred=None,
            scoring_failed=False,
        )

    def without(self, kind: ScoreKind, version: int | None) -> "Task":
        """After the judgement of this kind and version was retracted."""
        left = tuple(given for given in self.judgements(kind) if given.version != version)
        if kind is ScoreKind.PROMPT:
            return changed(self, prompt_judgements=left)
        return changed(self, output_judgements=left)

    def moved(self, event: TaskStatusChanged, version: int) -> "Task":
        """In another status: with a new claim, none, or its latest claim ended."""
        claim = self.claim
        if event.cause is _CLAIMED:
            claim = Claim(version, event.worker, event.at, event.lease_until)
        elif event.new is _PENDING or event.new is _IN_PROGRESS:
            claim = None
        return changed(self, status=event.new, claim=claim, deferred=None)

    def waiting(self, deferral: Deferral | None) -> "Task":
        """Deferred, or no longer so."""
        return changed(self, deferred=deferral)

    def unscorable(self) -> "Task":
        """After scoring it failed."""
        return changed(self, scoring_failed=True)

    def renewed(self, since: datetime, until: datetime) -> "Task":
        """With a longer lease."""
        claim = self.claim and self.claim._replace(since=since, until=until)
        return changed(self, claim=claim)

    def replanned(self) -> "Task":
        """After one more replan was triggered at it."""
        return changed(self, replan_count=self.replan_count + 1)

    def attempted(self, attempt: int, scores: AttemptScores) -> "Task":
        """At the beginning of another attempt."""
        if scores is AttemptScores.RESET:
            return changed(self, attempt=attempt, **_UNSCORED)
        outdated = bool(self.prompt_judgements or self.output_judgements)
        return changed(self, attempt=attempt, outdated=outdated)

    def changed(self, event: TaskChanged) -> "Task":
        """With the fields that the event sets."""
        given = {name: getattr(event, name) for name in _CHANGEABLE}
        return changed(self, **{name: value for name, value in given.items() if value is not None})

    def erased(self) -> "Task":
        """Without the text that people wrote."""
        deferred = self.deferred and replace(self.deferred, reason=None)
        return changed(self, title=None, description=None, metadata={}, deferred=deferred)

    def depending(self, on: tuple[str, ...]) -> "Task":
        """With other dependencies."""
        return changed(self, depends_on=on)


def _newest(judgements: Judgements) -> float | None:
    """The newest score, if any. Each score asks for many."""
    if isinstance(judgements, NewestFirst):
        newest: Judgement = judgements.newest
        return newest.score
    return judgements[0].score if judgements else None


# Python 3.11 takes as long to look a member up as for the rest of a comparison.
_PROMPT: Final = ScoreKind.PROMPT
_CLAIMED: Final = StatusCause.CLAIMED
_PENDING: Final = TaskStatus.PENDING
_IN_PROGRESS: Final = TaskStatus.IN_PROGRESS

_BLANK: Final = Task("", None, None, {})
_CHANGEABLE: Final = ("title", "description", "metadata", "depends_on", "priority", "labels")
_UNSCORED: Final[dict[str, Any]] = {
    "prompt_judgements": (),
    "output_judgements": (),
    "outdated": False,
}
