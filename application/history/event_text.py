"""Events as text: what happened to a plan and why, as plain text for every door.

Doors make it safe for where they show it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from plangate.application.history.explain import ScorePart
from plangate.application.numbers import number
from plangate.domain import events
from plangate.domain.vocabulary import Scorer, StatusCause, TaskStatus


def what(event: events.PlanEvent) -> str:  # noqa: C901, PLR0912  (a branch an event)
    """What happened, in a few words."""
    match event:
        case events.PlanCreated():
            return f"plan of {_tasks(len(event.tasks))}: {_text(event.goal)}"
        case events.TaskScored():
            return f"{event.task_id}: {event.kind} scored {event.score:.2f}"
        case events.ScoringFailed():
            return f"{event.task_id}: scoring the {event.kind} failed"
        case events.ScoreRetracted():
            score = f"{event.kind} score {event.event_id}"
            return f"{event.task_id}: {score} withdrawn"
        case events.OutcomeRecorded():
            return f"{event.task_id}: {event.outcome}"
        case events.TaskStatusChanged():
            return f"{event.task_id}: {_spaced(event.old)} → {_spaced(event.new)}"
        case events.TaskDeferred():
            return f"{event.task_id}: deferred"
        case events.TaskUndeferred():
            return f"{event.task_id}: no longer deferred"
        case events.LeaseRenewed():
            return f"{event.task_id}: lease renewed"
        case events.ReplanTriggered():
            return f"{event.task_id}: replan"
        case events.GateApproved():
            if event.accept is None:
                return "gate approved"
            accepted = "what passes" if event.accept == "passing" else _listed(event.accept)
            return f"gate approved, accepting {accepted}"
        case events.PlanRevised():
            return "plan revised"
        case events.TaskAdded():
            return f"{event.task.id}: added {_where(event.before)}"
        case events.TaskChanged():
            return f"{event.task_id}: changed"
        case events.TaskMoved():
            return f"{event.task_id}: moved {_where(event.before)}"
        case events.TaskDropped():
            return f"{event.task_id}: dropped"
        case events.TaskSplit():
            parts = _listed([part.id for part in event.into])
            return f"{event.task_id}: split into {parts}"
        case events.TaskReplaced():
            return f"{event.task_id}: replaced by {event.by.id}"
        case events.AttemptStarted():
            return f"{event.task_id}: attempt {event.attempt}"
        case (
            events.PlanPaused()
            | events.PlanResumed()
            | events.PlanArchived()
            | events.PlanRestored()
            | events.PlanDeleted()
        ):
            return f"plan {type(event).__name__.removeprefix('Plan').lower()}"
        case events.PlanErased():
            return "text erased"
        case _:
            assert_never(event)


def why(event: events.PlanEvent, causation_id: str | None) -> str:  # noqa: C901, PLR0912  (as above)
    """Why it happened; a rationale is shown with the first event of its command only."""
    match event:
        case events.PlanCreated():
            return f"to be gated at {number(event.policy.confidence_threshold)}"
        case events.TaskScored():
            given = given_as(event)
            repeated = causation_id is not None
            because = "" if repeated or event.rationale is None else event.rationale
            return f"{given}{given and '; '}{_by(event.scorer)}{because and ': '}{because}"
        case events.ScoringFailed():
            return f"{_occurred(event.occurred_at)}{_by(event.scorer)}: {_text(event.reason)}"
        case events.OutcomeRecorded():
            note = "" if event.note is None else f": {event.note}"
            return f"{_occurred(event.occurred_at)}by {event.source}{note}"
        case events.TaskStatusChanged():
            if event.reason is not None:
                return _text(event.reason)
            by = "" if event.worker is None else f" by {event.worker}"
            if event.cause is StatusCause.SCORED and event.new is TaskStatus.IN_PROGRESS:
                return "scored, and waits for more judges"
            return f"{event.cause}{by}{_for(event.at, event.lease_until)}"
        case events.TaskDeferred():
            return f"{_text(event.reason)}{_for(event.at, event.until)}"
        case events.TaskUndeferred():
            return event.cause if event.reason is None else _text(event.reason)
        case events.LeaseRenewed():
            return _for(event.at, event.lease_until).strip()
        case events.ReplanTriggered():
            below = number(event.rolling_confidence, event.threshold)
            return (
                f"confidence {below} is below {number(event.threshold, event.rolling_confidence)}"
            )
        case events.TaskDropped():
            waited = _listed(event.dependants)
            return waited and f"no longer waiting for it: {waited}"
        case events.TaskAdded():
            return _described(event.task)
        case events.TaskChanged():
            return _described(event)
        case events.TaskSplit():
            return "; ".join(map(_described, event.into))
        case events.TaskReplaced():
            return _described(event.by)
        case events.TaskMoved() | events.PlanErased():
            return ""
        case (
            events.ScoreRetracted()
            | events.GateApproved()
            | events.PlanRevised()
            | events.AttemptStarted()
            | events.PlanPaused()
            | events.PlanResumed()
            | events.PlanArchived()
            | events.PlanRestored()
            | events.PlanDeleted()
        ):
            return "" if event.reason is None else _text(event.reason)
        case _:
            assert_never(event)


def given_as(score: events.TaskScored | ScorePart) -> str:
    """The number as the judge gave it and when, where that was recorded."""
    parts = []
    if score.raw_score is not None:
        scale = "" if score.scale is None else " from {:g} to {:g}".format(*score.scale)
        clamped = " and clamped" if score.clamped else ""
        parts.append(f"given as {score.raw_score!r}{scale}{clamped}")
    if score.occurred_at is not None:
        parts.append(f"judged {_time(score.occurred_at)}")
    return ", ".join(parts)


def _occurred(at: datetime | None) -> str:
    """When it happened, where that was given."""
    return "" if at is None else f"on {_time(at)}, "


def _described(task: events.PlannedTask | events.TaskChanged) -> str:
    return ", ".join(
        text
        for stated, text in (
            (task.title, task.title or ""),
            (task.description, "a description"),
            (task.depends_on is not None, f"after {_listed(task.depends_on or ()) or 'nothing'}"),
            (task.priority is not None, f"priority {task.priority}"),
            (task.labels is not None, f"labels {_listed(task.labels or ()) or 'none'}"),
            (task.metadata is not None, "metadata"),
        )
        if stated
    )


def _where(before: str | None) -> str:
    return "at the end" if before is None else f"before {before}"


def _for(begin: datetime, end: datetime | None) -> str:
    return "" if end is None else f" for {(end - begin).total_seconds():g} s"


def _by(scorer: Scorer | None) -> str:
    if scorer is None:
        return "by an unnamed scorer"
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"by {scorer.kind} {scorer.name + version}"


def _text(text: str | None) -> str:
    return "(erased)" if text is None else text


def _tasks(amount: int) -> str:
    return "1 task" if amount == 1 else f"{amount:,} tasks"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
