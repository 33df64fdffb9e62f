"""What the chart of a plan's history shows of each event: its symbol, its place, its words."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from plangate.application.history.audit import AuditEntry
from plangate.application.numbers import confidence_text, number
from plangate.domain import events
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Scorer
from plangate.infrastructure.charts import svg

HEIGHT: Final = 200
COLUMNS: Final = 120
"""Of more scores than this, one is drawn for each cell of a grid with so many columns."""

WHY: Final = 200
"""So much of a reason is shown."""

# Symbols differ in shape too, and are drawn around the origin.
REPLAN: Final = "M-5.5 -4.5H5.5L0 5.5Z"
ATTEMPT: Final = "M-6 -6H6V6H-6Z"
APPROVED: Final = "M-5.5 0L-2 4.5L5.5 -4.5"
REVISED: Final = "M-5.5 0H5.5M0 -5.5V5.5"


class Versions:
    """Where a version lies between the first and the last, from 0 to 1."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        self.first = entries[0].version if entries else 1
        self.last = entries[-1].version if entries else 1

    def share(self, version: int) -> float:
        """Its share of the width."""
        span = self.last - self.first
        return (version - self.first) / span if span else 0.5

    def column(self, version: int, columns: int) -> int:
        """Which of so many columns it is in."""
        return int(self.share(version) * columns)


def height_of(value: float) -> float:
    """How many pixels down a value from 0 to 1 is drawn."""
    return HEIGHT * (1 - value)


def cells(
    axis: Versions,
    entries: Sequence[AuditEntry],
    columns: int,
    row: Callable[[AuditEntry], object],
) -> Iterator[tuple[AuditEntry, int]]:
    """The entries to draw, each with how many it stands for besides."""
    if len(entries) <= columns:
        yield from ((entry, 0) for entry in entries)
        return
    found: dict[object, list[AuditEntry]] = {}
    for entry in entries:
        found.setdefault((axis.column(entry.version, columns), row(entry)), []).append(entry)
    yield from ((together[0], len(together) - 1) for together in found.values())


def is_score(entry: AuditEntry) -> bool:
    """Whether a score was given."""
    return isinstance(entry.event, events.TaskScored)


def first_counting(entries: Sequence[AuditEntry]) -> int:
    """The index of the first score that counts, or how many entries there are.

    Where a policy asks for several judges, the first scores do not move the confidence.
    """
    found = (n for n, one in enumerate(entries) if is_score(one) and one.after and one.after.scored)
    return next(found, len(entries))


def score_of(entry: AuditEntry) -> float:
    """The score that was given, 0 of other events."""
    return entry.event.score if isinstance(entry.event, events.TaskScored) else 0.0


def confidence(entry: AuditEntry) -> float:
    """The rolling confidence after the event."""
    return entry.after.rolling_confidence if entry.after else 0.0


def confidence_after(entry: AuditEntry) -> str:
    """The same as text."""
    return confidence_text(confidence(entry), entry.after.scored if entry.after else 0)


def chart_name(event: PlanEvent | None) -> str | None:
    """What is shown of an event, None if nothing."""
    match event:
        case events.TaskScored():
            return f"{event.kind} score"
        case events.ReplanTriggered():
            return "gate fired"
        case events.AttemptStarted():
            return f"attempt {event.attempt}"
        case events.GateApproved():
            return "approved"
        case events.PlanRevised():
            return "revised"
        case _:
            return None


def symbol(event: PlanEvent | None) -> str | None:
    """The path of what is drawn above the plot, None if nothing is."""
    match event:
        case events.ReplanTriggered():
            return REPLAN
        case events.AttemptStarted():
            return ATTEMPT
        case events.GateApproved():
            return APPROVED
        case events.PlanRevised():
            return REVISED
        case _:
            return None


def sentence(entry: AuditEntry, others: int) -> str:
    """What a hover says: what, which task, the value, who, why."""
    value = f" {number(score_of(entry))}" if is_score(entry) else ""
    task = f"{entry.task_id}: " if entry.task_id else ""
    parts = [f"{task}{chart_name(entry.event)}{value}, confidence {confidence_after(entry)}"]
    parts += [by for by in (who(entry),) if by]
    parts += [svg.shortened(entry.why, WHY)] if entry.why else []
    parts.append(f"version {entry.version}, {recorded_when(entry)}")
    parts += [f"and {others:,} more nearby"] if others else []
    return "\n".join(parts)


def who(entry: AuditEntry) -> str:
    """Who judged, and who sent it."""
    scorer, actor = entry.scorer, entry.actor
    named = [f"by {_named(scorer)}"] if scorer else []
    return ", ".join([*named, f"sent by {actor}"] if actor else named)


def recorded_when(entry: AuditEntry) -> str:
    """When it was recorded."""
    return "" if entry.recorded_at is None else f"{entry.recorded_at:%Y-%m-%d %H:%M} UTC"


def _named(scorer: Scorer) -> str:
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"{scorer.kind} {scorer.name}{version}"
