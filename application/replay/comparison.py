"""Compare a plan's recorded history with its history under another policy, step by step."""

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
from plangate.domain import commands, events
from plangate.domain.plan import Plan


class Comparison:
    """Both histories of one plan, up to the steps added so far."""

    def __init__(self, plan_id: str) -> None:
        self._recorded = self._replayed = Plan(plan_id)
        self._recorded_trace, self._replayed_trace = GateTrace(), GateTrace()
        self._failure = FirstFailure()
        self._samples: list[Sample] = []
        self._lost: list[LostInput] = []
        self._first: Difference | None = None
        self._commands = self._changed = 0

    def add(self, step: RerunStep) -> None:
        """Add one more input, with its result in both histories."""
        command = step.given.recorded
        recorded = [entry.event for entry in command.events]
        self._recorded, self._replayed = command.after, step.after
        self._commands += 1
        self._lost += _lost(step)
        self._failure.add(command)
        scores = self._failure.scores
        fired = self._recorded_trace.add(command.after, recorded, scores)
        would_fire = self._replayed_trace.add(step.after, step.events, scores)
        self._samples += _samples(step, fired=fired, would_fire=would_fire)
        pair = next(differences(recorded, step.events), None)
        if pair is not None:
            self._changed += 1
            self._first = self._first or _difference(command, pair)

    def count(self, recorded: Tally, replayed: Tally) -> None:
        """Count the plan in the totals of both histories."""
        refused = sum(lost.error is not None for lost in self._lost)
        recorded.add(self._recorded, self._recorded_trace, self._failure, 0)
        replayed.add(self._replayed, self._replayed_trace, self._failure, refused)

    def result(self) -> PlanReplay:
        """The comparison of the steps added so far."""
        recorded, replayed, samples = self._recorded, self._replayed, tuple(self._samples)
        return PlanReplay(
            plan_id=recorded.plan_id,
            goal=recorded.goal,
            recorded_policy=recorded.policy,
            policy=replayed.policy,
            commands=self._commands,
            changed=self._changed,
            recorded=_final_state(recorded, self._recorded_trace, self._failure),
            replayed=_final_state(replayed, self._replayed_trace, self._failure),
            fired=tuple(s.event_id for s in samples if s.recorded_fired),
            would_have_fired=tuple(s.event_id for s in samples if s.replayed_fired),
            first_failure=self._failure.event_id,
            first_difference=self._first,
            lost=tuple(self._lost),
            tasks=tuple(_tasks(recorded, replayed)),
            samples=samples,
        )


def _difference(command: RecordedCommand, pair: EventPair) -> Difference:
    return Difference(
        event_id=command.events[pair.place_in_command].envelope.event_id,
        recorded=EventFacts.of_any(pair.recorded),
        replayed=EventFacts.of_any(pair.decided),
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
        if isinstance(given.command, commands.ApproveGate):
            why = f"the task {task_id!r} had no result to accept"
        else:
            name, why = "ChangeTask", f"the task {task_id!r} needed no other attempt"
        yield LostInput(event_id=event_id, command=name, error=None, why=why)


def _took_nothing(step: RerunStep) -> bool:
    """Whether a recorded claim takes no task here; at most, expired claims are given back."""
    command = step.given.command
    if not isinstance(command, commands.ClaimNextTask) or not command.task_id:
        return False
    return not any(is_claim(event) for event in step.events)


def _samples(step: RerunStep, *, fired: bool, would_fire: bool) -> Iterator[Sample]:
    command = step.given.recorded
    last = _last_score(command)
    moved = any(
        before.rolling_confidence != after.rolling_confidence
        for before, after in ((command.before, command.after), (step.before, step.after))
    )
    if last is not None or moved:
        event_id, score = last or (command.event_id, None)
        yield Sample(
            event_id=event_id,
            at=command.at,
            task_id=None if score is None else score.task_id,
            score=None if score is None else score.score,
            recorded_confidence=command.after.rolling_confidence,
            recorded_fired=fired,
            replayed_confidence=step.after.rolling_confidence,
            replayed_fired=would_fire,
        )


def _last_score(command: RecordedCommand) -> tuple[str, events.TaskScored] | None:
    """The id and the event of a command's last score: of an update, what the gate judged."""
    scores = [
        (entry.envelope.event_id, entry.event)
        for entry in command.events
        if isinstance(entry.event, events.TaskScored)
    ]
    return scores[-1] if scores else None


def _final_state(plan: Plan, trace: GateTrace, failure: FirstFailure) -> FinalState:
    return FinalState(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        flips=trace.flips,
        lead=failure.lead(trace),
    )


def _tasks(recorded: Plan, replayed: Plan) -> Iterator[TaskFinalState]:
    for task_id in dict.fromkeys((*recorded.order, *replayed.order)):
        one, other = recorded.tasks.get(task_id), replayed.tasks.get(task_id)
        yield TaskFinalState(
            task_id=task_id,
            title=(one or replayed.task(task_id)).title,
            recorded=None if one is None else one.status,
            replayed=None if other is None else other.status,
        )
