"""The results of a plan and what became of them, as recorded: the same whichever policy is tried.

A result is an output score of an attempt that was not retracted. It is rejected when its
newest outcome from a source says so, and that is the only failure. A result below the
recorded threshold is what a judge said, not what became of it, and is kept apart. Time is
counted in output scores, the only events at which the gate judges.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

from plangate.application.evidence.same_work import work_of
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus

TRIPPED: Final[Callable[[Plan], bool]] = attrgetter("gate.tripped")

_Seen = TypeVar("_Seen")


class ScoreMoment(NamedTuple):
    """After so many output scores, at this event."""

    scores: int
    event_id: str


class JudgedResult(NamedTuple):
    """The number of a result's output score, and whether the result is bad."""

    score: int
    bad: bool


class ScoredResult(NamedTuple):
    """A result: the number of its output score in the plan, from 1, and the score."""

    number: int
    scored: events.TaskScored


class DecidedResult(NamedTuple):
    """An outcome, and the results of its task's attempt before it, the newest last."""

    rejected: bool
    recorded: ScoreMoment
    results: tuple[ScoredResult, ...]


def scores_an_output(command: RecordedCommand) -> bool:
    """Whether an output was scored, so that the gate gave a verdict."""
    for entry in command.events:
        event = entry.event
        if type(event) is events.TaskScored and event.kind is ScoreKind.OUTPUT:
            return True
    return False


def seen_at_scores(
    steps: Iterable[tuple[RecordedCommand, Plan]], look: Callable[[Plan], _Seen]
) -> list[_Seen]:
    """What a look at the plan, as `TRIPPED`, shows right after each of its output scores."""
    return [look(after) for command, after in steps if scores_an_output(command)]


class ScoredResults:
    """The results of a plan so far, and how many outputs were scored.

    `work` is the key of what the plan is about: plans of the same goal and titles share it.
    `outcomes` has the newest outcome of each task and source. `settled` are the results that
    settled a task; bad are those that did so below the plan's threshold, and `below` is the
    first. `first` is the first of all that was once called a failure: such a score, a
    rejected result when its outcome came, or a task marked `failed` by hand.
    """

    def __init__(self, history: Iterable[RecordedCommand] = ()) -> None:
        self.scores = 0
        self.work = b""
        self.outcomes: dict[tuple[str, str], DecidedResult] = {}
        self.settled: list[JudgedResult] = []
        self.below: ScoreMoment | None = None
        self.first: ScoreMoment | None = None
        self._results: dict[str, dict[str, ScoredResult]] = {}
        for command in history:
            self.add(command)

    def add(self, command: RecordedCommand) -> None:
        """Add the next recorded command."""
        self.scores += scores_an_output(command)
        for entry in command.events:
            self._add(command.after, entry.event, entry.envelope.event_id)

    @property
    def rejected(self) -> ScoreMoment | None:
        """The first result that was rejected in the end: when it was scored, if it was.

        The event is that of its outcome.
        """
        found = [
            one.recorded._replace(scores=one.results[-1].number) if one.results else one.recorded
            for one in self.outcomes.values()
            if one.rejected
        ]
        return min(found, key=lambda moment: moment.scores, default=None)

    def with_outcomes(self) -> Iterator[JudgedResult]:
        """The results with an outcome, by task and source; rejected ones are bad."""
        for one in self.outcomes.values():
            if one.results:
                yield JudgedResult(one.results[-1].number, one.rejected)

    def _add(self, after: Plan, event: events.PlanEvent, event_id: str) -> None:
        failed = False
        match event:
            case events.TaskScored(kind=ScoreKind.OUTPUT):
                results = self._results.setdefault(event.task_id, {})
                results[event_id] = ScoredResult(self.scores, event)
                failed = self._is_low(after, event, event_id)
            case events.TaskStatusChanged():
                failed = event.cause is StatusCause.MARKED and event.new is TaskStatus.FAILED
            case events.OutcomeRecorded():
                failed = event.outcome is Outcome.REJECTED
                results = self._results.get(event.task_id, {})
                key = event.task_id, event.source
                self.outcomes[key] = DecidedResult(
                    failed, ScoreMoment(self.scores, event_id), tuple(results.values())
                )
            case events.ScoreRetracted():
                self._results.get(event.task_id, {}).pop(event.event_id, None)
            case events.AttemptStarted():
                self._results.pop(event.task_id, None)
            case events.PlanCreated():
                self.work = work_of(event) or after.plan_id.encode()
            case _:  # says nothing of a result
                return
        if failed and self.first is None:
            self.first = ScoreMoment(self.scores, event_id)

    def _is_low(self, after: Plan, event: events.TaskScored, event_id: str) -> bool:
        if not event.mark_done:
            return False
        task = after.tasks.get(event.task_id)
        confidence = None if task is None else task.confidence(after.policy)
        if confidence is None:
            return False
        low = not reaches(confidence, after.policy.confidence_threshold)
        self.settled.append(JudgedResult(self.scores, low))
        if low and self.below is None:
            self.below = ScoreMoment(self.scores, event_id)
        return low
