"""What deserves attention although nothing was refused: of a command, or beside a store."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from plangate.application.recorded_event import RecordedEvent
from plangate.domain import events
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ScoreKind, StatusCause, TaskStatus

if TYPE_CHECKING:
    from plangate.domain.commands import PlanCommand

_TOKENLESS: Final = "was scored without a token while"


def is_about_a_token(warning: str) -> bool:
    """Whether a warning says that a score came without the token of its task's claim."""
    return _TOKENLESS in warning


class LogSetAside(UserWarning):
    """A write-ahead log of another file lay beside the store, and was renamed."""


def warnings(
    before: Plan, command: "PlanCommand", recorded: Sequence[RecordedEvent]
) -> Iterator[str]:
    """The warnings of a command on a plan, from the events that it brought about."""
    plan, earlier = before, list[events.PlanEvent]()
    token = getattr(command, "token", None)
    for entry in recorded:
        event = entry.event
        if isinstance(event, events.TaskScored):
            plan, earlier = fold(plan, earlier), []
            yield from _of_score(plan, event, None if token else entry.envelope.actor, token)
        elif isinstance(event, events.TaskStatusChanged) and event.cause is StatusCause.MARKED:
            plan, earlier = fold(plan, earlier), []
            yield from _of_mark(plan, event)
        elif isinstance(event, events.TaskDropped) and event.dependants:
            dependants = ", ".join(map(repr, event.dependants))
            yield f"{event.task_id!r} was dropped; no longer waiting for it: {dependants}"
        earlier.append(event)


def _of_score(
    plan: Plan, event: events.TaskScored, actor: str | None, token: int | None
) -> Iterator[str]:
    task = plan.task(event.task_id)
    if event.clamped:
        low, high = event.scale or (0.0, 1.0)
        yield (
            f"{event.kind} score {event.raw_score!r} is outside [{low:g}, {high:g}] and counts as "
            f"{event.score!r}"
        )
    if event.kind is ScoreKind.OUTPUT:
        yield from _out_of_order(plan, task, "scored")
    if task.deferred:
        yield f"{task.id!r} was deferred; scoring it ended that"
    claim = task.claim
    held = task.status is TaskStatus.IN_PROGRESS and claim and not claim.has_expired(event.at)
    if token is None and held and claim and claim.worker and claim.worker != actor:
        yield f"{task.id!r} {_TOKENLESS} {claim.worker} holds it"


def _of_mark(plan: Plan, event: events.TaskStatusChanged) -> Iterator[str]:
    task = plan.task(event.task_id)
    if event.new is TaskStatus.DONE:
        yield from _out_of_order(plan, task, "marked done")
    if task.deferred:
        yield f"{task.id!r} was deferred; marking it ended that"


def _out_of_order(plan: Plan, task: Task, what: str) -> Iterator[str]:
    unmet = plan.unmet(task)
    if unmet:
        yield f"{task.id!r} was {what} before what it waits for: {', '.join(map(repr, unmet))}"
