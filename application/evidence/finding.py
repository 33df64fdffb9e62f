"""A finding: something in a plan's scores to look at, and the events that show it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, Self

from plangate.application.results import Result
from plangate.domain.event_ids import version_of

MAX_EVENTS: Final = 100
"""How many events of one finding are named; all are counted."""

MAX_PARTS: Final = 5
"""How many scores, versions or tasks a sentence lists."""


class FindingKind(StrEnum):
    """What was found.

    About the judging: `rescored_until_passed`: a failed output was scored again until it
    passed, and the task was not claimed in between. `low_retracted`: low scores were
    retracted, and the task passes or the gate opens because of that. `own_work`: the scorer
    is the worker, or the sender of the command where no worker is known. `unsupported`:
    scores with neither evidence nor rationale. `scorer_changed`: a scorer changed its
    version within a plan. `out_of_range`: scores outside their range. `scorer_fails`: a
    judge fails often. `outcome_contradicts`: a task that passed was rejected, or one that
    failed was accepted.

    About the work: `done_by_hand`: a task is done although its output failed.
    `done_unjudged`: tasks are done and their output was not judged. `low_score_removed`: a
    low score left the plan or lost its weight, and the gate opened. `out_of_order`: tasks
    were scored or done before what they wait for. `replanned_repeatedly`: the same task was
    begun again over and over.

    About the gate: `gate_cannot_fire`: the policy does not suit the plan. For failed work
    that was planned again: `threshold_lowered`: it passed only because the threshold is
    lower. `gate_weakened`: the policy is weaker. `planned_until_passed`: it passed.

    From distributions over many plans: `judge_milder`, `judge_harsher`: than its fellows on
    the same work. `heaped_at_threshold`: a judge's scores lie just above the threshold.
    `constant_scores`: a judge gives nearly always the same score. `judge_swapped`: for a
    milder one. `version_shifted`: a new version of a judge scores otherwise. `retracts_often`,
    `approves_often`: an actor, much more than the others. `padded`: added easy tasks lifted
    a plan over its threshold.
    """

    RESCORED_UNTIL_PASSED = "rescored_until_passed"
    LOW_RETRACTED = "low_retracted"
    DONE_BY_HAND = "done_by_hand"
    DONE_UNJUDGED = "done_unjudged"
    LOW_SCORE_REMOVED = "low_score_removed"
    OUT_OF_ORDER = "out_of_order"
    REPLANNED_REPEATEDLY = "replanned_repeatedly"
    OWN_WORK = "own_work"
    UNSUPPORTED = "unsupported"
    SCORER_CHANGED = "scorer_changed"
    OUT_OF_RANGE = "out_of_range"
    SCORER_FAILS = "scorer_fails"
    GATE_CANNOT_FIRE = "gate_cannot_fire"
    THRESHOLD_LOWERED = "threshold_lowered"
    GATE_WEAKENED = "gate_weakened"
    PLANNED_UNTIL_PASSED = "planned_until_passed"
    OUTCOME_CONTRADICTS = "outcome_contradicts"
    JUDGE_MILDER = "judge_milder"
    JUDGE_HARSHER = "judge_harsher"
    HEAPED_AT_THRESHOLD = "heaped_at_threshold"
    CONSTANT_SCORES = "constant_scores"
    JUDGE_SWAPPED = "judge_swapped"
    VERSION_SHIFTED = "version_shifted"
    RETRACTS_OFTEN = "retracts_often"
    APPROVES_OFTEN = "approves_often"
    PADDED = "padded"


FROM_DISTRIBUTIONS: Final = tuple(FindingKind)[[*FindingKind].index(FindingKind.JUDGE_MILDER) :]
"""The kinds that a test finds in many scores together, not event by event: the last ones."""


class Severity(StrEnum):
    """A `warning` changed what the gate let through; a `notice` may have."""

    WARNING = "warning"
    NOTICE = "notice"


class JudgedBy(Result):
    """How a finding from distributions was judged.

    `test` names the test, `effect` is how large what it found is, and `measure` says of what.
    `p` is its p value; `adjusted_p` is the same after the `comparisons` that were made for this
    kind of finding (Benjamini and Hochberg). It rests on `plans`.
    """

    test: str
    measure: str
    effect: float
    p: float
    adjusted_p: float
    comparisons: int
    plans: int

    @property
    def text(self) -> str:
        """All of it, as a sentence has it in brackets."""
        plans = "1 plan" if self.plans == 1 else f"{self.plans:,} plans"
        judged = f"{self.test} over {plans}: p {_shown(self.p)}"
        if self.comparisons == 1:
            return f"{judged}; the only comparison"
        adjusted = _shown(self.adjusted_p)
        return f"{judged}; {adjusted} adjusted for {self.comparisons:,} comparisons"


class Finding(Result):
    """Something to look at, in one sentence.

    `task_id` is None if it concerns several tasks. `event_ids` names the events in order:
    all of them, or the first 99 and the last. `event_count` counts them. An event may be
    of another plan.

    One that concerns several plans is `about` a judge, as in `model:judge`, or an actor; then
    `plan_id` is the plan of its last event. `judged_by` says how a finding from distributions
    was judged.
    """

    kind: FindingKind
    severity: Severity
    plan_id: str
    task_id: str | None
    event_ids: tuple[str, ...]
    event_count: int
    sentence: str
    about: str | None = None
    judged_by: JudgedBy | None = None


class EventList:
    """Events that show the same thing, and their task if they share one."""

    def __init__(self) -> None:
        self.count = 0
        self.event_ids: list[str] = []
        self.task_id: str | None = None

    @classmethod
    def of(cls, task_id: str | None, *event_ids: str) -> Self:
        """These events, about one task or about the plan."""
        return cls.of_tasks((task_id, event_id) for event_id in event_ids)

    @classmethod
    def of_tasks(cls, events: Iterable[tuple[str | None, str]]) -> Self:
        """These events, each of a task."""
        shown_by = cls()
        for task_id, event_id in events:
            shown_by.add(event_id, task_id)
        return shown_by

    def add(self, event_id: str, task_id: str | None) -> Self:
        """Add an event; beyond `MAX_EVENTS` it replaces the last one."""
        self.task_id = task_id if self.count == 0 or self.task_id == task_id else None
        self.count += 1
        if len(self.event_ids) < MAX_EVENTS:
            self.event_ids.append(event_id)
        else:
            self.event_ids[-1] = event_id
        return self

    def sort(self) -> Self:
        """Put the events of one plan in order."""
        self.event_ids.sort(key=lambda event_id: version_of(event_id) or 0)
        return self

    def extend(self, other: Self) -> None:
        """Add the events of another list, which may be of another plan."""
        for event_id in other.event_ids:
            self.add(event_id, None)
        self.count += other.count - len(other.event_ids)


class PlanFindings:
    """The findings of one plan."""

    def __init__(self, plan_id: str) -> None:
        self._plan_id = plan_id
        self._found: list[Finding] = []

    def add(self, kind: FindingKind, severity: Severity, shown_by: EventList, text: str) -> None:
        """Add one."""
        finding = Finding(
            kind=kind,
            severity=severity,
            plan_id=self._plan_id,
            task_id=shown_by.task_id,
            event_ids=tuple(shown_by.event_ids),
            event_count=shown_by.count,
            sentence=text,
        )
        self._found.append(finding)

    def ordered(self) -> list[Finding]:
        """All, ordered by the event that completed each."""
        return sorted(self._found, key=_order)


def first(texts: Sequence[str], separator: str = ", ") -> str:
    """The first of many, and how many more there are."""
    more = "" if len(texts) <= MAX_PARTS else f" and {len(texts) - MAX_PARTS:,} more"
    return separator.join(texts[:MAX_PARTS]) + more


def severity_if(changed: object) -> Severity:
    """A warning if it certainly changed what the gate let through, else a notice."""
    return Severity.WARNING if changed else Severity.NOTICE


def _order(finding: Finding) -> tuple[int, str, str]:
    """By the last named event, which is always one of the plan itself."""
    return version_of(finding.event_ids[-1]) or 0, finding.kind, finding.sentence


def _shown(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"  # noqa: PLR2004  (four digits)
