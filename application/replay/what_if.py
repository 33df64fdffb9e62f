"""What-if: a plan's recorded history beside its history under another policy, step by step.

The inputs are the recorded scores, claims, marks and revisions, at their recorded times.
`ASSUMPTIONS` says what that takes for granted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from plangate.application.replay.assumptions import ASSUMPTIONS, Assumption
from plangate.application.replay.event_diff import EventFacts, differences
from plangate.application.replay.failures import Failures, ScoreMoment
from plangate.application.replay.gate_trace import GateTrace, PlanRun
from plangate.application.replay.ladder import PolicyChange, Rung
from plangate.application.replay.totals import Totals
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import RerunStep, is_claim
from plangate.application.results import Result, UnreadablePlan
from plangate.domain import commands, events
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import PlanState, TaskStatus


@dataclass(frozen=True, slots=True)
class Sample:
    """Both rolling confidences after a command that scored a task or changed either of them.

    `event_id`, `task_id` and `score` are those of its last score, if it has one: of an
    update the output score, which the gate judged. Else `event_id` names its first event.
    A score that the other policy refuses leaves `replayed_confidence` unchanged. The
    confidences rest on `recorded_scored` and `replayed_scored` tasks.
    """

    event_id: str
    at: datetime
    task_id: str | None
    score: float | None
    recorded_confidence: float
    recorded_fired: bool
    replayed_confidence: float
    replayed_fired: bool
    recorded_scored: int
    replayed_scored: int


class FinalState(Result):
    """A plan at the end of one history, whose confidence rests on `scored` tasks.

    `bells`, `stops` and `flips` are those of `Totals`. `lead_of_rejection` is how many output
    scores before the first rejected result the gate first fired: negative if after it, None
    if it never fired or nothing was rejected. `lead_of_low` is the same for the first result
    below the recorded threshold.
    """

    state: PlanState
    rolling_confidence: float
    scored: int
    replan_count: int
    replan_due: bool
    bells: int
    stops: int
    flips: int
    lead_of_rejection: int | None
    lead_of_low: int | None
    lead: int | None = Field(
        description="The same for `first_failure`. Read `lead_of_rejection` instead.",
        json_schema_extra={"deprecated": True},
    )


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
    `changed` counts the commands with another result; `assumed` of the `commands` come after
    the first of them and rest on the assumptions. `first_rejection` names the outcome of the
    first result that was rejected in the end, `first_low` the score that first settled a task
    below the recorded threshold.
    """

    plan_id: str
    goal: str | None
    recorded_policy: Policy
    policy: Policy
    commands: int
    changed: int
    assumed: int
    recorded: FinalState
    replayed: FinalState
    fired: tuple[str, ...]
    would_have_fired: tuple[str, ...]
    first_rejection: str | None
    first_low: str | None
    first_failure: str | None = Field(
        description="The first rejected result, task marked `failed`, or score below the recorded"
        " threshold, alike. Read `first_rejection` or `first_low` instead.",
        json_schema_extra={"deprecated": True},
    )
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
    in neither. What is replayed rests on the `assumptions`. `changes` lists what differs from
    the recorded policies, `ladder` what each changed field does, where that was asked for.
    """

    assumptions: tuple[Assumption, ...] = ASSUMPTIONS
    recorded: Totals
    replayed: Totals
    changes: tuple[PolicyChange, ...]
    ladder: tuple[Rung, ...] | None
    plans: tuple[PlanReplay, ...]
    unreadable: tuple[UnreadablePlan, ...]
    unfit: tuple[UnfitPlan, ...]


class Comparison:
    """Both histories of one plan, up to the steps added so far."""

    def __init__(self, plan_id: str) -> None:
        self._recorded = self._replayed = Plan(plan_id)
        self._recorded_trace, self._replayed_trace = GateTrace(), GateTrace()
        self.failures = Failures()
        self._samples: list[Sample] = []
        self._lost: list[LostInput] = []
        self._first: Difference | None = None
        self._commands = self._changed = self._assumed = 0

    def add(self, step: RerunStep) -> None:
        """Add one more input, with its result in both histories."""
        command = step.given.recorded
        recorded = [entry.event for entry in command.events]
        self._recorded, self._replayed = command.after, step.after
        self._commands += 1
        self._assumed += self._first is not None
        self._lost += _lost(step)
        self.failures.add(command)
        scores = self.failures.scores
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

    def runs(self) -> tuple[PlanRun, PlanRun]:
        """Both histories: the recorded one, and the one under the other policy."""
        refused = sum(lost.error is not None for lost in self._lost)
        return (
            PlanRun(self._recorded, self._recorded_trace, self._commands),
            PlanRun(self._replayed, self._replayed_trace, self._commands, refused, self._assumed),
        )

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
            assumed=self._assumed,
            recorded=_final_state(recorded, self._recorded_trace, self.failures),
            replayed=_final_state(replayed, self._replayed_trace, self.failures),
            fired=tuple(s.event_id for s in samples if s.recorded_fired),
            would_have_fired=tuple(s.event_id for s in samples if s.replayed_fired),
            first_rejection=_event_of(self.failures.rejected),
            first_low=_event_of(self.failures.below),
            first_failure=_event_of(self.failures.first),
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
            recorded_scored=command.after.traits.count(Trait.SCORED),
            replayed_scored=step.after.traits.count(Trait.SCORED),
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


def _event_of(moment: ScoreMoment | None) -> str | None:
    return None if moment is None else moment.event_id


def _final_state(plan: Plan, trace: GateTrace, failures: Failures) -> FinalState:
    return FinalState(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        scored=plan.traits.count(Trait.SCORED),
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        bells=trace.bells,
        stops=trace.stops,
        flips=trace.flips,
        lead_of_rejection=trace.lead(failures.rejected),
        lead_of_low=trace.lead(failures.below),
        lead=trace.lead(failures.first),
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
