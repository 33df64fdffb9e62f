"""What would have happened under another policy, side by side with what happened.

Nothing is invented: the scores, claims, marks and revisions are those that were
recorded, at their times. What people would have done had the gate spoken
otherwise, nobody can know.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from plangate.application.history.commands import RecordedCommand
from plangate.application.history.courses import Course, scores_output
from plangate.application.history.differences import Apart, Happening, differences
from plangate.application.history.rerun import Step, is_claim
from plangate.application.results import UnreadablePlan
from plangate.domain.commands import ClaimNextTask
from plangate.domain.events import TaskScored
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, TaskStatus


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """The two rolling confidences after a command that moved either, and whether the gates fired.

    `event_id` is the recorded command's; `task_id` and `score` say what was scored last
    in it, if anything was. A score that the other policy refuses leaves `replayed_confidence`
    where it was.
    """

    event_id: str
    at: datetime
    task_id: str | None
    score: float | None
    recorded_confidence: float
    recorded_fired: bool
    replayed_confidence: float
    replayed_fired: bool


class Ending(_Answer):
    """Where one of the two stories leads. `flips` counts how often the gate's verdict changed."""

    state: PlanState
    rolling_confidence: float
    replan_count: int
    replan_due: bool
    flips: int


class TaskEnding(_Answer):
    """How a task stands at the end of both stories; None where it is not in the plan."""

    task_id: str
    title: str | None
    recorded: TaskStatus | None
    replayed: TaskStatus | None


class Difference(_Answer):
    """Where the two stories part: a recorded event, and what is decided in its place.

    `recorded` is None where something more would have happened after `event_id`;
    `replayed` where nothing would have.
    """

    event_id: str
    recorded: Happening | None
    replayed: Happening | None


class LostInput(_Answer):
    """Something that was asked for, and came to nothing under the other policy.

    `error` names the refusal (`PlanHeld`, …), or is None where there was only nothing to
    do, as for an approval while no replan is due.
    """

    event_id: str
    wish: str | None
    error: str | None
    why: str


class PlanReplay(_Answer):
    """One plan's history as it was recorded, and as it would have gone.

    `fired` and `would_have_fired` name the recorded scores at which the gate did and
    would have. `changed` counts the commands that would have ended otherwise.
    """

    plan_id: str
    goal: str | None
    recorded_policy: Policy
    policy: Policy
    commands: int
    changed: int
    recorded: Ending
    replayed: Ending
    fired: tuple[str, ...]
    would_have_fired: tuple[str, ...]
    first_difference: Difference | None
    lost: tuple[LostInput, ...]
    tasks: tuple[TaskEnding, ...]
    readings: tuple[Reading, ...]


class WhatIf(_Answer):
    """What other rules would have made of some plans, and the plans that cannot be read."""

    plans: tuple[PlanReplay, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()


def replay_of(plan_id: str, steps: Iterable[Step]) -> PlanReplay:
    """Both stories of one plan."""
    actual = other = Plan(plan_id)
    happened, would_have = Course(), Course()
    readings: list[Reading] = []
    lost: list[LostInput] = []
    first: Difference | None = None
    commands = changed = scores = 0
    for step in steps:
        command = step.given.command
        recorded = [entry.event for entry in command.events]
        actual, other = command.after, step.after
        commands += 1
        scores += scores_output(command)
        lost += _lost(step)
        fired = happened.goes_on(actual, recorded, scores)
        would_fire = would_have.goes_on(other, step.events, scores)
        apart = next(differences(recorded, step.events), None)
        if apart is not None:
            changed += 1
            first = first or _difference(command, apart)
        readings += _readings(step, fired=fired, would_fire=would_fire)
    return PlanReplay(
        plan_id=plan_id,
        goal=actual.goal,
        recorded_policy=actual.policy,
        policy=other.policy,
        commands=commands,
        changed=changed,
        recorded=_ending(actual, happened),
        replayed=_ending(other, would_have),
        fired=tuple(reading.event_id for reading in readings if reading.recorded_fired),
        would_have_fired=tuple(r.event_id for r in readings if r.replayed_fired),
        first_difference=first,
        lost=tuple(lost),
        tasks=tuple(_tasks(actual, other)),
        readings=tuple(readings),
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


def _ending(plan: Plan, course: Course) -> Ending:
    return Ending(
        state=plan.state,
        rolling_confidence=plan.rolling_confidence,
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        flips=course.flips,
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
