"""What-if: a plan's recorded history beside its history under another policy, step by step.

The inputs are the recorded scores, claims, marks and revisions, at their recorded times.
How people would have acted on other verdicts of the gate is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plangate.application.replay.event_diff import EventFacts, differences
from plangate.application.replay.totals import FirstFailure, GateTrace, Tally, Totals
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import RerunStep, is_claim
from plangate.application.results import Result, UnreadablePlan
from plangate.domain import commands, events
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, TaskStatus


@dataclass(frozen=True, slots=True)
class Sample:
    """Both rolling confidences after a command that scored a task or changed either of them.

    `event_id`, `task_id` and `score` are those of its last score, if it has one: of an
    update the output score, which the gate judged. Else `event_id` names its first event.
    A score that the other policy refuses leaves `replayed_confidence` unchanged.
    """

    event_id: str
    at: datetime
    task_id: str | None
    score: float | None
    recorded_confidence: float
    recorded_fired: bool
    replayed_confidence: float
    replayed_fired: bool


class FinalState(Result):
    """A plan at the end of one history.

    `flips` counts changes of the gate's verdict. `lead` is how many output scores before
    the first failure the gate first fired: negative if after it, None if it never fired or
    nothing failed.
    """

    state: PlanState
    rolling_confidence: float
    replan_count: int
    replan_due: bool
    flips: int
    lead: int | None


class TaskFinalState(Result):
    """A task's status at the end of both histories; None where it is not in the plan."""

    task_id: str
    title: str | None
    recorded: TaskStatus | None
    replayed: TaskStatus | None


class Difference(Result):
    """The first difference: a recorded event, and the one decided in its place.

    `recorded` is None for an additional event after `event_id`; `replayed` is None for an
    event that is not decided.
    """

    event_id: str
    recorded: EventFacts | None
    replayed: EventFacts | None


class LostInput(Result):
    """An input without effect under the other policy.

    `error` names the refusal (`PlanHeld`, …). It is None where there was nothing to do, as
    for an approval while no replan is due.
    """

    event_id: str
    command: str | None
    error: str | None
    why: str


class PlanReplay(Result):
    """One plan's recorded history beside its history under another policy.

    `fired` and `would_have_fired` name the recorded commands at which each gate fired.
    `changed` counts the commands with another result. `first_failure` names the recorded
    command at which a task first failed: its result was rejected, it was marked failed by
    hand, or an output score settled it below the recorded threshold.
    """

    plan_id: str
    goal: str | None
    recorded_policy: Policy
    policy: Policy
    commands: int
    changed: int
    recorded: FinalState
    replayed: FinalState
    fired: tuple[str, ...]
    would_have_fired: tuple[str, ...]
    first_failure: str | None
    first_difference: Difference | None
    lost: tuple[LostInput, ...]
    tasks: tuple[TaskFinalState, ...]
    samples: tuple[Sample, ...]


class UnfitPlan(Result):
    """A plan whose own policy the changes do not fit."""

    plan_id: str
    why: str


class WhatIf(Result):
    """Plans under another policy, beside what was recorded.

    `recorded` and `replayed` are totals over all `plans`; `unreadable` and `unfit` plans are
    in neither.
    """

    recorded: Totals
    replayed: Totals
    plans: tuple[PlanReplay, ...]
    unreadable: tuple[UnreadablePlan, ...]
    unfit: tuple[UnfitPlan, ...]


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
            self._first = self._first or Difference(
                event_id=command.events[pair.place_in_command].envelope.event_id,
                recorded=EventFacts.of(pair.recorded),
                replayed=EventFacts.of(pair.decided),
            )

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
    if last is not None or _moved(command.before, command.after) or _moved(step.before, step.after):
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


def _moved(before: Plan, after: Plan) -> bool:
    """Whether a command changed the rolling confidence; one without scores keeps its tree."""
    one, other = before.confidences, after.confidences
    return one is not other and one.rolling_confidence != other.rolling_confidence


def _last_score(command: RecordedCommand) -> tuple[str, events.TaskScored] | None:
    """The id and the event of a command's last score: of an update, what the gate judged."""
    for entry in reversed(command.events):
        event = entry.event
        if type(event) is events.TaskScored:
            return entry.envelope.event_id, event
    return None


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
