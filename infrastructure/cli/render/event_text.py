"""Events as text: what happened to a plan and why, one line an event."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never, get_args

from rich.table import Table
from rich.text import Text

from plangate.application.history.explain import ScorePart
from plangate.application.numbers import number
from plangate.application.recorded_event import RecordedEvent
from plangate.application.replay.event_diff import EventFacts
from plangate.domain import events
from plangate.domain.vocabulary import Scorer
from plangate.infrastructure.cli.render.tables import right, table_of
from plangate.infrastructure.cli.render.text import (
    count,
    harmless,
    listed,
    spaced,
    timestamp,
)

_KINDS: Final = {kind.__name__: kind for kind in get_args(get_args(events.PlanEvent)[0])}


def event_table(recorded: Iterable[RecordedEvent]) -> Table:
    """A table of events in their order: what happened, and why."""
    table = table_of(right("@"), "what happened", "why")
    for entry in recorded:
        fired = isinstance(entry.event, events.ReplanTriggered)
        table.add_row(
            str(entry.envelope.version),
            Text(what(entry.event), style="bold red" if fired else ""),
            Text(why(entry.event, entry.envelope.causation_id), style="dim"),
        )
    return table


def what_of(facts: EventFacts) -> str:
    """As `what`, for an event given as facts."""
    return what(_KINDS[facts.event].model_validate(facts.facts))


def what(event: events.PlanEvent) -> str:  # noqa: C901, PLR0912  (a branch an event)
    """What happened, in a few words."""
    match event:
        case events.PlanCreated():
            return f"plan of {count(len(event.tasks), 'task')}: {harmless(event.goal)}"
        case events.TaskScored():
            return f"{harmless(event.task_id)}: {event.kind} scored {event.score:.2f}"
        case events.ScoringFailed():
            return f"{harmless(event.task_id)}: scoring the {event.kind} failed"
        case events.ScoreRetracted():
            score = f"{event.kind} score {harmless(event.event_id)}"
            return f"{harmless(event.task_id)}: {score} withdrawn"
        case events.OutcomeRecorded():
            return f"{harmless(event.task_id)}: {event.outcome}"
        case events.TaskStatusChanged():
            return f"{harmless(event.task_id)}: {spaced(event.old)} → {spaced(event.new)}"
        case events.TaskDeferred():
            return f"{harmless(event.task_id)}: deferred"
        case events.TaskUndeferred():
            return f"{harmless(event.task_id)}: no longer deferred"
        case events.LeaseRenewed():
            return f"{harmless(event.task_id)}: lease renewed"
        case events.ReplanTriggered():
            return f"{harmless(event.task_id)}: replan"
        case events.GateApproved():
            if event.accept is None:
                return "gate approved"
            accepted = "what passes" if event.accept == "passing" else listed(event.accept)
            return f"gate approved, accepting {accepted}"
        case events.PlanRevised():
            return "plan revised"
        case events.TaskAdded():
            return f"{harmless(event.task.id)}: added {_where(event.before)}"
        case events.TaskChanged():
            return f"{harmless(event.task_id)}: changed"
        case events.TaskMoved():
            return f"{harmless(event.task_id)}: moved {_where(event.before)}"
        case events.TaskDropped():
            return f"{harmless(event.task_id)}: dropped"
        case events.TaskSplit():
            parts = listed([part.id for part in event.into])
            return f"{harmless(event.task_id)}: split into {parts}"
        case events.TaskReplaced():
            return f"{harmless(event.task_id)}: replaced by {harmless(event.by.id)}"
        case events.AttemptStarted():
            return f"{harmless(event.task_id)}: attempt {event.attempt}"
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
            because = "" if repeated or event.rationale is None else harmless(event.rationale)
            return f"{given}{given and '; '}{_by(event.scorer)}{because and ': '}{because}"
        case events.ScoringFailed():
            return f"{_occurred(event.occurred_at)}{_by(event.scorer)}: {harmless(event.reason)}"
        case events.OutcomeRecorded():
            note = "" if event.note is None else f": {harmless(event.note)}"
            return f"{_occurred(event.occurred_at)}by {harmless(event.source)}{note}"
        case events.TaskStatusChanged():
            if event.reason is not None:
                return harmless(event.reason)
            by = "" if event.worker is None else f" by {harmless(event.worker)}"
            return f"{event.cause}{by}{_for(event.at, event.lease_until)}"
        case events.TaskDeferred():
            return f"{harmless(event.reason)}{_for(event.at, event.until)}"
        case events.TaskUndeferred():
            return event.cause if event.reason is None else harmless(event.reason)
        case events.LeaseRenewed():
            return _for(event.at, event.lease_until).strip()
        case events.ReplanTriggered():
            below = number(event.rolling_confidence, event.threshold)
            return (
                f"confidence {below} is below {number(event.threshold, event.rolling_confidence)}"
            )
        case events.TaskDropped():
            waited = listed(event.dependants)
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
            return "" if event.reason is None else harmless(event.reason)
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
        parts.append(f"judged {timestamp(score.occurred_at)}")
    return ", ".join(parts)


def _occurred(at: datetime | None) -> str:
    """When it happened, where that was given."""
    return "" if at is None else f"on {timestamp(at)}, "


def _described(task: events.PlannedTask | events.TaskChanged) -> str:
    return ", ".join(
        text
        for stated, text in (
            (task.title, harmless(task.title)),
            (task.description, "a description"),
            (task.depends_on is not None, f"after {listed(task.depends_on or ()) or 'nothing'}"),
            (task.priority is not None, f"priority {task.priority}"),
            (task.labels is not None, f"labels {listed(task.labels or ()) or 'none'}"),
            (task.metadata is not None, "metadata"),
        )
        if stated
    )


def _where(before: str | None) -> str:
    return "at the end" if before is None else f"before {harmless(before)}"


def _for(begin: datetime, end: datetime | None) -> str:
    return "" if end is None else f" for {(end - begin).total_seconds():g} s"


def _by(scorer: Scorer | None) -> str:
    if scorer is None:
        return "by an unnamed scorer"
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"by {scorer.kind} {harmless(scorer.name + version)}"
