"""What a gate would have stopped: results with an outcome, under one policy or several.

A result is *stopped* if the gate was tripped right after its score: it fired at this score,
or before it and was not open again. The score is the task's newest output score before the
outcome that was not retracted, of the same attempt. A rejected result is *bad*. Each task
has one case for each source of outcomes, its newest; without a score there is none.

Commands and their times are those that were recorded: no one reacts to the gate.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, Generic, NamedTuple, TypeVar

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.rerun.recorded_commands import RecordedCommand, commands_of
from plangate.application.rerun.rerun import Input, Rules, rerun
from plangate.application.results import UnreadablePlan
from plangate.domain import events
from plangate.domain.errors import InvalidInput
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind

TRIPPED: Final[Callable[[Plan], bool]] = attrgetter("gate.tripped")

Seen = TypeVar("Seen")


class ScoredResult(NamedTuple, Generic[Seen]):
    """An output score that still counts, and what a look at the plan showed right after it."""

    scored: events.TaskScored
    seen: Seen


class SeenAtResults(Generic[Seen]):
    """What a look at the plan, as `TRIPPED`, showed at each result that still counts."""

    def __init__(self, look: Callable[[Plan], Seen]) -> None:
        self._look = look
        self._results: dict[str, dict[str, ScoredResult[Seen]]] = {}

    def add(self, command: RecordedCommand, after: Plan) -> None:
        """Add the next recorded command, which led to `after` under the policy."""
        for entry in command.events:
            match entry.event:
                case events.TaskScored(kind=ScoreKind.OUTPUT) as scored:
                    results = self._results.setdefault(scored.task_id, {})
                    results[entry.envelope.event_id] = ScoredResult(scored, self._look(after))
                case events.ScoreRetracted(task_id=task_id, event_id=retracted):
                    self._results.get(task_id, {}).pop(retracted, None)
                case events.AttemptStarted(task_id=task_id):
                    self._results.pop(task_id, None)
                case _:  # leaves the results as they are
                    pass

    def of(self, task_id: str) -> Seen | None:
        """What was seen at the task's result; None without one."""
        newest = next(reversed(self.results(task_id)), None)
        return None if newest is None else newest.seen

    def results(self, task_id: str) -> Sequence[ScoredResult[Seen]]:
        """The output scores that count of the task's attempt, the newest last."""
        return tuple(self._results.get(task_id, {}).values())


def seen_at_outcomes(
    steps: Iterable[tuple[RecordedCommand, Plan]], look: Callable[[Plan], Seen]
) -> list[tuple[bool, Seen]]:
    """For each case of one plan whether it is bad, and what was seen at its result.

    They come in the order of the log, so the same case is at the same place under every
    policy.
    """
    results = SeenAtResults(look)
    newest: dict[tuple[str, str], tuple[bool, Seen]] = {}
    for command, after in steps:
        results.add(command, after)
        for entry in command.events:
            event = entry.event
            if isinstance(event, events.OutcomeRecorded):
                key = event.task_id, event.source
                newest.pop(key, None)
                seen = results.of(event.task_id)
                if seen is not None:
                    newest[key] = event.outcome is Outcome.REJECTED, seen
    return list(newest.values())


def replayed(
    inputs: Iterable[Input], rules: Rules | None
) -> Iterator[tuple[RecordedCommand, Plan]]:
    """Each recorded command with the plan after it under other rules; as recorded without any.

    Raises `InvalidInput` where the rules do not fit the plan's own policy.
    """
    if rules is None:
        for given in inputs:
            yield given.recorded, given.recorded.after
    else:
        for step in rerun(inputs, rules):
            yield step.given.recorded, step.after


class GateCounts:
    """Cases of the plans added so far, counted by plan and policy, in compact arrays.

    `bad` and `good` count the cases of each plan that has any; `stopped_bad` and
    `stopped_good`, an array for each policy, those that it stops. A plan whose own policy
    some of the rules do not fit is in none: `unfit` counts these.
    """

    def __init__(self, rules: Sequence[Rules | None]) -> None:
        self._rules = tuple(rules)
        self.bad, self.good = _counts(), _counts()
        self.stopped_bad = [_counts() for _ in self._rules]
        self.stopped_good = [_counts() for _ in self._rules]
        self.unreadable: list[UnreadablePlan] = []
        self.unfit = 0

    @property
    def passes(self) -> int:
        """How many policies are tried."""
        return len(self._rules)

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        try:
            inputs = [Input.of(command) for command in commands_of(store, plan_id)]
            by_policy = [
                seen_at_outcomes(replayed(inputs, rules), TRIPPED) for rules in self._rules
            ]
        except UnreadableEvent as error:
            self.unreadable.append(UnreadablePlan.of(error))
        except InvalidInput:
            self.unfit += 1
        else:
            self._count(by_policy)

    def extend(self, part: "GateCounts") -> None:
        """Add the counts of the plans that follow."""
        self.bad += part.bad
        self.good += part.good
        for mine, others in zip(self.stopped_bad, part.stopped_bad, strict=True):
            mine.extend(others)
        for mine, others in zip(self.stopped_good, part.stopped_good, strict=True):
            mine.extend(others)
        self.unreadable += part.unreadable
        self.unfit += part.unfit

    def _count(self, by_policy: Sequence[Sequence[tuple[bool, bool]]]) -> None:
        first = by_policy[0]
        if not first:
            return
        bad = sum(is_bad for is_bad, _ in first)
        self.bad.append(bad)
        self.good.append(len(first) - bad)
        for cases, of_bad, of_good in zip(
            by_policy, self.stopped_bad, self.stopped_good, strict=True
        ):
            of_bad.append(sum(is_bad and stopped for is_bad, stopped in cases))
            of_good.append(sum(stopped and not is_bad for is_bad, stopped in cases))


def _counts() -> "array[int]":
    return array("L")
