"""A plan's recorded inputs, fed through the decisions once more under another policy.

Pure: no store, no clock but the recorded times. Versions count on their own in the
second history, so whatever names a recorded event (a retraction its score, a
heartbeat its claim) is led to the event that stands for it there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from plangate.application.replay.recorded_commands import RecordedCommand
from plangate.application.replay.recover_command import Unexplained, recover_command
from plangate.domain.commands import (
    Change,
    ChangeTask,
    CreatePlan,
    PlanCommand,
    RenewLease,
    RetractScore,
    RevisePlan,
)
from plangate.domain.decisions import decide
from plangate.domain.errors import ClaimLost, PlangateError, ScoreNotFound
from plangate.domain.event_ids import event_id, version_of
from plangate.domain.events import (
    PlanCreated,
    PlanEvent,
    ScoreRetracted,
    TaskScored,
    TaskStatusChanged,
)
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.replanning import UNSUCCESSFUL
from plangate.domain.vocabulary import StatusCause

Rules = Callable[[Policy], Policy]
"""Makes the policy to try from the one that was recorded."""


@dataclass(frozen=True, slots=True)
class Input:
    """What somebody asked for; without a `command`, events that nobody can have asked for."""

    recorded: RecordedCommand
    command: PlanCommand | None
    unexplained: str | None = None

    @classmethod
    def of(cls, recorded: RecordedCommand) -> "Input":
        """The input that a recorded command answered."""
        try:
            return cls(recorded, recover_command(recorded))
        except Unexplained as why:
            return cls(recorded, None, str(why))


@dataclass(frozen=True, slots=True)
class RerunStep:
    """One input, and what came of it under the other policy.

    `events` are in_recorded_terms in recorded terms: a retraction names the recorded score, the
    creation the recorded policy. `left_out` are tasks that a revision only meant to
    start again, and that were not unsuccessful here.
    """

    given: Input
    before: Plan
    events: tuple[PlanEvent, ...]
    after: Plan
    refusal: PlangateError | None = None
    left_out: tuple[str, ...] = ()


def rerun(inputs: Iterable[Input], rules: Rules) -> Iterator[RerunStep]:
    """Every input in its order, decided anew under the policy that `rules` make.

    Raises what they raise about the recorded one.
    """
    versions: dict[int, int] = {}
    plan: Plan | None = None
    for given in inputs:
        recorded, command = given.recorded, given.command
        before = plan = plan or Plan(recorded.before.plan_id)
        if command is None:
            yield RerunStep(given, before, (), before)
            continue
        if isinstance(command, CreatePlan):
            command = command.model_copy(update={"policy": rules(command.policy)})
        try:
            translated, left_out = _translated(plan, command, versions)
            events = decide(plan, translated, recorded.at)
        except PlangateError as refusal:
            yield RerunStep(given, before, (), before, refusal)
            continue
        plan = fold(plan, events)
        versions |= _counterparts(recorded, before, events)
        in_recorded_terms = tuple(_in_recorded_terms(event, given.command) for event in events)
        yield RerunStep(given, before, in_recorded_terms, plan, left_out=left_out)


def is_claim(event: PlanEvent) -> bool:
    """Whether somebody took a task."""
    return isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED


def _translated(
    plan: Plan, command: PlanCommand, versions: dict[int, int]
) -> tuple[PlanCommand, tuple[str, ...]]:
    """The command in terms of the second history, and which of its changes have no purpose there."""
    match command:
        case RetractScore():
            version = versions.get(version_of(command.event_id) or 0)
            if version is None:
                raise ScoreNotFound(plan.plan_id, command.event_id)
            return command.model_copy(update={"event_id": event_id(plan.plan_id, version)}), ()
        case RenewLease():
            token = versions.get(command.token)
            if token is None:
                raise ClaimLost(plan.plan_id, command.task_id, command.token)
            return command.model_copy(update={"token": token}), ()
        case RevisePlan():
            idle = [change for change in command.changes if _has_no_purpose(plan, change)]
            changes = tuple(change for change in command.changes if change not in idle)
            left_out = tuple(change.task_id for change in idle if isinstance(change, ChangeTask))
            return command.model_copy(update={"changes": changes}), left_out
        case _:
            return command, ()


def _has_no_purpose(plan: Plan, change: Change) -> bool:
    """Whether a change only starts a task again that is not unsuccessful here."""
    if not isinstance(change, ChangeTask) or change.model_fields_set != {"task_id"}:
        return False
    task = plan.tasks.get(change.task_id)
    return task is not None and task.status not in UNSUCCESSFUL


def _counterparts(
    recorded: RecordedCommand, before: Plan, events: Iterable[PlanEvent]
) -> dict[int, int]:
    """The versions of recorded scores and claims, each with that of its counterpart."""
    named = [
        entry.envelope.version for entry in recorded.events if _can_be_named_later(entry.event)
    ]
    decided = [
        version
        for version, event in enumerate(events, before.version + 1)
        if _can_be_named_later(event)
    ]
    return dict(zip(named, decided, strict=False))


def _can_be_named_later(event: PlanEvent) -> bool:
    return isinstance(event, TaskScored) or is_claim(event)


def _in_recorded_terms(event: PlanEvent, command: PlanCommand | None) -> PlanEvent:
    if isinstance(event, PlanCreated) and isinstance(command, CreatePlan):
        return event.model_copy(update={"policy": command.policy})
    if isinstance(event, ScoreRetracted) and isinstance(command, RetractScore):
        return event.model_copy(update={"event_id": command.event_id})
    return event
