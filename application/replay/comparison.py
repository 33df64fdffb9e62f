"""One plan's two stories, told step by step: as it was recorded, and as it would have gone."""

from collections.abc import Iterator

from plangate.application.replay.event_diff import EventFacts, EventPair, differences
from plangate.application.replay.gate_trace import FirstFailure, GateTrace
from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.application.replay.rerun import RerunStep, is_claim
from plangate.application.replay.totals import Tally
from plangate.application.replay.what_if import (
    Difference,
    FinalState,
    LostInput,
    PlanReplay,
    Sample,
    TaskFinalState,
)
from plangate.domain.commands import ClaimNextTask
from plangate.domain.events import TaskScored
from plangate.domain.plan import Plan


class Comparison:
    """Both stories of one plan, as far as they have come."""

    def __init__(self, plan_id: str) -> None:
        self._actual = self._other = Plan(plan_id)
        self._happened, self._would_have = GateTrace(), GateTrace()
        self._failure = FirstFailure()
        self._samples: list[Sample] = []
        self._lost: list[LostInput] = []
        self._first: Difference | None = None
        self._commands = self._changed = 0

    def add(self, step: RerunStep) -> None:
        """One more input, answered in both."""
        command = step.given.recorded
        recorded = [entry.event for entry in command.events]
        self._actual, self._other = command.after, step.after
        self._commands += 1
        self._lost += _lost(step)
        self._failure.add(command)
        scores = self._failure.scores
        fired = self._happened.add(command.after, recorded, scores)
        would_fire = self._would_have.add(step.after, step.events, scores)
        self._samples += _samples(step, fired=fired, would_fire=would_fire)
        apart = next(differences(recorded, step.events), None)
        if apart is not None:
            self._changed += 1
            self._first = self._first or _difference(command, apart)

    def count(self, happened: Tally, would_have: Tally) -> None:
        """Count the plan in what happened, and in what would have."""
        refused = sum(lost.error is not None for lost in self._lost)
        happened.add(self._actual, self._happened, self._failure, 0)
        would_have.add(self._other, self._would_have, self._failure, refused)

    def result(self) -> PlanReplay:
        """The stories side by side."""
        actual, other, samples = self._actual, self._other, tuple(self._samples)
        return PlanReplay(
            plan_id=actual.plan_id,
            goal=actual.goal,
            recorded_policy=actual.policy,
            policy=other.policy,
            commands=self._commands,
            changed=self._changed,
            recorded=_final_state(actual, self._happened, self._failure),
            replayed=_final_state(other, self._would_have, self._failure),
            fired=tuple(sample.event_id for sample in samples if sample.recorded_fired),
            would_have_fired=tuple(r.event_id for r in samples if r.replayed_fired),
            first_failure=self._failure.event_id,
            first_difference=self._first,
            lost=tuple(self._lost),
            tasks=tuple(_tasks(actual, other)),
            samples=samples,
        )


def _difference(command: RecordedCommand, apart: EventPair) -> Difference:
    return Difference(
        event_id=command.events[apart.place].envelope.event_id,
        recorded=None if apart.recorded is None else EventFacts.of(apart.recorded),
        replayed=None if apart.decided is None else EventFacts.of(apart.decided),
    )


def _lost(step: RerunStep) -> Iterator[LostInput]:
    given = step.given
    name = None if given.command is None else type(given.command).__name__
    event_id = given.recorded.event_id
    if given.unexplained is not None:
        yield LostInput(event_id=event_id, command=None, error="Unexplained", why=given.unexplained)
    elif step.refusal is not None:
        error = type(step.refusal).__name__
        yield LostInput(event_id=event_id, command=name, error=error, why=str(step.refusal))
    elif not step.events or _took_nothing(step):
        yield LostInput(event_id=event_id, command=name, error=None, why="there was nothing to do")
    for task_id in step.left_out:
        why = f"the task {task_id!r} needed no other attempt"
        yield LostInput(event_id=event_id, command="ChangeTask", error=None, why=why)


def _took_nothing(step: RerunStep) -> bool:
    """Whether a task was taken that could not be taken here; only expired claims went back."""
    command = step.given.command
    if not isinstance(command, ClaimNextTask) or not command.task_id:
        return False
    return not any(is_claim(event) for event in step.events)


def _samples(step: RerunStep, *, fired: bool, would_fire: bool) -> Iterator[Sample]:
    command = step.given.recorded
    scored = [entry.event for entry in command.events if isinstance(entry.event, TaskScored)]
    moved = any(
        before.rolling_confidence != after.rolling_confidence
        for before, after in ((command.before, command.after), (step.before, step.after))
    )
    if scored or moved:
        yield Sample(
            event_id=command.event_id,
            at=command.at,
            task_id=scored[-1].task_id if scored else None,
            score=scored[-1].score if scored else None,
            recorded_confidence=command.after.rolling_confidence,
            recorded_fired=fired,
            replayed_confidence=step.after.rolling_confidence,
            replayed_fired=would_fire,
        )


def _final_state(plan: Plan, trace: GateTrace, failure: FirstFailure) -> FinalState:
    return FinalState(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        flips=trace.flips,
        lead=failure.lead(trace),
    )


def _tasks(actual: Plan, other: Plan) -> Iterator[TaskFinalState]:
    for task_id in dict.fromkeys((*actual.order, *other.order)):
        recorded, replayed = actual.tasks.get(task_id), other.tasks.get(task_id)
        known = recorded or other.task(task_id)
        yield TaskFinalState(
            task_id=task_id,
            title=known.title,
            recorded=None if recorded is None else recorded.status,
            replayed=None if replayed is None else replayed.status,
        )
