"""A finding: something in a plan's scores to look at, and the events that show it."""

from enum import StrEnum
from typing import Final, Self

from plangate.application.results import Result

MAX_EVENTS: Final = 100
"""How many events of one finding are named; all are counted."""


class FindingKind(StrEnum):
    """What was found.

    `rescored_until_passed`: a failed output was scored again until it passed, with no sign
    of work in between. `done_by_hand`: a task was marked done although its output had failed.
    `own_work`: the scorer is the worker, or the sender of the command where no worker is
    known. `unsupported`: scores with neither evidence nor rationale. `scorer_changed`: a
    scorer changed its version within a plan. `threshold_lowered`: failed work was planned
    again under a lower threshold, and passed only because of that. `outcome_contradicts`: a
    task that passed was rejected, or one that failed was accepted.
    """

    RESCORED_UNTIL_PASSED = "rescored_until_passed"
    DONE_BY_HAND = "done_by_hand"
    OWN_WORK = "own_work"
    UNSUPPORTED = "unsupported"
    SCORER_CHANGED = "scorer_changed"
    THRESHOLD_LOWERED = "threshold_lowered"
    OUTCOME_CONTRADICTS = "outcome_contradicts"


class Severity(StrEnum):
    """A `warning` changed what the gate let through; a `notice` may have."""

    WARNING = "warning"
    NOTICE = "notice"


class Finding(Result):
    """Something to look at, in one sentence.

    `task_id` is None if it concerns several tasks. `event_ids` names the events in order:
    all of them, or the first 99 and the last. `event_count` counts them. An event may be
    of another plan.
    """

    kind: FindingKind
    severity: Severity
    plan_id: str
    task_id: str | None
    event_ids: tuple[str, ...]
    event_count: int
    sentence: str


class EventList:
    """Events that show the same thing, and their task if they share one."""

    def __init__(self) -> None:
        self.count = 0
        self.event_ids: list[str] = []
        self.task_id: str | None = None

    def add(self, event_id: str, task_id: str) -> Self:
        """Add an event; beyond `MAX_EVENTS` it replaces the last one."""
        self.task_id = task_id if self.count == 0 or self.task_id == task_id else None
        self.count += 1
        if len(self.event_ids) < MAX_EVENTS:
            self.event_ids.append(event_id)
        else:
            self.event_ids[-1] = event_id
        return self
