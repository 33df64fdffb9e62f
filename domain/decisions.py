"""Which events a command brings about.

`decide` is pure and is the only module that refuses. Guards come first; consequences are
judged on the state that the command's own event leads to. Nothing to do is an empty answer.
"""

from datetime import datetime
from typing import assert_never

from plangate.domain import commands, events
from plangate.domain.claims import (
    claim_next_task,
    claim_task,
    defer_task,
    release_task,
    renew_lease,
    require_claim,
    undefer_task,
)
from plangate.domain.dependencies import ListedTask, wrong_between
from plangate.domain.errors import InvalidInput, PlanExists, PlanHeld, PlanNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.granted import Granted
from plangate.domain.plan import Plan
from plangate.domain.replanning import approve, planned, retry, revise
from plangate.domain.scoring import (
    judge,
    past,
    retract_score,
    score_output,
    score_prompt,
    update_scores,
)
from plangate.domain.vocabulary import StatusCause


def decide(plan: Plan, command: commands.PlanCommand, now: datetime) -> list[PlanEvent]:
    """The events that grant `command` at time `now`; raises one of `domain.errors`."""
    return _granted(plan, command, now).events


def grant(plan: Plan, command: commands.PlanCommand, now: datetime) -> Granted:
    """What `decide` says, and the plan it leads to: some decisions know that plan already."""
    return _granted(plan, command, now).completed(plan)


def _granted(plan: Plan, command: commands.PlanCommand, now: datetime) -> Granted:
    decided = _decided(plan, command, now)
    return decided if isinstance(decided, Granted) else Granted(decided, plan)


def _decided(  # noqa: C901, PLR0912  (a branch a command)
    plan: Plan, command: commands.PlanCommand, now: datetime
) -> list[PlanEvent] | Granted:
    _require_open(plan, command)
    match command:
        case commands.CreatePlan():
            return _create(command, now)
        case commands.ScorePrompt():
            return score_prompt(plan, command, now)
        case commands.ScoreOutput():
            return score_output(plan, command, now)
        case commands.UpdateScores():
            return update_scores(plan, command, now)
        case commands.RecordScoringFailure():
            return _record_scoring_failure(plan, command, now)
        case commands.RetractScore():
            return retract_score(plan, command, now)
        case commands.RecordOutcome():
            return _record_outcome(plan, command, now)
        case commands.MarkTask():
            task = plan.task(command.task_id)
            require_claim(plan, task, command.token, now)
            return task.move(command.status, StatusCause.MARKED, now, command.reason)
        case commands.ClaimNextTask():
            return claim_next_task(plan, command, now)
        case commands.ClaimTask():
            return claim_task(plan, command, now)
        case commands.DeferTask():
            return defer_task(plan, command, now)
        case commands.UndeferTask():
            return undefer_task(plan, command, now)
        case commands.RenewLease():
            return renew_lease(plan, command, now)
        case commands.ReleaseTask():
            return release_task(plan, command, now)
        case commands.RetryTask():
            return retry(plan, command, now)
        case commands.ApproveGate():
            return approve(plan, command, now)
        case commands.RevisePlan():
            return revise(plan, command, now)
        case commands.PausePlan():
            return [] if plan.paused else [events.PlanPaused(at=now, reason=command.reason)]
        case commands.ResumePlan():
            return [events.PlanResumed(at=now, reason=command.reason)] if plan.paused else []
        case commands.ArchivePlan():
            return [] if plan.archived else [events.PlanArchived(at=now, reason=command.reason)]
        case commands.RestorePlan():
            return [events.PlanRestored(at=now, reason=command.reason)] if plan.archived else []
        case commands.DeletePlan():
            return [events.PlanDeleted(at=now, reason=command.reason)] if plan.exists else []
        case commands.ErasePlan():
            return [events.PlanErased(at=now)]
        case _:
            assert_never(command)


def _require_open(plan: Plan, command: commands.PlanCommand) -> None:
    """Raise unless the plan's state lets this kind of command through.

    Archived plans still take outcomes, which come late; any plan with a history can be
    erased, a deleted one too.
    """
    match command:
        case commands.CreatePlan():
            if plan.version:
                raise PlanExists(plan.plan_id)
        case commands.DeletePlan():
            pass
        case commands.ErasePlan():
            if not plan.version:
                raise PlanNotFound(plan.plan_id)
        case commands.ArchivePlan() | commands.RestorePlan() | commands.RecordOutcome():
            plan.require_alive()
        case _:
            plan.require_alive()
            if plan.archived:
                raise PlanHeld(plan.plan_id, "is archived", "restore it to go on")


def _create(command: commands.CreatePlan, now: datetime) -> list[PlanEvent]:
    listed = [ListedTask(task.id, task.id, task.depends_on) for task in command.tasks]
    if wrong := list(wrong_between(listed)):
        raise InvalidInput([one.problem for one in wrong])
    return [
        events.PlanCreated(
            at=now,
            goal=command.goal,
            tasks=tuple(planned(task) for task in command.tasks),
            policy=command.policy.whole(),
            metadata=command.metadata or None,
            priority=command.priority or None,
            labels=command.labels or None,
        )
    ]


def _record_scoring_failure(
    plan: Plan, command: commands.RecordScoringFailure, now: datetime
) -> list[PlanEvent]:
    plan.task(command.task_id)
    return [
        events.ScoringFailed(
            at=now,
            task_id=command.task_id,
            kind=command.kind,
            reason=command.reason,
            scorer=judge(command.scorer),
            occurred_at=past(command.occurred_at, now),
        )
    ]


def _record_outcome(plan: Plan, command: commands.RecordOutcome, now: datetime) -> list[PlanEvent]:
    """Outcomes may come after their task has left the plan."""
    if command.task_id not in plan.retired:
        plan.task(command.task_id)
    return [
        events.OutcomeRecorded(
            at=now,
            task_id=command.task_id,
            outcome=command.outcome,
            source=command.source,
            note=command.note,
            occurred_at=past(command.occurred_at, now),
        )
    ]
