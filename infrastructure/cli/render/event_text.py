"""What happened to a plan and why, in words: one line an event."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never, get_args

from rich.table import Column, Table
from rich.text import Text

from plangate.application.recorded_event import RecordedEvent
from plangate.application.replay.event_diff import EventFacts
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    LeaseRenewed,
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlannedTask,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
)
from plangate.domain.vocabulary import Scorer
from plangate.infrastructure.cli.render.tables import table_of
from plangate.infrastructure.cli.wording import count, figure, harmless, listed, written

_EVENTS: Final = {kind.__name__: kind for kind in get_args(PlanEvent)}


def history(recorded: Iterable[RecordedEvent]) -> Table:
    """A table of events in their order: what happened, and why."""
    table = table_of(
        Column("@", justify="right", no_wrap=True),
        Column("what happened", overflow="fold"),
        Column("why", overflow="fold"),
    )
    for entry in recorded:
        fired = isinstance(entry.event, ReplanTriggered)
        table.add_row(
            str(entry.envelope.version),
            Text(what(entry.event), style="bold red" if fired else ""),
            Text(why(entry.event, entry.envelope.causation_id), style="dim"),
        )
    return table


def facts(happening: EventFacts) -> str:
    """An event that is at hand as facts, in a few words."""
    return what(_EVENTS[happening.event].model_validate(happening.facts))


def what(event: PlanEvent) -> str:  # noqa: C901, PLR0912  (a branch an event)
    """What happened, in a few words."""
    match event:
        case PlanCreated():
            return f"plan of {count(len(event.tasks), 'task')}: {written(event.goal)}"
        case TaskScored():
            return f"{harmless(event.task_id)}: {event.kind} scored {event.score:.2f}"
        case ScoringFailed():
            return f"{harmless(event.task_id)}: nobody could score its {event.kind}"
        case ScoreRetracted():
            score = f"{event.kind} score {harmless(event.event_id)}"
            return f"{harmless(event.task_id)}: {score} withdrawn"
        case OutcomeRecorded():
            return f"{harmless(event.task_id)}: {event.outcome}"
        case TaskStatusChanged():
            old, new = event.old.replace("_", " "), event.new.replace("_", " ")
            return f"{harmless(event.task_id)}: {old} → {new}"
        case LeaseRenewed():
            return f"{harmless(event.task_id)}: lease renewed"
        case ReplanTriggered():
            return f"{harmless(event.task_id)}: replan"
        case GateApproved():
            return "gate approved"
        case PlanRevised():
            return "plan revised"
        case TaskAdded():
            return f"{harmless(event.task.id)}: added {_place(event.before)}"
        case TaskChanged():
            return f"{harmless(event.task_id)}: changed"
        case TaskMoved():
            return f"{harmless(event.task_id)}: moved {_place(event.before)}"
        case TaskDropped():
            return f"{harmless(event.task_id)}: dropped"
        case TaskSplit():
            parts = listed([part.id for part in event.into])
            return f"{harmless(event.task_id)}: split into {parts}"
        case TaskReplaced():
            return f"{harmless(event.task_id)}: replaced by {harmless(event.by.id)}"
        case AttemptStarted():
            return f"{harmless(event.task_id)}: attempt {event.attempt}"
        case PlanPaused() | PlanResumed() | PlanArchived() | PlanRestored() | PlanDeleted():
            return f"plan {type(event).__name__.removeprefix('Plan').lower()}"
        case PlanErased():
            return "what people wrote was erased"
        case _:
            assert_never(event)


def why(event: PlanEvent, causation_id: str | None) -> str:  # noqa: C901, PLR0912  (as above)
    """Why it happened; what the first event of its command said is not said again."""
    match event:
        case PlanCreated():
            return f"to be gated at {figure(event.policy.confidence_threshold)}"
        case TaskScored():
            given = "" if event.raw_score is None else f"given as {event.raw_score!r}; "
            said_above = causation_id is not None
            because = "" if said_above or event.rationale is None else written(event.rationale)
            return f"{given}{_by(event.scorer)}{because and ': '}{because}"
        case ScoringFailed():
            return f"{_by(event.scorer)}: {written(event.reason)}"
        case OutcomeRecorded():
            note = "" if event.note is None else f": {written(event.note)}"
            return f"by {harmless(event.source)}{note}"
        case TaskStatusChanged():
            if event.reason is not None:
                return written(event.reason)
            by = "" if event.worker is None else f" by {harmless(event.worker)}"
            return f"{event.cause}{by}{_for(event.at, event.lease_until)}"
        case LeaseRenewed():
            return _for(event.at, event.lease_until).strip()
        case ReplanTriggered():
            below = figure(event.rolling_confidence, event.threshold)
            return (
                f"confidence {below} is below {figure(event.threshold, event.rolling_confidence)}"
            )
        case TaskDropped():
            waited = listed(event.dependants)
            return waited and f"no longer waiting for it: {waited}"
        case TaskAdded():
            return _described(event.task)
        case TaskChanged():
            return _described(event)
        case TaskSplit():
            return "; ".join(map(_described, event.into))
        case TaskReplaced():
            return _described(event.by)
        case TaskMoved() | PlanErased():
            return ""
        case _:
            return "" if event.reason is None else written(event.reason)


def _described(task: PlannedTask | TaskChanged) -> str:
    """What is said of a task that is new, or that was described anew."""
    return ", ".join(
        text
        for said, text in (
            (task.title, written(task.title)),
            (task.description, "a description"),
            (task.depends_on is not None, f"after {listed(task.depends_on or ()) or 'nothing'}"),
            (task.priority is not None, f"priority {task.priority}"),
            (task.labels is not None, f"labels {listed(task.labels or ()) or 'none'}"),
            (task.metadata is not None, "metadata"),
        )
        if said
    )


def _place(before: str | None) -> str:
    return "at the end" if before is None else f"before {harmless(before)}"


def _for(begin: datetime, end: datetime | None) -> str:
    """How long a claim holds, if it has a lease."""
    return "" if end is None else f" for {(end - begin).total_seconds():g} s"


def _by(scorer: Scorer | None) -> str:
    if scorer is None:
        return "by somebody"
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"by {scorer.kind} {harmless(scorer.name + version)}"
