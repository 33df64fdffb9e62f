"""Read plans once, and keep for each case which of many policies would have stopped it.

Of each plan only a row is kept: how it is grouped, the plain mean of its scores, and for
each policy one bit a case.
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final, NamedTuple

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.same_text import text_key
from plangate.application.evidence.same_work import Works
from plangate.application.evidence.scored_results import TRIPPED, ScoredResults, seen_at_scores
from plangate.application.plan_log import PlanIds, selected
from plangate.application.progress import no_progress
from plangate.application.rerun.policies import Given, combined, rules_of
from plangate.application.rerun.recorded_commands import RecordedCommand, listed_commands
from plangate.application.rerun.rerun import Rules, fires, replayed
from plangate.application.results import UnreadablePlan
from plangate.domain.events import PlanCreated
from plangate.domain.policy import Policy
from plangate.domain.trait_tree import Trait

PLAIN_MEAN: Final = Policy(
    prompt_weight=0.0, output_weight=1.0, decay=1.0, confidence_threshold=0.0, min_scored=2
)
"""Its rolling confidence is the plain mean of the scores, and its gate never fires.

`min_scored` has it kept in a tree, so that no score costs a pass over all tasks.
"""


_WEIGHING: Final = ("prompt_weight", "output_weight", "judges", "min_judges")


def weighed_alike(base: Given, store: EventStore, plan_ids: PlanIds) -> Given:
    """A policy that makes a task's confidence of its scores as all these plans do.

    What it says of that itself is left as it is, as is a whole policy.
    """
    if isinstance(base, Policy):
        return base
    alike: dict[str, set[Any]] = {field: set() for field in _WEIGHING}
    for plan_id in selected(store, plan_ids, no_progress):
        with suppress(UnreadableEvent):
            created = (entry.event for entry in store.read(plan_id, until=1))
            for policy in (event.policy for event in created if isinstance(event, PlanCreated)):
                for field, values in alike.items():
                    values.add(getattr(policy, field))
    shared = {field: values.pop() for field, values in alike.items() if len(values) == 1}
    return shared | combined(base, {})


class SeenCase(NamedTuple):
    """One case: whether it is bad, if an outcome says so, and the plain mean at its score.

    Bit n of `stopped` says whether policy n stopped it.
    """

    bad: bool | None
    mean: float
    stopped: int


class PlanRow(NamedTuple):
    """What is kept of a plan: its id, a digest of its goal, its labels and its cases."""

    plan_id: str
    goal: bytes | None
    labels: tuple[str, ...]
    cases: tuple[SeenCase, ...]


class TuningCases:
    """The rows of the plans added so far.

    With `by_outcome` a case is a task's result with an outcome, as in `gate_cases`;
    otherwise a plan with scores, stopped if the gate ever fired in it. Plans without a case
    are counted in `without`. Rules that are None are the recorded policy.
    """

    def __init__(self, rules: Sequence[Rules | None], *, by_outcome: bool) -> None:
        self._rules = tuple(rules)
        self.passes = len(self._rules)
        self._by_outcome = by_outcome
        self.rows: list[PlanRow] = []
        self.works = Works()
        self.without = 0
        self.unreadable: list[UnreadablePlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        history = listed_commands(store, plan_id, self.unreadable)
        if not history:
            return
        created = history[0].events[0].event
        cases = tuple(self._results(history) if self._by_outcome else self._plan(history))
        if cases and isinstance(created, PlanCreated):
            goal = None if created.goal is None else _digest(created.goal)
            self.rows.append(PlanRow(plan_id, goal, created.labels or (), cases))
            self.works.add(plan_id, created)
        else:
            self.without += 1

    def extend(self, part: "TuningCases") -> None:
        """Add the rows of the plans that follow."""
        self.rows += part.rows
        self.works.extend(part.works)
        self.without += part.without
        self.unreadable += part.unreadable

    def _results(self, history: Sequence[RecordedCommand]) -> Iterator[SeenCase]:
        cases = list(ScoredResults(history).with_outcomes())
        if not cases:
            return
        means = seen_at_scores(replayed(history, _MEAN_RULES), _MEAN)
        stopped = [0] * len(means)
        for number, rules in enumerate(self._rules):
            for score, tripped in enumerate(seen_at_scores(replayed(history, rules), TRIPPED)):
                stopped[score] |= tripped << number
        for score, bad in cases:
            yield SeenCase(bad, means[score - 1], stopped[score - 1])

    def _plan(self, history: Sequence[RecordedCommand]) -> Iterator[SeenCase]:
        ((_, plan),) = deque(replayed(history, _MEAN_RULES), maxlen=1)
        if plan.traits.count(Trait.SCORED):
            bits = sum(fires(history, rules) << n for n, rules in enumerate(self._rules))
            yield SeenCase(None, plan.rolling_confidence, bits)


def _digest(goal: str) -> bytes:
    return hashlib.sha256(text_key(goal).encode()).digest()[:16]


_MEAN_RULES: Final = rules_of(PLAIN_MEAN)
_MEAN: Final = attrgetter("rolling_confidence")
