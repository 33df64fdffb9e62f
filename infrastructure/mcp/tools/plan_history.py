"""The tool that shows what happened to a plan, the newest first."""

from collections import deque
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, Strict, StringConstraints

from plangate.application.access.scopes import Scope
from plangate.application.history.audit import AuditEntry
from plangate.domain.vocabulary import Identifier
from plangate.infrastructure.mcp.answers import Answer, VerdictAnswer, clipped, judged
from plangate.infrastructure.mcp.arguments import Arguments, Detail, Limit
from plangate.infrastructure.mcp.fitting import fitting
from plangate.infrastructure.mcp.tool import CallContext, Tool


class HistoryArguments(Arguments):
    """Which events to show."""

    plan_id: Identifier
    task: Annotated[Identifier | None, Field(description="a task id")] = None
    kind: Annotated[
        str | None,
        StringConstraints(strict=True, max_length=100),
        Field(description="as in task-scored, replan-triggered"),
    ] = None
    detail: Detail = "brief"
    limit: Limit = 20
    before: Annotated[
        int | None, Strict(), Field(ge=1, description="a version; `next_before` of a page")
    ] = None


class EventLine(Answer):
    """An event: what, about which task, by whom, why; and the confidence after it."""

    version: int
    at: datetime | None
    kind: str | None
    task_id: str | None
    by: str | None
    why: str | None
    rolling_confidence: float | None
    event: dict[str, Any] | None = None

    @classmethod
    def of(cls, entry: AuditEntry, *, full: bool) -> Self:
        """The line of an audit entry."""
        after = entry.after
        return cls(
            version=entry.version,
            at=entry.recorded_at,
            kind=entry.kind,
            task_id=entry.task_id,
            by=entry.scorer.name if entry.scorer else entry.actor,
            why=clipped(entry.unreadable or entry.why, 1_000 if full else 160),
            rolling_confidence=judged(after.rolling_confidence, after.scored) if after else None,
            event=_content(entry) if full else None,
        )


class History(VerdictAnswer):
    """The verdict now, and the events, newest first."""

    events: tuple[EventLine, ...]
    next_before: int | None = None


async def run(call: CallContext, arguments: HistoryArguments) -> History:
    """Show the newest events before a version."""
    decision = await call.registry.gate(arguments.plan_id)
    newest = deque[AuditEntry](maxlen=arguments.limit + 1)
    trail = call.registry.history.audit(arguments.plan_id, task=arguments.task, kind=arguments.kind)
    async for entry in trail:
        if arguments.before is not None and entry.version >= arguments.before:
            break
        newest.append(entry)
    found = list(reversed(newest))
    full = arguments.detail == "full"
    lines = fitting(EventLine.of(entry, full=full) for entry in found[: arguments.limit])
    older = lines[-1].version if len(lines) < len(found) else None
    return History(verdict=decision.verdict, why=decision.reason, events=lines, next_before=older)


def _content(entry: AuditEntry) -> dict[str, Any] | None:
    """What an event holds, its texts clipped."""
    if entry.event is None:
        return None
    content = entry.event.model_dump(mode="json", exclude_none=True, exclude={"type", "at"})
    return {name: _short(value) for name, value in content.items()}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return clipped(value, 400)
    return value if len(str(value)) <= 600 else f"{clipped(str(value), 600)}"  # noqa: PLR2004


TOOL = Tool(
    name="plan_history",
    description="What happened to a plan and why, newest first; also of a deleted plan.",
    arguments=HistoryArguments,
    answer=History,
    run=run,
    scope=Scope.PLANS_READ,
)
