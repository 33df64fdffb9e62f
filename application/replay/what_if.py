"""What-if results: recorded plans beside the same plans under another policy.

The inputs are the recorded scores, claims, marks and revisions, at their recorded times.
How people would have acted on other verdicts of the gate is unknown.
"""

from dataclasses import dataclass
from datetime import datetime

from plangate.application.replay.event_diff import EventFacts
from plangate.application.replay.totals import Totals
from plangate.application.results import Result, UnreadablePlan
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
