"""Review one plan event by event for what to look at.

Each reviewer watches for a few kinds of findings; here the plan's events are handed to the
reviewers that they concern.
"""

from typing import Final, assert_never

from plangate.application.evidence.done_tasks import DoneTasks
from plangate.application.evidence.finding import (
    EventList,
    Finding,
    FindingKind,
    PlanFindings,
    severity_if,
)
from plangate.application.evidence.findings_config import Names
from plangate.application.evidence.gate_shape import gate_shape
from plangate.application.evidence.outcomes import Outcomes
from plangate.application.evidence.plan_changes import PlanChanges
from plangate.application.evidence.planned_again import PlannedAgain
from plangate.application.evidence.rescoring import Rescoring
from plangate.application.evidence.same_work import FailedWork
from plangate.application.evidence.scorers import Scorers
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Outcome, ScoreKind, StatusCause, TaskStatus

_AT_WORK: Final = {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}
_BY_HAND: Final = {StatusCause.MARKED, StatusCause.APPROVED}


class PlanReview:
    """The review of one plan. `failed` holds the failures of the plans before it."""

    def __init__(self, plan_id: str, failed: FailedWork, names: Names) -> None:
        self._plan: Plan | None = None
        self._found = PlanFindings(plan_id)
        self._outcomes = Outcomes()
        self._rescoring = Rescoring(self._found, names)
        self._done = DoneTasks(self._found, self._rescoring)
        self._scorers = Scorers(self._found, names)
        self._changes = PlanChanges(self._found)
        self.again = PlannedAgain(self._found, plan_id, failed)

    def add(self, step: Step) -> None:  # noqa: C901, PLR0912  (a branch an event)
        """Review the plan's next event."""
        event = step.recorded.event
        self._plan = step.after
        self._outcomes.add(step)
        match event:
            case events.PlanCreated():
                self.again.created(step, event)
            case events.TaskScored():
                self._score(step, event)
            case events.ScoreRetracted():
                self._rescoring.retracted(step, event)
                self._done.retracted(step, event)
                self._scorers.retracted(event)
            case events.ScoringFailed():
                self._scorers.failed(step, event)
            case events.TaskStatusChanged():
                self._move(step, event)
            case events.AttemptStarted():
                self._rescoring.restarted(event.task_id)
                self._changes.begun_again(step, event.task_id)
            case events.ReplanTriggered():
                self._rescoring.fired(step, event)
                self._changes.replan(step, event.task_id)
                self.again.fail(step)
            case events.PlanRevised():
                self._changes.revised(step)
            case events.TaskAdded():
                self._rescoring.added(event.task)
                self._changes.continued(step)
            case events.TaskChanged():
                self._rescoring.restarted(event.task_id)
                self._changes.released(step, event)
            case events.TaskMoved():
                self._changes.changed(step, event.task_id, "moved")
            case events.TaskDropped():
                self._rescoring.dropped(step, event.task_id)
                self._changes.changed(step, event.task_id, "dropped")
            case events.TaskSplit():
                self._succeed(step, event.task_id, "split", *(part.id for part in event.into))
            case events.TaskReplaced():
                self._succeed(step, event.task_id, "replaced", event.by.id)
            case events.PlanErased():
                self._scorers.erased()
            case (
                events.OutcomeRecorded()
                | events.LeaseRenewed()
                | events.TaskDeferred()
                | events.TaskUndeferred()
                | events.GateApproved()
                | events.PlanPaused()
                | events.PlanResumed()
                | events.PlanArchived()
                | events.PlanRestored()
                | events.PlanDeleted()
            ):
                pass
            case _:
                assert_never(event)
        self.again.add(step)

    def finish(self) -> list[Finding]:
        """End the review; return all findings, ordered by the event that completed each."""
        for reviewer in (self._rescoring, self._done, self._scorers, self._changes, self.again):
            reviewer.finish()
        if self._plan is not None:
            gate_shape(self._plan, self._found)
        self._contradictions()
        return self._found.ordered()

    def _score(self, step: Step, event: events.TaskScored) -> None:
        self._scorers.scored(step, event)
        self._rescoring.scored(step, event)
        self._done.scored(step, event)
        if event.kind is ScoreKind.OUTPUT:
            self._changes.settled(step, event.task_id)
            task = step.after.tasks.get(event.task_id)
            if event.mark_done and task is not None and not step.after.passes(task):
                self.again.fail(step)

    def _move(self, step: Step, event: events.TaskStatusChanged) -> None:
        self._done.moved(step, event)
        if event.cause is StatusCause.CLAIMED:
            self._rescoring.claimed(event.task_id)
            self._scorers.claimed(event)
        elif event.new in _AT_WORK:
            self._rescoring.restarted(event.task_id)
        if event.cause is StatusCause.MARKED:
            self._changes.moved(step, event)
        if event.new is TaskStatus.FAILED:
            self.again.fail(step)
        if event.cause in _BY_HAND and event.new is TaskStatus.DONE:
            self._changes.settled(step, event.task_id)

    def _succeed(self, step: Step, task_id: str, how: str, *successors: str) -> None:
        self._rescoring.succeeded(task_id, successors)
        self._scorers.succeeded(task_id, *successors)
        self._changes.changed(step, task_id, how)
        self._changes.succeeded(step, task_id, *successors)

    def _contradictions(self) -> None:
        for outcome in self._outcomes.newest():
            before = outcome.assessment
            rejected = outcome.outcome is Outcome.REJECTED
            if before.confidence is None or before.scored_by is None:
                continue
            if before.passes is rejected:
                passed = "had passed" if rejected else "had not passed"
                self._found.add(
                    FindingKind.OUTCOME_CONTRADICTS,
                    severity_if(rejected),
                    EventList.of(outcome.task_id, before.scored_by, outcome.event_id),
                    f"it {passed} with {before.confidence:.3f}, and was {outcome.outcome}, "
                    f"says {outcome.source}",
                )
