"""One plan's two stories, told step by step: as it was recorded, and as it would have gone."""

from collections.abc import Iterator

from plangate.application.replay.event_diff import Apart, Happening, differences
from plangate.application.replay.gate_trace import Course, Trouble
from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.application.replay.rerun import Step, is_claim
from plangate.application.replay.totals import Tally
from plangate.application.replay.what_if import (
    Difference,
    Ending,
    LostInput,
    PlanReplay,
    Reading,
    TaskEnding,
)
from plangate.domain.commands import ClaimNextTask
from plangate.domain.events import TaskScored
from plangate.domain.plan import Plan


class Stories:
    """Both stories of one plan, as far as they have come."""

    def __init__(self, plan_id: str) -> None:
        self._actual = self._other = Plan(plan_id)
        self._happened, self._would_have = Course(), Course()
        self._trouble = Trouble()
        self._readings: list[Reading] = []
        self._lost: list[LostInput] = []
        self._first: Difference | None = None
        self._commands = self._changed = 0

    def goes_on(self, step: Step) -> None:
        """One more input, answered in both."""
        command = step.given.command
        recorded = [entry.event for entry in command.events]
        self._actual, self._other = command.after, step.after
        self._commands += 1
        self._lost += _lost(step)
        self._trouble.goes_on(command)
        scores = self._trouble.scores
        fired = self._happened.goes_on(command.after, recorded, scores)
        would_fire = self._would_have.goes_on(step.after, step.events, scores)
        self._readings += _readings(step, fired=fired, would_fire=would_fire)
        apart = next(differences(recorded, step.events), None)
        if apart is not None:
            self._changed += 1
            self._first = self._first or _difference(command, apart)

    def count(self, happened: Tally, would_have: Tally) -> None:
        """Count the plan in what happened, and in what would have."""
        refused = sum(lost.error is not None for lost in self._lost)
        happened.add(self._actual, self._happened, self._trouble, 0)
        would_have.add(self._other, self._would_have, self._trouble, refused)

    def told(self) -> PlanReplay:
        """The stories side by side."""
        actual, other, readings = self._actual, self._other, tuple(self._readings)
        return PlanReplay(
            plan_id=actual.plan_id,
            goal=actual.goal,
            recorded_policy=actual.policy,
            policy=other.policy,
            commands=self._commands,
            changed=self._changed,
            recorded=_ending(actual, self._happened, self._trouble),
            replayed=_ending(other, self._would_have, self._trouble),
            fired=tuple(reading.event_id for reading in readings if reading.recorded_fired),
            would_have_fired=tuple(r.event_id for r in readings if r.replayed_fired),
            first_failure=self._trouble.event_id,
            first_difference=self._first,
            lost=tuple(self._lost),
            tasks=tuple(_tasks(actual, other)),
            readings=readings,
        )


def _difference(command: RecordedCommand, apart: Apart) -> Difference:
    return Difference(
        event_id=command.events[apart.place].envelope.event_id,
        recorded=None if apart.recorded is None else Happening.of(apart.recorded),
        replayed=None if apart.decided is None else Happening.of(apart.decided),
    )


def _lost(step: Step) -> Iterator[LostInput]:
    given = step.given
    wish = None if given.wish is None else type(given.wish).__name__
    event_id = given.command.event_id
    if given.unexplained is not None:
        yield LostInput(event_id=event_id, wish=None, error="Unexplained", why=given.unexplained)
    elif step.refusal is not None:
        error = type(step.refusal).__name__
        yield LostInput(event_id=event_id, wish=wish, error=error, why=str(step.refusal))
    elif not step.events or _took_nothing(step):
        yield LostInput(event_id=event_id, wish=wish, error=None, why="there was nothing to do")
    for task_id in step.left_out:
        why = f"the task {task_id!r} needed no other attempt"
        yield LostInput(event_id=event_id, wish="ChangeTask", error=None, why=why)


def _took_nothing(step: Step) -> bool:
    """Whether a task was taken that could not be taken here; only expired claims went back."""
    wish = step.given.wish
    if not isinstance(wish, ClaimNextTask) or not wish.task_id:
        return False
    return not any(is_claim(event) for event in step.events)


def _readings(step: Step, *, fired: bool, would_fire: bool) -> Iterator[Reading]:
    command = step.given.command
    scored = [entry.event for entry in command.events if isinstance(entry.event, TaskScored)]
    moved = any(
        before.rolling_confidence != after.rolling_confidence
        for before, after in ((command.before, command.after), (step.before, step.after))
    )
    if scored or moved:
        yield Reading(
            event_id=command.event_id,
            at=command.at,
            task_id=scored[-1].task_id if scored else None,
            score=scored[-1].score if scored else None,
            recorded_confidence=command.after.rolling_confidence,
            recorded_fired=fired,
            replayed_confidence=step.after.rolling_confidence,
            replayed_fired=would_fire,
        )


def _ending(plan: Plan, course: Course, trouble: Trouble) -> Ending:
    return Ending(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        flips=course.flips,
        lead=trouble.lead(course),
    )


def _tasks(actual: Plan, other: Plan) -> Iterator[TaskEnding]:
    for task_id in dict.fromkeys((*actual.order, *other.order)):
        recorded, replayed = actual.tasks.get(task_id), other.tasks.get(task_id)
        known = recorded or other.task(task_id)
        yield TaskEnding(
            task_id=task_id,
            title=known.title,
            recorded=None if recorded is None else recorded.status,
            replayed=None if replayed is None else replayed.status,
        )
