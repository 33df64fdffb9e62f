"""One thing that deserves a second look: what it is, and the events that show it."""

from enum import StrEnum
from typing import Final, Self

from plangate.application.results import Result

MAX_EVENTS: Final = 100
"""So many events of a finding are named at most; all are counted."""


class FindingKind(StrEnum):
    """What was found.

    `rescored_until_passed`: a failed output was judged again until it passed, with no
    sign of work in between. `done_by_hand`: a task was marked done although its output
    was judged too low. `own_work`: who judged is who did the work, or who asked to
    record it where nobody is known to have done it. `unsupported`: scores with neither
    evidence nor rationale. `scorer_changed`: a scorer changed its version in the middle
    of a plan. `threshold_lowered`: work that had failed was planned again under a lower
    threshold, and passed only because of that. `outcome_contradicts`: a task that passed
    was rejected, or one that did not was accepted.
    """

    RESCORED_UNTIL_PASSED = "rescored_until_passed"
    DONE_BY_HAND = "done_by_hand"
    OWN_WORK = "own_work"
    UNSUPPORTED = "unsupported"
    SCORER_CHANGED = "scorer_changed"
    THRESHOLD_LOWERED = "threshold_lowered"
    OUTCOME_CONTRADICTS = "outcome_contradicts"


class Severity(StrEnum):
    """How much it matters: a `warning` changed what the gate let through, a `notice` may have."""

    WARNING = "warning"
    NOTICE = "notice"


class Finding(Result):
    """Something that deserves a second look.

    `task_id` is None where it concerns several tasks. `event_ids` names the events that
    show it in their order: all of them, or of more than 100 the first ones and the last.
    `event_count` counts them. One may be of another plan.
    """

    kind: FindingKind
    severity: Severity
    plan_id: str
    task_id: str | None
    event_ids: tuple[str, ...]
    event_count: int
    sentence: str


class Shown:
    """Events that show the same thing, and the task if they are all about one."""

    def __init__(self) -> None:
        self.count = 0
        self.event_ids: list[str] = []
        self.task_id: str | None = None

    def by(self, event_id: str, task_id: str) -> Self:
        """Take in one more."""
        self.task_id = task_id if self.count == 0 or self.task_id == task_id else None
        self.count += 1
        if len(self.event_ids) < MAX_EVENTS:
            self.event_ids.append(event_id)
        else:
            self.event_ids[-1] = event_id
        return self
