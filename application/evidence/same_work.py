"""Recognise plans of the same work, and remember under which policies it failed before.

The same work has the same goal and the same titles; case, punctuation, spaces and the order
of the tasks do not count. A plan whose text was erased is not recognised. Who plans work
again on purpose says so: `replicate_of` in a plan's metadata names the plan it repeats.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plangate.application.evidence.joined import Joined
from plangate.application.evidence.same_text import text_key
from plangate.domain.events import PlanCreated
from plangate.domain.policy import Policy

WorkKey = bytes
"""A digest of a plan's goal and titles."""

REPLICATE_OF: Final = "replicate_of"
"""The key of a plan's metadata that names the plan it repeats."""

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

    def has(self, work: WorkKey) -> bool:
        """Whether a work is known to have failed."""
        return work in self._known

    def before(self, work: WorkKey, position: int) -> Iterator[Failure]:
        """The failures of the work before a position of the log, the strictest first."""
        known = sorted(self._known.get(work, ()), key=lambda one: (-one.threshold, one.position))
        return (one for one in known if one.position < position)


class SameWork(StrEnum):
    """How plans were recognised as the same work."""

    REPLICATE_OF = "replicate_of"
    GOAL_AND_TITLES = "goal_and_titles"


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a plan, and by what it was recognised."""

    key: WorkKey
    by: SameWork


class Works:
    """The works of many plans, from their creations alone.

    A plan that says what it repeats, and the plan that it names, are one work by that alone:
    with `replicate_of` a caller can tell apart what goal and titles do not. All others go by
    goal and titles. Of each plan a digest is kept.
    """

    def __init__(self) -> None:
        self._by_text: dict[str, WorkKey | None] = {}
        self._named = Joined[str]()

    def add(self, plan_id: str, created: PlanCreated) -> None:
        """Add the creation of one more plan, in any order."""
        named = (created.metadata or {}).get(REPLICATE_OF)
        self._by_text[plan_id] = work_of(created)
        if isinstance(named, str) and named != plan_id:
            self._named.join(plan_id, named)

    def extend(self, others: "Works") -> None:
        """Add the plans of others."""
        self._by_text |= others._by_text  # noqa: SLF001  (of the same class)
        self._named.extend(others._named)  # noqa: SLF001

    def of(self, plan_id: str) -> Work | None:
        """The work of an added plan; None if it names none and its text was erased."""
        if plan_id in self._named:
            return Work(_digest([REPLICATE_OF, self._named.find(plan_id)]), SameWork.REPLICATE_OF)
        key = self._by_text[plan_id]
        return None if key is None else Work(key, SameWork.GOAL_AND_TITLES)


def work_of(created: PlanCreated) -> WorkKey | None:
    """The key of a plan's work; None if its text was erased."""
    texts = [created.goal, *(task.title for task in created.tasks)]
    normal = [text_key(text) for text in texts if text is not None]
    if len(normal) < len(texts):
        return None
    return _digest([normal[0], *sorted(normal[1:])])


def _digest(texts: list[str]) -> WorkKey:
    return hashlib.sha256(json.dumps(texts).encode()).digest()[:16]
