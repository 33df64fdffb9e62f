"""What a user writes; `test_user_typing` has it checked."""

from typing import assert_never

from pydantic import TypeAdapter

import plangate

EVENTS: TypeAdapter[plangate.PlanEvent] = TypeAdapter(plangate.PlanEvent)


def headline(recorded: plangate.RecordedEvent) -> str:
    """What an event of interest says; nothing about the others."""
    match recorded.event:
        case plangate.TaskScored(task_id=task_id, score=score):
            return f"{task_id}: {score:.2f}"
        case plangate.ReplanTriggered() as event:
            return f"{event.task_id}: replan at {event.rolling_confidence:.2f}"
        case plangate.GateApproved(reason=reason) | plangate.PlanPaused(reason=reason):
            return reason or "no reason given"
        case event:
            return event.type


def by_type(event: plangate.PlanPaused | plangate.TaskScored) -> float:
    """A type checker narrows by `type` as by the class."""
    if event.type == "task-scored":
        return event.score
    return 0.0


def every(event: plangate.ScoreRetracted | plangate.TaskDeferred) -> str:
    """A match over a union is complete, or neither checker accepts it."""
    match event:
        case plangate.ScoreRetracted():
            return event.event_id
        case plangate.TaskDeferred():
            return event.task_id
        case _:
            assert_never(event)


def read(line: bytes) -> plangate.PlanEvent:
    """An event from its JSON."""
    return EVENTS.validate_json(line)


DRAFT = plangate.PlanDraft(
    goal="Move billing",
    tasks=[
        "Design it",
        {"title": "Build it"},
        plangate.TaskDraft(title="Ship it", labels=["late"]),
    ],
    policy="steady",
)
REVISION = plangate.RevisionDraft(changes=[{"op": "drop", "task_id": "schema"}])
