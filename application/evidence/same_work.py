"""Recognise plans of the same work, and remember under which threshold it failed before.

The same work has the same goal and the same titles in the same order; case and spaces do
not count. A plan whose text was erased is not recognised.
"""

import hashlib
import json
from dataclasses import dataclass

from plangate.domain.events import PlanCreated

WorkKey = bytes
"""A digest of a plan's goal and titles."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A plan in which work failed: its threshold, and the first event that shows it."""

    plan_id: str
    threshold: float
    event_id: str
    position: int


class FailedWork:
    """The strictest threshold under which each work failed so far."""

    def __init__(self) -> None:
        self._known: dict[WorkKey, Failure] = {}

    def add(self, work: WorkKey, failure: Failure) -> None:
        """Keep a failure, unless the same work failed under a higher threshold."""
        known = self._known.get(work)
        if known is None or known.threshold <= failure.threshold:
            self._known[work] = failure

    def stricter(self, work: WorkKey, threshold: float, position: int) -> Failure | None:
        """The failure of the work under a higher threshold before a position of the log."""
        known = self._known.get(work)
        if known is None or known.threshold <= threshold or known.position >= position:
            return None
        return known


def work_of(created: PlanCreated) -> WorkKey | None:
    """The key of a plan's work; None if its text was erased."""
    texts = [created.goal, *(task.title for task in created.tasks)]
    normal = [" ".join(text.split()).casefold() for text in texts if text is not None]
    if len(normal) < len(texts):
        return None
    return hashlib.sha256(json.dumps(normal).encode()).digest()[:16]
