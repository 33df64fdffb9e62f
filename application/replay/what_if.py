"""What would have happened under another policy, side by side with what happened.

Nothing is invented: the scores, claims, marks and revisions are those that were
recorded, at their times. What people would have done had the gate spoken
otherwise, nobody can know.
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


class FinalState(Result):
    """Where one of the two stories leads.

    `flips` counts how often the gate's verdict changed. `lead` tells how many output scores
    before the plan's first failure the gate fired first: negative if it fired after it,
    None if it never fired or nothing failed.
    """

    state: PlanState
    rolling_confidence: float
    replan_count: int
    replan_due: bool
    flips: int
    lead: int | None


class TaskFinalState(Result):
    """How a task stands at the end of both stories; None where it is not in the plan."""

    task_id: str
    title: str | None
    recorded: TaskStatus | None
    replayed: TaskStatus | None


class Difference(Result):
    """Where the two stories part: a recorded event, and what is decided in its place.

    `recorded` is None where something more would have happened after `event_id`;
    `replayed` where nothing would have.
    """

    event_id: str
    recorded: EventFacts | None
    replayed: EventFacts | None


class LostInput(Result):
    """Something that was asked for, and came to nothing under the other policy.

    `error` names the refusal (`PlanHeld`, …), or is None where there was only nothing to
    do, as for an approval while no replan is due.
    """

    event_id: str
    command: str | None
    error: str | None
    why: str


class PlanReplay(Result):
    """One plan's history as it was recorded, and as it would have gone.

    `fired` and `would_have_fired` name the recorded scores at which the gate did and
    would have. `changed` counts the commands that would have ended otherwise.
    `first_failure` names the recorded command at which a task first failed, whatever the
    gates make of the plan: its result was rejected, or it was marked so by hand, or settled
    by an output score while its own confidence was below the recorded threshold.
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
    """A plan whose own policy does not go together with what was to be changed about it."""

    plan_id: str
    why: str


class WhatIf(Result):
    """What other rules would have made of some plans, beside what happened.

    `recorded` and `replayed` sum up all the plans in both stories. `unreadable` and `unfit`
    plans are in neither.
    """

    recorded: Totals
    replayed: Totals
    plans: tuple[PlanReplay, ...]
    unreadable: tuple[UnreadablePlan, ...]
    unfit: tuple[UnfitPlan, ...]
