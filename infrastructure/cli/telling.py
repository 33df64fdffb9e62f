"""What happened to a plan and why, in words: one line an event."""

from collections.abc import Iterable
from typing import assert_never

from rich.table import Column, Table
from rich.text import Text

from plangate.application.records import RecordedEvent
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    LeaseRenewed,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanEvent,
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
from plangate.infrastructure.cli.tables import table_of
from plangate.infrastructure.cli.wording import count, figure, harmless, written


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
            Text(_what(entry.event), style="bold red" if fired else ""),
            Text(_why(entry), style="dim"),
        )
    return table


def _what(event: PlanEvent) -> str:  # noqa: C901, PLR0912  (a branch an event)
    match event:
        case PlanCreated():
            return f"plan of {count(len(event.tasks), 'task')}: {written(event.goal)}"
        case TaskScored():
            return f"{harmless(event.task_id)}: {event.kind} scored {event.score:.2f}"
        case ScoringFailed():
            return f"{harmless(event.task_id)}: nobody could score its {event.kind}"
        case ScoreRetracted():
            return f"{harmless(event.task_id)}: {event.kind} score {event.event_id} withdrawn"
        case TaskStatusChanged():
            old, new = event.old.replace("_", " "), event.new.replace("_", " ")
            return f"{harmless(event.task_id)}: {old} → {new}"
        case LeaseRenewed():
            return f"{harmless(event.task_id)}: held until {event.lease_until:%H:%M:%S}"
        case ReplanTriggered():
            return f"{harmless(event.task_id)}: replan"
        case GateApproved():
            return "gate approved"
        case PlanRevised():
            return "plan revised"
        case TaskAdded():
            return f"{harmless(event.task.id)}: added: {written(event.task.title)}"
        case TaskChanged():
            fields = event.model_fields_set - {"at", "task_id"}
            return f"{harmless(event.task_id)}: changed: {', '.join(sorted(fields))}"
        case TaskMoved():
            place = "to the end" if event.before is None else f"before {harmless(event.before)}"
            return f"{harmless(event.task_id)}: moved {place}"
        case TaskDropped():
            return f"{harmless(event.task_id)}: dropped"
        case TaskSplit():
            parts = ", ".join(harmless(part.id) for part in event.into)
            return f"{harmless(event.task_id)}: split into {parts}"
        case TaskReplaced():
            return f"{harmless(event.task_id)}: replaced by {harmless(event.by.id)}"
        case AttemptStarted():
            return f"{harmless(event.task_id)}: attempt {event.attempt}"
        case PlanPaused() | PlanResumed() | PlanArchived() | PlanRestored() | PlanDeleted():
            return f"plan {type(event).__name__.removeprefix('Plan').lower()}"
        case _:
            assert_never(event)


def _why(entry: RecordedEvent) -> str:
    event = entry.event
    match event:
        case PlanCreated():
            return f"to be gated at {figure(event.policy.confidence_threshold)}"
        case TaskScored():
            given = "" if event.raw_score is None else f"given as {event.raw_score!r}; "
            said_above = entry.envelope.causation_id is not None
            because = "" if said_above or event.rationale is None else written(event.rationale)
            return f"{given}{_by(event.scorer)}{because and ': '}{because}"
        case ScoringFailed():
            return f"{_by(event.scorer)}: {written(event.reason)}"
        case TaskStatusChanged():
            worker = "" if event.worker is None else f" by {harmless(event.worker)}"
            return f"{event.cause}{worker}" if event.reason is None else written(event.reason)
        case ReplanTriggered():
            below = figure(event.rolling_confidence, event.threshold)
            return (
                f"confidence {below} is below {figure(event.threshold, event.rolling_confidence)}"
            )
        case TaskDropped():
            dependants = ", ".join(map(harmless, event.dependants))
            return dependants and f"no longer waiting for it: {dependants}"
        case LeaseRenewed() | TaskAdded() | TaskChanged() | TaskMoved() | TaskSplit():
            return ""
        case TaskReplaced():
            return written(event.by.title)
        case _:
            return "" if event.reason is None else written(event.reason)


def _by(scorer: Scorer | None) -> str:
    if scorer is None:
        return "by somebody"
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"by {scorer.kind} {harmless(scorer.name + version)}"
