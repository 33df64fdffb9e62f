"""What became of a plan's results, as recorded: the same whichever policy is tried.

A result is an output score of an attempt that was not retracted. It is rejected when its
newest outcome from a source says so, and that is the only failure. A result below the
recorded threshold is what a judge said, not what became of it, and is kept apart. Time is
counted in output scores, the only events at which the gate judges.
"""

from collections.abc import Iterator
from typing import NamedTuple

from plangate.application.evidence.same_work import work_of
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus


class ScoreMoment(NamedTuple):
    """After so many output scores, at this event."""

    scores: int
    event_id: str


class JudgedResult(NamedTuple):
    """The number of a result's output score, and whether the result is bad."""

    score: int
    bad: bool


class _Outcome(NamedTuple):
    rejected: bool
    score: int | None
    recorded: ScoreMoment


def scores_an_output(command: RecordedCommand) -> bool:
    """Whether an output was scored, so that the gate gave a verdict."""
    for entry in command.events:
        event = entry.event
        if type(event) is events.TaskScored and event.kind is ScoreKind.OUTPUT:
            return True
    return False


class Failures:
    """The bad results of a plan so far, and how many outputs were scored.

    `work` is the key of what the plan is about: plans of the same goal and titles share it.
    `settled` are the results that settled a
    task; bad are those that did so below the plan's threshold, and `below` is the first.
    `first` is the first of all that was once called a failure: such a score, a rejected
    result when its outcome came, or a task marked `failed` by hand.
    """

    def __init__(self) -> None:
        self.scores = 0
        self.work = b""
        self.settled: list[JudgedResult] = []
        self.below: ScoreMoment | None = None
        self.first: ScoreMoment | None = None
        self._results: dict[str, dict[str, int]] = {}
        self._outcomes: dict[tuple[str, str], _Outcome] = {}

    def add(self, command: RecordedCommand) -> None:
        """Add the next recorded command."""
        self.scores += scores_an_output(command)
        for entry in command.events:
            self._add(command.after, entry.event, entry.envelope.event_id)

    @property
    def has_outcomes(self) -> bool:
        """Whether the outcome of any task is recorded."""
        return bool(self._outcomes)

    @property
    def rejected(self) -> ScoreMoment | None:
        """The first result that was rejected in the end: when it was scored, if it was.

        The event is that of its outcome.
        """
        found = [
            one.recorded if one.score is None else one.recorded._replace(scores=one.score)
            for one in self._outcomes.values()
            if one.rejected
        ]
        return min(found, key=lambda moment: moment.scores, default=None)

    def with_outcomes(self) -> Iterator[JudgedResult]:
        """The results with an outcome, by task and source; rejected ones are bad."""
        for one in self._outcomes.values():
            if one.score is not None:
                yield JudgedResult(one.score, one.rejected)

    def _add(self, after: Plan, event: events.PlanEvent, event_id: str) -> None:
        failed = False
        match event:
            case events.TaskScored(kind=ScoreKind.OUTPUT):
                self._results.setdefault(event.task_id, {})[event_id] = self.scores
                failed = self._is_low(after, event, event_id)
            case events.TaskStatusChanged():
                failed = event.cause is StatusCause.MARKED and event.new is TaskStatus.FAILED
            case events.OutcomeRecorded():
                failed = self._is_rejected(event, event_id)
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

    def _is_rejected(self, event: events.OutcomeRecorded, event_id: str) -> bool:
        results = self._results.get(event.task_id, {})
        rejected = event.outcome is Outcome.REJECTED
        score = next(reversed(results.values()), None)
        self._outcomes[event.task_id, event.source] = _Outcome(
            rejected, score, ScoreMoment(self.scores, event_id)
        )
        return rejected
