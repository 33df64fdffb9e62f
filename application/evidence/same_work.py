"""Which plans are of the same work, and under which threshold it failed before.

The same work is the same goal and the same titles in the same order, spaces and
capitals aside. Where they were erased, nothing can be said.
"""

import hashlib
import json
from dataclasses import dataclass

from plangate.domain.events import PlanCreated

WorkKey = bytes
"""A digest of what was planned."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A plan in which work failed: its threshold, and the first event that says so."""

    plan_id: str
    threshold: float
    event_id: str
    position: int


class FailedWork:
    """The strictest threshold under which each work failed so far: one entry a failed work."""

    def __init__(self) -> None:
        self._known: dict[WorkKey, Failure] = {}

    def note(self, work: WorkKey, failure: Failure) -> None:
        """Remember a failure, unless the same work failed under a higher threshold."""
        known = self._known.get(work)
        if known is None or known.threshold <= failure.threshold:
            self._known[work] = failure

    def stricter(self, work: WorkKey, threshold: float, position: int) -> Failure | None:
        """How the work had failed under a higher threshold before a position of the log."""
        known = self._known.get(work)
        if known is None or known.threshold <= threshold or known.position >= position:
            return None
        return known


def work_of(created: PlanCreated) -> WorkKey | None:
    """What a plan is about, or None where it can no longer be known."""
    words = [created.goal, *(task.title for task in created.tasks)]
    said = [" ".join(word.split()).casefold() for word in words if word is not None]
    if len(said) < len(words):
        return None
    return hashlib.sha256(json.dumps(said).encode()).digest()[:16]
