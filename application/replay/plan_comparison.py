"""Compare a plan's recorded history with the one under another policy, step by step."""

from collections.abc import Iterator

from plangate.application.evidence.scored_results import ScoredResults, ScoreMoment
from plangate.application.replay.event_diff import EventFacts, differences
from plangate.application.replay.plan_run import PlanRun
from plangate.application.replay.what_if import (
    Difference,
    FinalState,
    LostInput,
    PlanReplay,
    Sample,
    TaskFinalState,
)
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import RerunStep, is_claim
from plangate.domain import commands, events
from plangate.domain.plan import Plan
from plangate.domain.trait_tree import Trait


class Comparison:
    """Both histories of one plan, up to the steps added so far."""

    def __init__(self) -> None:
        self.recorded, self.replayed = PlanRun(), PlanRun()
        self.results = ScoredResults()
        self._samples: list[Sample] = []
        self._lost: list[LostInput] = []
        self._first: Difference | None = None
        self._changed = 0

    def add(self, step: RerunStep) -> None:
        """Add one more command, with its result in both histories."""
        command = step.recorded
        pair = next(differences([entry.event for entry in command.events], step.events), None)
        fired = self.recorded.add(command)
        would_fire = self.replayed.add_step(step, differs=pair is not None)
        self.results.add(command)
        self._lost += _lost(step)
        self._samples += _samples(step, fired=fired, would_fire=would_fire)
        if pair is not None:
            self._changed += 1
            self._first = self._first or Difference(
                event_id=command.events[pair.place_in_command].envelope.event_id,
                recorded=EventFacts.of(pair.recorded),
                replayed=EventFacts.of(pair.decided),
            )

    def result(self) -> PlanReplay:
        """The comparison of the steps added so far."""
        recorded, replayed = self.recorded.plan, self.replayed.plan
        return PlanReplay(
            plan_id=recorded.plan_id,
            goal=recorded.goal,
            recorded_policy=recorded.policy,
            policy=replayed.policy,
            commands=self.recorded.commands,
            changed=self._changed,
            assumed=self.replayed.assumed,
            recorded=_final_state(self.recorded, self.results),
            replayed=_final_state(self.replayed, self.results),
            fired=tuple(s.event_id for s in self._samples if s.recorded_fired),
            would_have_fired=tuple(s.event_id for s in self._samples if s.replayed_fired),
            first_rejection=_event_of(self.results.rejected),
            first_low=_event_of(self.results.below),
            first_failure=_event_of(self.results.first),
            first_difference=self._first,
            lost=tuple(self._lost),
            tasks=tuple(_tasks(recorded, replayed)),
            samples=tuple(self._samples),
        )


def _lost(step: RerunStep) -> Iterator[LostInput]:
    given, event_id = step.recorded.given, step.recorded.event_id
    name = None if isinstance(given, str) else type(given).__name__
    if isinstance(given, str):
        yield LostInput(event_id=event_id, command=None, error="Unexplained", why=given)
    elif step.refusal is not None:
        error = type(step.refusal).__name__
        yield LostInput(event_id=event_id, command=name, error=error, why=str(step.refusal))
    elif not step.events or _took_nothing(step):
        yield LostInput(event_id=event_id, command=name, error=None, why="there was nothing to do")
    for task_id in step.left_out:
        if isinstance(given, commands.ApproveGate):
            why = f"the task {task_id!r} had no result to accept"
        else:
            name, why = "ChangeTask", f"the task {task_id!r} needed no other attempt"
        yield LostInput(event_id=event_id, command=name, error=None, why=why)


def _took_nothing(step: RerunStep) -> bool:
    """Whether a recorded claim takes no task here; at most, expired claims are given back."""
    command = step.recorded.given
    if not isinstance(command, commands.ClaimNextTask) or not command.task_id:
        return False
    return not any(is_claim(event) for event in step.events)


def _samples(step: RerunStep, *, fired: bool, would_fire: bool) -> Iterator[Sample]:
    command = step.recorded
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


def _final_state(run: PlanRun, results: ScoredResults) -> FinalState:
    plan = run.plan
    return FinalState(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        scored=plan.traits.count(Trait.SCORED),
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        bells=run.bells,
        stops=run.stops,
        flips=run.flips,
        lead_of_rejection=run.lead(results.rejected),
        lead_of_low=run.lead(results.below),
        lead=run.lead(results.first),
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
