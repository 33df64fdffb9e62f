"""Recognise plans of the same work, and remember under which policies it failed before.

The same work has the same goal and the same titles; case, punctuation, spaces and the order
of the tasks do not count. A plan whose text was erased is not recognised.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plangate.application.evidence.findings_config import normal_text
from plangate.domain.events import PlanCreated
from plangate.domain.policy import Policy

WorkKey = bytes
"""A digest of a plan's goal and titles."""

_MAX_POLICIES: Final = 8
"""Under how many policies the failures of one work are kept."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A plan in which work failed: its policy, and the first event that shows it."""

    plan_id: str
    policy: Policy
    event_id: str
    position: int

    @property
    def threshold(self) -> float:
        """The threshold under which it failed."""
        return self.policy.confidence_threshold


class FailedWork:
    """The first failure of each work under each policy."""

    def __init__(self) -> None:
        self._known: dict[WorkKey, tuple[Failure, ...]] = {}
        self._policies: dict[Policy, Policy] = {}

    def add(self, work: WorkKey, failure: Failure) -> None:
        """Keep a failure, unless the same work failed under the same policy before."""
        known = self._known.get(work, ())
        others = tuple(one for one in known if one.policy != failure.policy)
        same = [one for one in known if one.policy == failure.policy]
        if len(others) == _MAX_POLICIES:
            return
        policy = self._policies.setdefault(failure.policy, failure.policy)
        mine = Failure(failure.plan_id, policy, failure.event_id, failure.position)
        earliest = min([*same, mine], key=lambda one: one.position)
        self._known[work] = (*others, earliest)

    def before(self, work: WorkKey, position: int) -> Iterator[Failure]:
        """The failures of the work before a position of the log, the strictest first."""
        known = sorted(self._known.get(work, ()), key=lambda one: (-one.threshold, one.position))
        return (one for one in known if one.position < position)


def work_of(created: PlanCreated) -> WorkKey | None:
    """The key of a plan's work; None if its text was erased."""
    texts = [created.goal, *(task.title for task in created.tasks)]
    normal = [normal_text(text) or text for text in texts if text is not None]
    if len(normal) < len(texts):
        return None
    return hashlib.sha256(json.dumps([normal[0], *sorted(normal[1:])]).encode()).digest()[:16]
