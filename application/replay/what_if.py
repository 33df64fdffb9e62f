"""What-if: a plan's recorded history beside its history under another policy, step by step.

The inputs are the recorded scores, claims, marks and revisions, at their recorded times.
`ASSUMPTIONS` says what that takes for granted.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from plangate.application.replay.event_diff import EventFacts
from plangate.application.replay.ladder import PolicyChange, Rung
from plangate.application.replay.totals import Totals
from plangate.application.rerun.assumptions import ASSUMPTIONS, Assumption
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.policy import Policy
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
