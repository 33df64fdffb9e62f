"""What became of a plan's results, as recorded: the same whichever policy is tried.

A result is rejected when its newest outcome from a source says so. That is the only failure
here. A result below the recorded threshold is what a judge said, not what became of it, and
is kept apart. Time is counted in output scores, the only events at which the gate judges.
"""

from typing import Final, NamedTuple

from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus


class Moment(NamedTuple):
    """After so many output scores, at this event."""

    scores: int
    event_id: str


def scores_an_output(command: RecordedCommand) -> bool:
    """Whether an output was scored, so that the gate gave a verdict."""
    for entry in command.events:
        event = entry.event
        if type(event) is events.TaskScored and event.kind is ScoreKind.OUTPUT:
            return True
    return False


_OF_INTEREST: Final = (events.OutcomeRecorded, events.TaskStatusChanged, events.TaskScored)


class Failures:
    """The first bad results of a plan, and how many outputs were scored so far.

    `below` is the first output score that settled a task while its confidence was below the
    plan's threshold. `first` is the first of all that was once called a failure: such a
    score, a rejected result when its outcome came, or a task marked `failed` by hand.
    """

    def __init__(self) -> None:
        self.scores = 0
        self.below: Moment | None = None
        self.first: Moment | None = None
        self._results: dict[str, int] = {}
        self._outcomes: dict[tuple[str, str], tuple[Outcome, Moment]] = {}

    def add(self, command: RecordedCommand) -> None:
        """Add the next recorded command."""
        self.scores += scores_an_output(command)
        for entry in command.events:
            if isinstance(entry.event, _OF_INTEREST):
                self._add(command.after, entry.event, entry.envelope.event_id)

    @property
    def has_outcomes(self) -> bool:
        """Whether the outcome of any task is recorded."""
        return bool(self._outcomes)

    @property
    def rejected(self) -> Moment | None:
        """The first result that was rejected in the end: when it was scored, if it was.

        The event is that of its outcome.
        """
        found = (at for outcome, at in self._outcomes.values() if outcome is Outcome.REJECTED)
        return min(found, key=lambda moment: moment.scores, default=None)

    def _add(
        self,
        after: Plan,
        event: events.OutcomeRecorded | events.TaskStatusChanged | events.TaskScored,
        event_id: str,
    ) -> None:
        now = Moment(self.scores, event_id)
        if isinstance(event, events.OutcomeRecorded):
            scored = self._results.get(event.task_id, self.scores)
            self._outcomes[event.task_id, event.source] = event.outcome, Moment(scored, event_id)
            failed = event.outcome is Outcome.REJECTED
        elif isinstance(event, events.TaskStatusChanged):
            failed = event.cause is StatusCause.MARKED and event.new is TaskStatus.FAILED
        else:
            if event.kind is ScoreKind.OUTPUT:
                self._results[event.task_id] = self.scores
            failed = _settled_below(after, event)
            if failed:
                self.below = self.below or now
        if failed:
            self.first = self.first or now


def _settled_below(after: Plan, event: events.TaskScored) -> bool:
    if not event.mark_done:
        return False
    task = after.tasks.get(event.task_id)
    confidence = None if task is None else task.confidence(after.policy)
    return confidence is not None and not reaches(confidence, after.policy.confidence_threshold)
