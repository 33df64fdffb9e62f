"""Decide a plan's recorded commands again under another policy.

Pure: no store, and no clock but the recorded times. The second history has versions of its
own, so a command that names a recorded event (a retraction its score, a heartbeat its
claim) is translated to the event's counterpart there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.domain import commands, events
from plangate.domain.decisions import grant
from plangate.domain.errors import ClaimLost, PlangateError, ScoreNotFound
from plangate.domain.event_ids import event_id, version_of
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.replanning import UNSUCCESSFUL, has_unsettled_result
from plangate.domain.vocabulary import StatusCause, TaskStatus

Rules = Callable[[Policy], Policy]
"""Returns the policy to try, given the recorded one."""


@dataclass(frozen=True, slots=True)
class RerunStep:
    """One recorded command, and its result under the other policy.

    `events` use recorded terms: a retraction names the recorded score, the creation the
    recorded policy. `left_out` are tasks that a revision only started again, and that did
    not fail here; or results that an approval accepted, and that do not exist here.
    """

    recorded: RecordedCommand
    before: Plan
    events: tuple[events.PlanEvent, ...]
    after: Plan
    refusal: PlangateError | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nothing is decided: the rules refuse the command, or none is known."""
        return self.refusal is not None or isinstance(self.recorded.given, str)


def rerun(history: Iterable[RecordedCommand], rules: Rules) -> Iterator[RerunStep]:
    """Decide every command in order, under the policy that `rules` return for the recorded one.

    Raises what `rules` raise.
    """
    versions: dict[int, int] = {}
    plan: Plan | None = None
    for recorded in history:
        given = command = recorded.given
        before = plan = plan or Plan(recorded.before.plan_id)
        if isinstance(command, str):
            yield RerunStep(recorded, before, (), before)
            continue
        if isinstance(command, commands.CreatePlan):
            command = command.model_copy(update={"policy": rules(command.policy)})
        try:
            translated, left_out = _translated(plan, command, versions)
            decided, plan = grant(plan, translated, recorded.at)
        except PlangateError as refusal:
            yield RerunStep(recorded, before, (), before, refusal)
            continue
        versions |= _counterparts(recorded, before, decided)
        in_recorded_terms = tuple(_in_recorded_terms(event, given) for event in decided)
        yield RerunStep(recorded, before, in_recorded_terms, plan, left_out=left_out)


def replayed(
    history: Iterable[RecordedCommand], rules: Rules | None
) -> Iterator[tuple[RecordedCommand, Plan]]:
    """Each recorded command with the plan after it under other rules; as recorded without any.

    Raises what the rules raise.
    """
    if rules is None:
        return ((command, command.after) for command in history)
    return ((step.recorded, step.after) for step in rerun(history, rules))


def fires(history: Iterable[RecordedCommand], rules: Rules | None) -> bool:
    """Whether the gate ever fires under other rules, or fired as recorded without any.

    What comes after the first time is not decided. Raises what `rules` raise.
    """
    if rules is None:
        found = (entry.event for command in history for entry in command.events)
    else:
        found = (event for step in rerun(history, rules) for event in step.events)
    return any(type(event) is events.ReplanTriggered for event in found)


def is_claim(event: events.PlanEvent) -> bool:
    """Whether a worker took a task."""
    return isinstance(event, events.TaskStatusChanged) and event.cause is StatusCause.CLAIMED


def _translated(
    plan: Plan, command: commands.PlanCommand, versions: dict[int, int]
) -> tuple[commands.PlanCommand, tuple[str, ...]]:
    """The command for the second history, and the tasks that are left out of it there."""
    match command:
        case commands.RetractScore():
            version = versions.get(version_of(command.event_id) or 0)
            if version is None:
                raise ScoreNotFound(plan.plan_id, command.event_id)
            return command.model_copy(update={"event_id": event_id(plan.plan_id, version)}), ()
        case commands.RenewLease():
            token = versions.get(command.token)
            if token is None:
                raise ClaimLost(plan.plan_id, command.task_id, command.token)
            return command.model_copy(update={"token": token}), ()
        case commands.RevisePlan():
            idle = [change for change in command.changes if _is_idle(plan, change)]
            changes = tuple(change for change in command.changes if change not in idle)
            left_out = tuple(c.task_id for c in idle if isinstance(c, commands.ChangeTask))
            return command.model_copy(update={"changes": changes}), left_out
        case commands.ApproveGate() if isinstance(command.accept, tuple):
            left_out = tuple(task_id for task_id in command.accept if _is_open(plan, task_id))
            accept = tuple(task_id for task_id in command.accept if task_id not in left_out)
            return command.model_copy(update={"accept": accept or None}), left_out
        case _:  # names no recorded event
            return command, ()


def _is_idle(plan: Plan, change: commands.Change) -> bool:
    """Whether a change only starts a task again that did not fail here."""
    if not isinstance(change, commands.ChangeTask) or change.model_fields_set != {"task_id"}:
        return False
    task = plan.tasks.get(change.task_id)
    return task is not None and task.status not in UNSUCCESSFUL


def _is_open(plan: Plan, task_id: str) -> bool:
    """Whether a task has no result yet, so that there is none to accept."""
    task = plan.tasks.get(task_id)
    if task is None or has_unsettled_result(task):
        return False
    return task.status in {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}


def _counterparts(
    recorded: RecordedCommand, before: Plan, decided: Iterable[events.PlanEvent]
) -> dict[int, int]:
    """The version of each recorded score and claim, and that of its counterpart."""
    named = [e.envelope.version for e in recorded.events if _can_be_named_later(e.event)]
    numbered = enumerate(decided, before.version + 1)
    counterparts = [version for version, event in numbered if _can_be_named_later(event)]
    return dict(zip(named, counterparts, strict=False))


def _can_be_named_later(event: events.PlanEvent) -> bool:
    return isinstance(event, events.TaskScored) or is_claim(event)


def _in_recorded_terms(
    event: events.PlanEvent, command: commands.PlanCommand | str
) -> events.PlanEvent:
    if isinstance(event, events.PlanCreated) and isinstance(command, commands.CreatePlan):
        return event.model_copy(update={"policy": command.policy})
    if isinstance(event, events.ScoreRetracted) and isinstance(command, commands.RetractScore):
        return event.model_copy(update={"event_id": command.event_id})
    return event
